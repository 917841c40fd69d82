#include "report/gzip_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/errors.h"
#include "unit/scratch_folder.h"

namespace chatload::report {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::ptrdiff_t files_in(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

TEST(GzipFile, WholeFileIsInItsPlaceOnlyWhenItIsClosed) {
  const ScratchFolder folder;
  GzipFile file(folder / "out.gz", Placing::kWhenWhole);
  file.write("text\n");
  EXPECT_FALSE(fs::exists(folder / "out.gz"));
  file.close();
  EXPECT_EQ(bytes_of(folder / "out.gz").substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(GzipFile, WholeFileThatIsNotClosedLeavesWhatWasThere) {
  const ScratchFolder folder;
  std::ofstream(folder / "out.gz") << "old";
  { GzipFile(folder / "out.gz", Placing::kWhenWhole).write("new"); }
  EXPECT_EQ(bytes_of(folder / "out.gz"), "old");
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(GzipFile, LinkStaysAndItsTargetIsReplaced) {
  const ScratchFolder folder;
  std::ofstream(folder / "target") << "old";
  fs::create_symlink(folder / "target", folder / "link");
  GzipFile(folder / "link", Placing::kWhenWhole).close();
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_NE(bytes_of(folder / "target"), "old");
}

TEST(GzipFile, DeviceIsWrittenAsItIs) {
  GzipFile file("/dev/full", Placing::kWhenWhole);
  file.write("x");
  EXPECT_THAT([&] { file.close(); }, ThrowsMessage<EnvironmentError>(HasSubstr("No space left on device")));
}

TEST(GzipFile, FileIsThereAtOnceWhereThatIsAskedFor) {
  const ScratchFolder folder;
  const GzipFile file(folder / "out.gz", Placing::kAtOnce);
  EXPECT_TRUE(fs::exists(folder / "out.gz"));
}

}  // namespace
}  // namespace chatload::report
