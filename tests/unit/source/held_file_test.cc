#include "source/held_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/errors.h"
#include "source/source_identity.h"
#include "unit/scratch_folder.h"

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
  const std::string digest = digest_file(path_, -1);
  fs::rename(path_, folder_.path() / "log.json.1");
  EXPECT_EQ(text_of(file), "what was there");
  EXPECT_EQ(file_stamp(file.path()), file_stamp(folder_.path() / "log.json.1"));
  write("another");
  EXPECT_EQ(text_of(file), "what was there");
  EXPECT_NE(file_stamp(file.path()), file_stamp(path_));
  fs::remove(folder_.path() / "log.json.1");
  EXPECT_EQ(text_of(file), "what was there");
  EXPECT_EQ(digest_file(file.path(), -1), digest);
}

TEST_F(HeldFileTest, OfWhatIsNoRegularFileOrNotThereIsTheNameAlone) {
  EXPECT_EQ(HeldFile("-").path(), "-");
  EXPECT_EQ(HeldFile("-").open(-1)->name(), "standard input");
  EXPECT_EQ(HeldFile(folder_.path()).path(), folder_.path());
  const HeldFile none(folder_.path() / "none");
  EXPECT_EQ(none.path(), none.name());
  EXPECT_THROW(static_cast<void>(none.open(-1)), SourceError);
}

}  // namespace
}  // namespace chatload::source
