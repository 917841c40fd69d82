#include "deflate/compressed_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/errors.h"
#include "base/little_endian.h"
#include "base/placed_file.h"
#include "deflate/member_compressor.h"
#include "unit/inflate/gzip_text.h"
#include "unit/scratch_folder.h"

namespace chatload::deflate {
namespace {

using inflate::sample_lines;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr Framing kFramings[] = {Framing::kMigz, Framing::kBgzf, Framing::kPlain, Framing::kZstd};

class CompressedWriterTest : public testing::Test {
 protected:
  // The file's bytes, of a text that comes in pieces of that size.
  std::string written(std::string_view text, CompressionOptions options, std::size_t piece_bytes = 1000) {
    PlacedFile file("The text cannot be written to", folder_ / "out.gz", Placing::kWhenWhole);
    CompressedWriter writer(file, options);
    for (std::size_t begin = 0; begin < text.size(); begin += piece_bytes) {
      writer.write(text.substr(begin, piece_bytes));
    }
    writer.end();
    file.close();
    std::ifstream out(folder_ / "out.gz", std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(out), std::istreambuf_iterator<char>()};
    EXPECT_EQ(writer.bytes_compressed(), bytes.size());
    return bytes;
  }

  static std::string inflated(const std::string& gzip) {
    const inflate::ReadResult read = inflate::read_string(gzip, inflate::Inflater::kZlib);
    EXPECT_EQ(read.error, "");
    return read.bytes;
  }

  static std::size_t members_in(std::string_view gzip, std::string_view header) {
    std::size_t members = 0;
    for (std::size_t at = gzip.find(header); at != std::string_view::npos; at = gzip.find(header, at + 1)) ++members;
    return members;
  }

  ScratchFolder folder_;
};

TEST_F(CompressedWriterTest, TextIsReadBackWhateverTheFramingAndTheThreads) {
  const std::string text = sample_lines(20'000);
  for (const Framing framing : kFramings) {
    for (const unsigned threads : {0U, 1U, 3U}) {
      EXPECT_EQ(inflated(written(text, {.framing = framing, .threads = threads, .block_bytes = 100'000})), text);
    }
  }
}

TEST_F(CompressedWriterTest, FileDependsNeitherOnThreadsNorOnPieces) {
  const std::string text = sample_lines(20'000);
  for (const Framing framing : kFramings) {
    const CompressionOptions options{.framing = framing, .level = 1, .block_bytes = 200'000};
    const std::string one = written(text, options);
    EXPECT_EQ(written(text, options, text.size()), one);
    EXPECT_EQ(written(text, options, 77'777), one);
    CompressionOptions parallel = options;
    parallel.threads = 4;
    EXPECT_EQ(written(text, parallel), one);
  }
}

TEST_F(CompressedWriterTest, EmptyTextIsAFileOfNoBytes) {
  for (const Framing framing : kFramings) {
    for (const unsigned threads : {0U, 2U}) {
      const std::string out = written("", {.framing = framing, .threads = threads});
      EXPECT_EQ(out.substr(0, 2), framing == Framing::kZstd ? "\x28\xb5" : "\x1f\x8b");
      EXPECT_EQ(inflated(out), "");
    }
  }
  EXPECT_EQ(written("", {.framing = Framing::kBgzf}), end_mark(Framing::kBgzf));
}

TEST_F(CompressedWriterTest, BlocksOfOneByteAreMembersOfOneByte) {
  for (const unsigned threads : {0U, 2U}) {
    const std::string out = written("text", {.threads = threads, .block_bytes = 1}, 3);
    EXPECT_EQ(members_in(out, "MZ"), 4U);
    EXPECT_EQ(inflated(out), "text");
  }
}

TEST_F(CompressedWriterTest, TextOfWholeBlocksHasNoEmptyMemberBehindThem) {
  EXPECT_EQ(members_in(written("texttext", {.block_bytes = 4}), "MZ"), 2U);
  EXPECT_EQ(members_in(written("texttext", {.threads = 2, .block_bytes = 4}), "MZ"), 2U);
}

TEST_F(CompressedWriterTest, BgzfIsCutWhereItsMembersAreFullAndEndsInItsMark) {
  const std::string text = sample_lines(20'000);
  const std::string out = written(text, {.framing = Framing::kBgzf, .threads = 2});
  EXPECT_EQ(members_in(out, std::string_view("\x06\0BC", 4)), (text.size() + 0xfeff) / 0xff00 + 1);
  EXPECT_TRUE(out.ends_with(end_mark(Framing::kBgzf)));
}

// The specification's layout, read by hand.
TEST_F(CompressedWriterTest, ZstdEndsInTheSeekTableOfItsFrames) {
  const std::string text = sample_lines(3'000);
  const std::string out = written(text, {.framing = Framing::kZstd, .level = 3, .threads = 2, .block_bytes = 100'000});
  const std::size_t frames = text.size() / 100'000 + 1;
  EXPECT_TRUE(
      out.ends_with(inflate::little_endian(static_cast<std::uint32_t>(frames)) + std::string("\0\xb1\xea\x92\x8f", 5)));
  const std::size_t entries_begin = out.size() - 9 - 8 * frames;
  EXPECT_EQ(out.substr(entries_begin - 8, 8),
            "\x5e\x2a\x4d\x18" + inflate::little_endian(static_cast<std::uint32_t>(8 * frames + 9)));
  std::size_t at = 0;
  std::size_t text_at = 0;
  for (std::size_t frame = 0; frame < frames; ++frame) {
    const std::string_view entry = std::string_view(out).substr(entries_begin + 8 * frame, 8);
    const std::size_t frame_bytes = chatload::little_endian(entry.substr(0, 4));
    const std::size_t text_bytes = chatload::little_endian(entry.substr(4, 4));
    EXPECT_EQ(inflated(out.substr(at, frame_bytes)), text.substr(text_at, text_bytes)) << frame;
    at += frame_bytes;
    text_at += text_bytes;
  }
  EXPECT_EQ(at, entries_begin - 8);
  EXPECT_EQ(text_at, text.size());
}

TEST_F(CompressedWriterTest, WriterThatIsGivenUpWaitsForWhatIsCompressedJustThen) {
  PlacedFile file("The text cannot be written to", folder_ / "out.gz", Placing::kWhenWhole);
  CompressedWriter(file, {.threads = 2, .block_bytes = 100'000}).write(sample_lines(20'000));
}

TEST_F(CompressedWriterTest, FullDiskIsSaidWithTheFile) {
  PlacedFile file("The text cannot be written to", "/dev/full", Placing::kWhenWhole);
  CompressedWriter writer(file, {});
  writer.write("text");
  EXPECT_THAT([&] { writer.end(); },
              ThrowsMessage<EnvironmentError>(
                  AllOf(HasSubstr("The text cannot be written to /dev/full"), HasSubstr("No space left on device"))));
}

}  // namespace
}  // namespace chatload::deflate
