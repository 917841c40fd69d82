#include "base/placed_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "unit/scratch_folder.h"

namespace chatload {
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

constexpr std::string_view kFailure = "The file cannot be written to";

TEST(PlacedFile, WholeFileIsInItsPlaceOnlyWhenItIsClosed) {
  const ScratchFolder folder;
  PlacedFile file(kFailure, folder / "out", Placing::kWhenWhole);
  file.write("text\n");
  EXPECT_FALSE(fs::exists(folder / "out"));
  file.close();
  EXPECT_EQ(bytes_of(folder / "out"), "text\n");
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(PlacedFile, FileThatHasItsEndWaitsToBePlaced) {
  const ScratchFolder folder;
  PlacedFile file(kFailure, folder / "out", Placing::kWhenWhole);
  file.write("text\n");
  file.end();
  EXPECT_FALSE(fs::exists(folder / "out"));
  file.place();
  EXPECT_EQ(bytes_of(folder / "out"), "text\n");
}

TEST(PlacedFile, WholeFileThatIsNotClosedLeavesWhatWasThere) {
  const ScratchFolder folder;
  std::ofstream(folder / "out") << "old";
  { PlacedFile(kFailure, folder / "out", Placing::kWhenWhole).write("new"); }
  EXPECT_EQ(bytes_of(folder / "out"), "old");
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(PlacedFile, LinkStaysAndItsTargetIsReplaced) {
  const ScratchFolder folder;
  std::ofstream(folder / "target") << "old";
  fs::create_symlink(folder / "target", folder / "link");
  PlacedFile(kFailure, folder / "link", Placing::kWhenWhole).close();
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(bytes_of(folder / "target"), "");
}

TEST(PlacedFile, DeviceIsWrittenAsItIs) {
  PlacedFile file(kFailure, "/dev/full", Placing::kWhenWhole);
  EXPECT_THAT([&] { file.write("x"); }, ThrowsMessage<EnvironmentError>(HasSubstr("No space left on device")));
}

TEST(PlacedFile, FileIsThereAtOnceWhereThatIsAskedFor) {
  const ScratchFolder folder;
  const PlacedFile file(kFailure, folder / "out", Placing::kAtOnce);
  EXPECT_TRUE(fs::exists(folder / "out"));
}

}  // namespace
}  // namespace chatload
