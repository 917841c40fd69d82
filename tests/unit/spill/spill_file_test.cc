#include "spill/spill_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "base/units.h"
#include "unit/scratch_folder.h"
#include "unit/spill/disk_limit.h"

namespace chatload::spill {
namespace {

class SpillFileTest : public testing::Test {
 protected:
  std::string read(const SpillFile& file, std::uint64_t begin, std::size_t size_bytes) {
    std::string bytes(size_bytes, '\0');
    file.read(begin, bytes);
    return bytes;
  }

  ScratchFolder folder_;
};

TEST_F(SpillFileTest, GivesBackWhatWasAppended) {
  SpillFile file(folder_.path());
  file.append("first");
  file.append("");
  file.append("second");
  EXPECT_EQ(file.size(), 11U);
  file.will_read(0, 11);
  EXPECT_EQ(read(file, 3, 5), "stsec");
}

TEST_F(SpillFileTest, HasNoNameSoThatAKilledProcessLeavesNothing) {
  SpillFile file(folder_.path());
  file.append("bytes");
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(SpillFileTest, ReleasedBytesAreGoneAndTheOthersStay) {
  SpillFile file(folder_.path());
  file.append(std::string(kMiB, 'a'));
  file.append("behind");
  const std::uint64_t free_before = free_bytes(folder_.path());
  file.release(0, kMiB);
  EXPECT_EQ(read(file, kMiB, 6), "behind");
  EXPECT_EQ(file.size(), kMiB + 6);
  EXPECT_NE(read(file, 0, 1), "a") << "not every file system can; free before: " << free_before;
}

TEST_F(SpillFileTest, ReadingBehindTheEndIsDamageAndNotSilence) {
  SpillFile file(folder_.path());
  file.append("bytes");
  EXPECT_THROW((void)read(file, 3, 5), EnvironmentError);
}

TEST_F(SpillFileTest, FullDiskNamesTheDirectoryAndWhatToDo) {
  SpillFile file(folder_.path());
  const DiskLimit limit(64 * kKiB);
  try {
    file.append(std::string(100 * kKiB, 'x'));
    ADD_FAILURE() << "written";
  } catch (const EnvironmentError& error) {
    EXPECT_EQ(std::string_view(error.what()),
              "Sorted rows and rejected lines cannot be written to " + folder_.path().string() +
                  ": File too large; free space there or name another directory with --spill-dir, and run the same "
                  "command again: nothing is lost.");
  }
}

TEST_F(SpillFileTest, FreeBytesAreThoseOfTheFileSystem) {
  const std::filesystem::space_info space = std::filesystem::space(folder_.path());
  EXPECT_NEAR(static_cast<double>(free_bytes(folder_.path())), static_cast<double>(space.available), 1e9);
  EXPECT_THROW((void)free_bytes(folder_ / "missing"), EnvironmentError);
}

}  // namespace
}  // namespace chatload::spill
