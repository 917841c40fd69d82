#include "deflate/compressed_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/placed_file.h"
#include "unit/inflate/gzip_text.h"
#include "unit/scratch_folder.h"

namespace chatload::deflate {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string gzip{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return inflate::read_string(gzip, inflate::Inflater::kZlib).bytes;
}

std::unique_ptr<Output> begin_file(const std::filesystem::path& path) {
  return std::make_unique<PlacedFile>("The copy cannot be written to", path, Placing::kWhenWhole);
}

TEST(CompressedFiles, NumberStandsInFrontOfTheExtensions) {
  EXPECT_EQ(numbered_path("a/chat.json.gz", 3), "a/chat-3.json.gz");
  EXPECT_EQ(numbered_path("chat.gz", 12), "chat-12.gz");
  EXPECT_EQ(numbered_path("chat.json.zst", 3), "chat-3.json.zst");
  EXPECT_EQ(numbered_path("chat", 1), "chat-1");
  EXPECT_EQ(numbered_path("a.b/chat", 1), "a.b/chat-1");
  EXPECT_EQ(numbered_path("chat.2016.json.gz", 1), "chat.2016-1.json.gz");
  EXPECT_EQ(numbered_path(".chat", 1), ".chat-1");
}

TEST(CompressedFiles, FilesWithNumbersAreFoundByTheirNumbers) {
  const ScratchFolder folder;
  for (const char* name : {"a-10.json.gz", "a-9.json.gz", "a-09.json.gz", "a-.json.gz", "a-x.json.gz", "a-1x.json.gz",
                           "a.json.gz", "b-1.json.gz", "a-0.json.gz", "a-7.gz", "a-1.json.gz.tmp"}) {
    std::ofstream(folder / name) << "";
  }
  std::vector<std::uint64_t> numbers;
  for (const NumberedFile& file : numbered_files(folder / "a.json.gz")) {
    EXPECT_TRUE(fs::exists(file.path));
    numbers.push_back(file.number);
  }
  EXPECT_THAT(numbers, ElementsAre(9, 10));
  EXPECT_TRUE(numbered_files(folder / "none" / "a.json.gz").empty());
}

TEST(CompressedFiles, LastLineGetsItsNewlineOnceAnotherOneFollowsInItsFile) {
  const ScratchFolder folder;
  CompressedFiles files(folder / "out.gz", true, {}, begin_file);
  files.write("a");
  files.write("b\nc");
  files.write("");
  EXPECT_EQ(files.text_bytes(), 5U);
  files.begin_next();
  EXPECT_EQ(files.text_bytes(), 0U);
  files.write("d\n");
  files.write("e");
  files.end();
  files.place();
  EXPECT_EQ(text_of(folder / "out-1.gz"), "a\nb\nc");
  EXPECT_EQ(text_of(folder / "out-2.gz"), "d\ne");
  EXPECT_EQ(files.count(), 2U);
  EXPECT_EQ(files.bytes_compressed(), fs::file_size(folder / "out-1.gz") + fs::file_size(folder / "out-2.gz"));
}

TEST(CompressedFiles, AllAreInTheirPlacesTogetherOrNone) {
  const ScratchFolder folder;
  {
    CompressedFiles files(folder / "out.gz", true, {}, begin_file);
    files.begin_next();
    files.end();
    EXPECT_FALSE(fs::exists(folder / "out-1.gz"));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
  CompressedFiles files(folder / "out.gz", false, {}, begin_file);
  files.end();
  files.place();
  EXPECT_EQ(text_of(folder / "out.gz"), "");
}

}  // namespace
}  // namespace chatload::deflate
