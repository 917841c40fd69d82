#include "source/held_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "source/source_identity.h"
#include "unit/scratch_folder.h"
#include "unit/unprivileged.h"

namespace chatload::source {
namespace {

namespace fs = std::filesystem;

std::string text_of(const HeldFile& file) {
  const auto source = file.open(-1);
  std::string text;
  std::vector<char> buffer(3);
  while (const std::size_t size = source->read(buffer)) text.append(buffer.data(), size);
  return text;
}

class HeldFileTest : public testing::Test {
 protected:
  HeldFileTest() { write("what was there"); }

  void write(const std::string& text) const { std::ofstream(path_) << text; }

  ScratchFolder folder_;
  fs::path path_ = folder_.path() / "log.json";
};

TEST_F(HeldFileTest, IsReadAgainFromItsBeginningAndNamedAsTheUserWroteIt) {
  const HeldFile file(path_);
  EXPECT_EQ(text_of(file), "what was there");
  EXPECT_EQ(text_of(file), "what was there");
  EXPECT_EQ(file.open(-1)->name(), path_);
}

TEST_F(HeldFileTest, StaysTheSameFileAfterItWasRenamedReplacedOrDeleted) {
  const HeldFile file(path_);
  fs::rename(path_, folder_.path() / "log.json.1");
  EXPECT_EQ(text_of(file), "what was there");
  EXPECT_EQ(file.stamp(), HeldFile(folder_.path() / "log.json.1").stamp());
  write("another");
  EXPECT_EQ(text_of(file), "what was there");
  EXPECT_NE(file.stamp(), HeldFile(path_).stamp());
  fs::remove(folder_.path() / "log.json.1");
  EXPECT_EQ(text_of(file), "what was there");
}

TEST_F(HeldFileTest, IsReadAgainAfterThisUserMayNoLongerOpenIt) {
  const HeldFile file(path_);
  fs::permissions(path_, fs::perms::none);
  const Unprivileged nobody;
  EXPECT_EQ(text_of(file), "what was there");
}

TEST_F(HeldFileTest, IsReadByTwoAtOnceEachFromItsBeginning) {
  const HeldFile file(path_);
  const auto first = file.open(-1);
  std::vector<char> buffer(4);
  ASSERT_EQ(first->read(buffer), 4);
  EXPECT_EQ(text_of(file), "what was there");
  ASSERT_EQ(first->read(buffer), 4);
  EXPECT_EQ(std::string(buffer.begin(), buffer.end()), " was");
}

TEST_F(HeldFileTest, OfStandardInputIsTheNameAlone) {
  const HeldFile file("-");
  EXPECT_FALSE(file.can_seek());
  EXPECT_EQ(file.name(), "-");
  EXPECT_EQ(file.open(-1)->name(), "standard input");
}

}  // namespace
}  // namespace chatload::source
