#include "inflate/decoded_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/inflate/gzip_text.h"

namespace chatload::inflate {
namespace {

using std::string_literals::operator""s;
using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const std::string& input, const std::string& name) {
  try {
    (void)open_string(input, Inflater::kIsal, {1}, name);
  } catch (const CorruptInputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(OpenDecodedTest, PlainTextIsHandedOutAsItIs) {
  for (const std::string& text :
       {"a line\nanother\n"s, "\n"s, "x"s, "\x1f"s, "BZh is no bzip2\n"s, sample_lines(500)}) {
    for (const std::size_t read_size : {1U, 3U, 100U, 100'000U}) {
      const auto stream = open_string(text, Inflater::kIsal, {read_size}, "log.json");
      const ReadResult result = read_to_end(*stream, 37);
      ASSERT_EQ(result.error, "");
      ASSERT_TRUE(result.bytes == text);
      EXPECT_EQ(stream->compressed_bytes(), text.size());
      EXPECT_FALSE(stream->stopped());
      char byte = 0;
      EXPECT_EQ(stream->read({&byte, 1}), 0U);
    }
  }
}

TEST(OpenDecodedTest, GzipIsKnownByItsMagicWhateverTheName) {
  const auto stream = open_string(compress("a line\n"), Inflater::kIsal, {1}, "log.json");
  EXPECT_EQ(read_to_end(*stream).bytes, "a line\n");
}

TEST(OpenDecodedTest, AnEmptyInputIsRefused) {
  EXPECT_THAT(refusal("", "log.json.gz"), HasSubstr("log.json.gz is empty (0 bytes)"));
  EXPECT_THAT(refusal("", "standard input"), HasSubstr("standard input is empty (0 bytes)"));
}

TEST(OpenDecodedTest, AStopOfPlainTextIsNotItsEnd) {
  for (const std::size_t offset : {0U, 1U, 9U, 10U, 11U, 20U}) {
    auto source = std::make_unique<source::StringSource>("twenty bytes of text", std::vector<std::size_t>{7}, "log");
    source->stop_at(offset);
    const auto stream = open_decoded(std::move(source), Inflater::kIsal);
    EXPECT_EQ(read_to_end(*stream).bytes.size(), offset);
    EXPECT_TRUE(stream->stopped());
  }
}

}  // namespace
}  // namespace chatload::inflate
