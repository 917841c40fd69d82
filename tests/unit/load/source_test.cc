#include "load/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <string>

#include "base/errors.h"
#include "unit/load/load_files.h"

#include "source/held_file.h"

namespace chatload::load {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::string content_of(const LoadSource& source) {
  std::string content;
  std::array<char, 4096> buffer{};
  const auto file = source.open();
  const auto bytes = file->open(-1);
  while (const std::size_t size = bytes->read(buffer)) content.append(buffer.data(), size);
  return content;
}

TEST(LoadSource, IsOpenedByItsNameWhereItWasNotKeptOpen) {
  const LoadFiles files;
  EXPECT_EQ(content_of(LoadFiles::identified(files.write("log", "old"))), "old");
}

TEST(LoadSource, ThatIsKeptOpenStaysTheSameWhateverBecomesOfItsName) {
  const LoadFiles files;
  LoadSource source = LoadFiles::identified(files.write("log", "old"));
  source.file = std::make_shared<const source::HeldFile>(source.name);
  std::filesystem::rename(files.write("new", "new"), source.name);
  EXPECT_EQ(content_of(source), "old");
  std::filesystem::remove(source.name);
  EXPECT_EQ(content_of(source), "old");
}

TEST(LoadSource, ThatWasReplacedIsRefused) {
  const LoadFiles files;
  const LoadSource source = LoadFiles::identified(files.write("log", "old"));
  std::filesystem::rename(files.write("new", "old"), source.name);  // another file with the same bytes
  EXPECT_THAT([&] { (void)source.open(); },
              ThrowsMessage<SourceError>(HasSubstr("was replaced or written to since this run looked at it")));
}

TEST(LoadSource, ThatIsGoneIsRefused) {
  const LoadFiles files;
  const LoadSource source = LoadFiles::identified(files.write("log", "old"));
  std::filesystem::remove(source.name);
  EXPECT_THAT([&] { (void)source.open(); }, ThrowsMessage<SourceError>(HasSubstr("there is no such file")));
}

TEST(LoadSource, SeveralAreNamedByTheFirstAndHowManyMore) {
  EXPECT_EQ(name_of_all("a", 0), "a");
  EXPECT_EQ(name_of_all("a", 1), "a");
  EXPECT_EQ(name_of_all("a", 2), "a and 1 more");
  EXPECT_EQ(name_of_all("a", 20'000), "a and 19,999 more");
}

}  // namespace
}  // namespace chatload::load
