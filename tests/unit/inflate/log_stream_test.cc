#include "inflate/log_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "inflate/content_kind.h"
#include "unit/inflate/gzip_text.h"
#include "unit/inflate/zstd_text.h"

namespace chatload::inflate {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::unique_ptr<DecodedStream> open(std::string input, const std::string& name, std::size_t read_size = 1000) {
  return open_log(std::make_unique<source::StringSource>(std::move(input), std::vector<std::size_t>{read_size}, name),
                  Inflater::kIsal, {});
}

std::string refusal_of_log(const std::string& input, const std::string& name) {
  const ReadResult result = read_to_end(*open(input, name));
  EXPECT_EQ(result.bytes, "");
  return result.error;
}

TEST(LogStreamTest, JsonLinesAreHandedOutAsTheyAre) {
  for (const std::size_t lines : {1U, 10U, 2000U}) {
    const std::string text = sample_lines(lines);
    for (const std::size_t read_size : {1U, 37U, 100'000U}) {
      for (const bool is_gzip : {false, true}) {
        const auto stream = open(is_gzip ? compress(text) : text, "log.json", read_size);
        const ReadResult result = read_to_end(*stream, read_size);
        EXPECT_EQ(result.error, "");
        EXPECT_TRUE(result.bytes == text);
      }
    }
  }
}

TEST(LogStreamTest, AnotherKindOfContentIsRefusedBeforeItsFirstByte) {
  EXPECT_THAT(refusal_of_log(compress("[\n{\"id\":\"a\"}\n]\n"), "a.json.gz"), HasSubstr("a.json.gz is a JSON array"));
  EXPECT_THAT(refusal_of_log(compress(compress("{}\n")), "a.json.gz"), HasSubstr("a.json.gz is gzip inside gzip"));
  EXPECT_THAT(refusal_of_log(compress("\x28\xb5\x2f\xfd"), "a.gz"),
              AllOf(HasSubstr("zstd inside gzip"), HasSubstr("zcat a.gz | zstd -dc")));
}

TEST(LogStreamTest, PlainJsonMayBeNamedGzAndNothingElseMay) {
  EXPECT_EQ(read_to_end(*open("{\"id\":1}\n", "log.json.gz")).bytes, "{\"id\":1}\n");
  EXPECT_EQ(read_to_end(*open("any text\n", "log.json")).bytes, "any text\n");
  EXPECT_THAT(refusal_of_log("\x1f", "log.json.gz"), HasSubstr("log.json.gz is not gzip, although"));
  EXPECT_THAT(refusal_of_log("any text\n", "log.json.gz"), HasSubstr("log.json.gz is not gzip, although"));
  EXPECT_THAT(refusal_of_log(std::string(512, '\0'), "log.json.gz"), HasSubstr("log.json.gz is not gzip, although"));
}

TEST(LogStreamTest, WhatIsNamedZstIsZstdOrGzipOrJson) {
  EXPECT_EQ(read_to_end(*open("{\"id\":1}\n", "log.json.zst")).bytes, "{\"id\":1}\n");
  EXPECT_EQ(read_to_end(*open(compress("{\"id\":1}\n"), "log.json.zst")).bytes, "{\"id\":1}\n");
  EXPECT_EQ(read_to_end(*open(zstd_frame_of("{\"id\":1}\n"), "log.json.gz")).bytes, "{\"id\":1}\n");
  EXPECT_THAT(refusal_of_log("\x28\xb5\x2f", "log.json.zst"), HasSubstr("log.json.zst is not zstd, although"));
  EXPECT_THAT(refusal_of_log("any text\n", "log.json.zst"), HasSubstr("the bytes 28 b5 2f fd are missing"));
}

TEST(LogStreamTest, AnEmptyInputIsRefused) { EXPECT_THROW((void)open("", "log.json.gz"), CorruptInputError); }

TEST(LogStreamTest, WhatStandsInFrontOfDamageIsHandedOutFirst) {
  const std::string text = sample_lines(10);
  for (const std::size_t read_size : {10U, 100'000U}) {
    const auto stream = open(compress(text) + "damage", "log.json.gz");
    const ReadResult result = read_to_end(*stream, read_size);
    EXPECT_TRUE(result.bytes == text);
    EXPECT_THAT(result.error, HasSubstr("not gzip"));
  }
}

TEST(LogStreamTest, AStopIsNoEndAndIsNotJudged) {
  for (const std::size_t offset : {0U, 1U, 9U, 18U}) {
    auto source = std::make_unique<source::StringSource>("[{\"id\":1},{\"id\":2}]", std::vector<std::size_t>{7}, "log");
    source->stop_at(offset);
    const auto stream = open_log(std::move(source), Inflater::kIsal, {});
    EXPECT_EQ(read_to_end(*stream).bytes.size(), offset);
    EXPECT_TRUE(stream->stopped());
  }
}

}  // namespace
}  // namespace chatload::inflate
