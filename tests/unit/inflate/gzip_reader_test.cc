// Every case runs with each inflater.
#include "inflate/gzip_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "inflate/gzip_format.h"
#include "unit/inflate/gzip_text.h"

namespace chatload::inflate {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t kHeaderBytes = 10;

// A member with the header given byte by byte behind its magic, method and flags.
std::string member_with_header(std::uint8_t flags, const std::string& fields, const std::string& text = "a line\n") {
  std::string member("\x1f\x8b\x08", 3);
  member += static_cast<char>(flags);
  member += std::string("\0\0\0\0\0\xff", 6) + fields + compress(text, 6, kRawWindowBits);
  return member + little_endian(zlib_crc32(text)) + little_endian(static_cast<std::uint32_t>(text.size()));
}

class GzipReaderTest : public testing::TestWithParam<Inflater> {
 protected:
  [[nodiscard]] static ReadResult read(const std::string& input) { return read_string(input, GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Inflaters, GzipReaderTest, testing::Values(Inflater::kIsal, Inflater::kZlib),
                         [](const auto& test) { return test.param == Inflater::kIsal ? "Isal" : "Zlib"; });

TEST_P(GzipReaderTest, EveryLevelAndStrategyComesBack) {
  const std::string text = sample_lines(3000);
  for (int level = 0; level <= 9; ++level) {
    for (const int strategy : {Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED}) {
      const ReadResult result = read(compress(text, level, kGzipWindowBits, strategy));
      ASSERT_THAT(result.error, IsEmpty()) << level << ' ' << strategy;
      ASSERT_TRUE(result.bytes == text) << level << ' ' << strategy;
    }
  }
}

TEST_P(GzipReaderTest, EveryMemberIsRead) {
  const ReadResult result = read(compress("first\n") + compress("second\n", 0) + compress("") + compress("third\n", 9));
  EXPECT_EQ(result.bytes, "first\nsecond\nthird\n");
  EXPECT_THAT(result.error, IsEmpty());
}

TEST_P(GzipReaderTest, ReadSizesDoNotMatter) {
  const std::string text = sample_lines(40);
  const std::string input = compress(text.substr(0, 2000)) + compress(text.substr(2000), 1) + compress("");
  for (std::size_t source_read_size = 1; source_read_size <= 40; ++source_read_size) {
    for (const std::size_t read_size : {1U, 2U, 3U, 7U, 258U, 259U, 5000U, 70000U}) {
      const ReadResult result = read_string(input, GetParam(), source_read_size, read_size);
      ASSERT_THAT(result.error, IsEmpty()) << source_read_size << ' ' << read_size;
      ASSERT_TRUE(result.bytes == text) << source_read_size << ' ' << read_size;
    }
  }
}

TEST_P(GzipReaderTest, LongTextInOddReadsComesBack) {
  const std::string text = sample_lines(20000);
  const std::string input = compress(text.substr(0, 1'000'001)) + compress(text.substr(1'000'001));
  for (const std::size_t read_size : {1000U, 32767U, 32768U, 65536U, 65537U, 99991U, 5'000'000U}) {
    ASSERT_TRUE(read_string(input, GetParam(), 4097, read_size).bytes == text) << read_size;
  }
}

TEST_P(GzipReaderTest, TenThousandEmptyMembersAreNothing) {
  std::string input;
  for (int i = 0; i < 10'000; ++i) input += compress("");
  EXPECT_THAT(read(input).bytes, IsEmpty());
  EXPECT_THAT(read(input).error, IsEmpty());
  EXPECT_EQ(read(input + compress("the end\n")).bytes, "the end\n");
}

TEST_P(GzipReaderTest, TruncationAnywhereIsReportedWithItsOffset) {
  const std::string text = sample_lines(30);
  const std::string first = compress(text);
  const std::string input = first + compress(text, 1);
  for (std::size_t size = 2; size < input.size(); ++size) {
    if (size == first.size()) continue;  // a whole file
    const ReadResult result = read_string(input.substr(0, size), GetParam(), 13);
    const std::size_t begin = size < first.size() ? 0 : first.size();
    const std::size_t in_member = size - begin;
    const std::size_t member_size = begin == 0 ? first.size() : input.size() - first.size();
    const std::string inside = in_member < kHeaderBytes                   ? "header"
                               : in_member >= member_size - kTrailerBytes ? "trailer"
                                                                          : "compressed data";
    ASSERT_THAT(
        result.error,
        HasSubstr("log.json.gz is truncated: it ends at compressed byte " + std::to_string(size) + ", inside the " +
                  inside + " of the gzip member that begins at compressed byte " + std::to_string(begin) + ":"));
    ASSERT_TRUE((text + text).starts_with(result.bytes)) << size;
  }
}

TEST_P(GzipReaderTest, EachFlippedTrailerBitIsReportedWithItsMember) {
  const std::string first = compress("first\n");
  const std::string input = first + compress("second\n");
  for (std::size_t bit = 0; bit < 8 * kTrailerBytes; ++bit) {
    std::string damaged = input;
    char& byte = damaged[input.size() - kTrailerBytes + bit / 8];
    byte = static_cast<char>(byte ^ 1 << bit % 8);
    const ReadResult result = read(damaged);
    const std::string what = bit < 32 ? "the CRC-32 of its data is" : "its data is 7 bytes long";
    EXPECT_EQ(result.bytes, "first\nsecond\n");
    EXPECT_THAT(result.error,
                AllOf(HasSubstr("log.json.gz is damaged in the gzip member that begins at compressed byte " +
                                std::to_string(first.size()) + ": " + what),
                      HasSubstr("trailer says")));
  }
}

TEST_P(GzipReaderTest, FlippedBitsOfTheDataNeverPass) {
  const std::string text = sample_lines(20);
  const std::string input = compress(text);
  for (std::size_t bit = 8 * kHeaderBytes; bit < 8 * (input.size() - kTrailerBytes); ++bit) {
    std::string damaged = input;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    const ReadResult result = read(damaged);
    // A flip may turn a byte behind the true final block's end, of which only some bits count.
    ASSERT_TRUE(!result.error.empty() || result.bytes == text) << bit;
  }
}

TEST_P(GzipReaderTest, InvalidDeflateDataIsReportedBehindTheGoodBytes) {
  std::string input = compress(sample_lines(10), 0);
  const std::size_t good = input.size();
  // A stored block that is not the last one, then block type 3, which does not exist.
  std::string block = std::string("\x00\x04\x00\xfb\xff", 5) + "text" + "\x07";
  input += compress("").substr(0, kHeaderBytes) + block + std::string(20, '\0');
  const ReadResult result = read(input);
  EXPECT_EQ(result.bytes, sample_lines(10) + "text");
  EXPECT_THAT(result.error, HasSubstr("in the gzip member that begins at compressed byte " + std::to_string(good) +
                                      ": its compressed data is invalid near compressed byte "));
}

TEST_P(GzipReaderTest, AnythingBehindTheLastMemberIsReportedWithItsOffset) {
  const std::string member = compress("a line\n");
  for (const std::string& garbage : {std::string("\n"), std::string("PK"), std::string("\x1f\x8c"), "\n" + member,
                                     std::string("more text, long enough for a header")}) {
    const ReadResult result = read(member + garbage);
    EXPECT_EQ(result.bytes, "a line\n");
    EXPECT_THAT(result.error,
                HasSubstr("log.json.gz holds bytes that are not gzip after its last member, at compressed "
                          "byte " +
                          std::to_string(member.size()) + ":"));
  }
}

TEST_P(GzipReaderTest, ZerosUpToTheEndArePadding) {
  const std::string members = compress("first\n") + compress("second\n");
  for (const std::size_t zeros : {1U, 7U, 8U, 9U, 512U, 10'240U, 3'000'000U}) {
    for (const std::size_t source_read_size : {1U, 13U, 4096U}) {
      if (source_read_size == 1 && zeros > 10'240) continue;
      const std::string input = members + std::string(zeros, '\0');
      const auto stream = open_string(input, GetParam(), {source_read_size});
      const ReadResult result = read_to_end(*stream);
      ASSERT_THAT(result.error, IsEmpty()) << zeros;
      ASSERT_EQ(result.bytes, "first\nsecond\n") << zeros;
      ASSERT_EQ(stream->compressed_bytes(), input.size()) << zeros;
      ASSERT_FALSE(stream->stopped()) << zeros;
    }
  }
}

TEST_P(GzipReaderTest, ZerosWithAnythingBehindThemAreReportedWithBothOffsets) {
  const std::string member = compress("a line\n");
  for (const std::size_t zeros : {1U, 10'240U, 600'000U}) {
    for (const std::string& rest : {member, std::string("\n"), std::string("x\0\0", 3)}) {
      const ReadResult result = read(member + std::string(zeros, '\0') + rest);
      EXPECT_EQ(result.bytes, "a line\n");
      EXPECT_THAT(
          result.error,
          HasSubstr("log.json.gz has zeros after a gzip member, at compressed byte " + std::to_string(member.size()) +
                    ", and then other bytes, at compressed byte " + std::to_string(member.size() + zeros) + ":"));
    }
  }
}

TEST_P(GzipReaderTest, HeaderFieldsAreReadOver) {
  const std::string extra = little_endian(300, 2) + std::string(300, '\x1f');
  const std::string name("name\0", 5);
  const std::string comment("comment\0", 8);
  const std::map<std::uint8_t, std::string> fields_by_flags = {
      {0x01, ""}, {0x04, extra}, {0x08, name}, {0x10, comment}, {0x1d, extra + name + comment}};
  for (const auto& [flags, fields] : fields_by_flags) {
    const std::string plain = member_with_header(flags, fields);
    EXPECT_EQ(read(plain + plain).bytes, "a line\na line\n") << int{flags};
    EXPECT_EQ(read_string(plain, GetParam(), 1).bytes, "a line\n") << int{flags};
  }
}

TEST_P(GzipReaderTest, HeaderChecksumIsChecked) {
  const std::string header = std::string("\x1f\x8b\x08\x0a\0\0\0\0\0\xff", 10) + std::string("name\0", 5);
  const std::uint32_t crc = zlib_crc32(header) & 0xffff;
  const std::string name = header.substr(kHeaderBytes);
  EXPECT_EQ(read(member_with_header(0x0a, name + little_endian(crc, 2))).bytes, "a line\n");
  EXPECT_THAT(read(member_with_header(0x0a, name + little_endian(crc ^ 0x100, 2))).error,
              HasSubstr("member that begins at compressed byte 0: its header fails the header's own checksum"));
}

TEST_P(GzipReaderTest, ReservedFlagsAndOtherMethodsAreRefused) {
  for (const std::uint8_t flag : std::initializer_list<std::uint8_t>{0x20, 0x40, 0x80}) {
    EXPECT_THAT(read(member_with_header(flag, "")).error, HasSubstr("its header sets reserved flags"));
  }
  std::string member = compress("a line\n");
  member[2] = 7;
  EXPECT_THAT(read(member).error, HasSubstr("a compression method that is not deflate"));
}

TEST_P(GzipReaderTest, TruncatedHeaderFieldsAreTruncation) {
  const std::string member =
      member_with_header(0x1e, little_endian(4, 2) + std::string("abcdname\0comment\0", 17) + little_endian(0, 2));
  for (std::size_t size = 2; size < kHeaderBytes + 2 + 17 + 2; ++size) {
    EXPECT_THAT(read(member.substr(0, size)).error, HasSubstr("inside the header")) << size;
  }
}

TEST_P(GzipReaderTest, AStopAnywhereIsNoTruncation) {
  const std::string text = sample_lines(30);
  const std::string input = compress(text) + compress(text) + std::string(100, '\0');
  for (std::size_t offset = 0; offset <= input.size(); ++offset) {
    auto source = std::make_unique<source::StringSource>(input, std::vector<std::size_t>{50}, "log.json.gz");
    source->stop_at(offset);
    const auto stream = open_decoded(std::move(source), GetParam());
    const ReadResult result = read_to_end(*stream);
    ASSERT_THAT(result.error, IsEmpty()) << offset;
    ASSERT_TRUE(stream->stopped()) << offset;
    char byte = 0;
    ASSERT_EQ(stream->read({&byte, 1}), 0U) << offset;
  }
}

TEST_P(GzipReaderTest, TheEndIsNoStopAndStaysTheEnd) {
  const auto stream = open_string(compress("a line\n"), GetParam());
  EXPECT_EQ(read_to_end(*stream).bytes, "a line\n");
  char byte = 0;
  EXPECT_EQ(stream->read({&byte, 1}), 0U);
  EXPECT_FALSE(stream->stopped());
}

TEST_P(GzipReaderTest, CompressedBytesGrowToTheSizeOfTheInput) {
  const std::string input = compress(sample_lines(2000)) + compress(sample_lines(100));
  const auto stream = open_string(input, GetParam(), {1000});
  std::string buffer(10'000, '\0');
  std::uint64_t before = 0;
  EXPECT_EQ(stream->compressed_bytes(), 0U);
  while (stream->read(buffer) > 0) {
    EXPECT_GE(stream->compressed_bytes(), before);
    before = stream->compressed_bytes();
  }
  EXPECT_EQ(stream->compressed_bytes(), input.size());
}

}  // namespace
}  // namespace chatload::inflate
