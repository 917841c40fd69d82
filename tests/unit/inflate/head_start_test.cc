#include "inflate/head_start.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/padded_buffer.h"
#include "base/units.h"

#include "unit/inflate/gzip_text.h"

namespace chatload::inflate {
namespace {

constexpr std::size_t kHeadBytes = kMiB;

std::unique_ptr<HeadStart> head_start(const std::string& input, std::size_t head_bytes) {
  return std::make_unique<HeadStart>(open_string(input, Inflater::kIsal), PaddedBuffer(head_bytes));
}

// As another thread does it, to the end of the head.
void run(HeadStart& stream) {
  std::jthread([&] { stream.run(); }).join();
}

const std::string& lines() {
  static const std::string text = sample_lines(20'000);  // 2.5 MB
  return text;
}

TEST(HeadStart, GivesTheStreamWhateverOfItStandsInTheHead) {
  const std::string input = compress(lines());
  for (const std::size_t head_bytes : {1UL, 70'000UL, kHeadBytes, lines().size(), lines().size() + 1}) {
    const auto stream = head_start(input, head_bytes);
    run(*stream);
    EXPECT_TRUE(read_to_end(*stream, 33'333).bytes == lines()) << head_bytes;
    EXPECT_EQ(stream->compressed_bytes(), input.size()) << head_bytes;
    EXPECT_FALSE(stream->stopped());
  }
}

TEST(HeadStart, GivesTheStreamWhereNothingWasInflatedAheadOfIt) {
  const auto stream = head_start(compress(lines()), kHeadBytes);
  stream->claim();
  run(*stream);
  EXPECT_EQ(std::move(*stream).take_buffer().size(), 0U);
  EXPECT_TRUE(read_to_end(*stream).bytes == lines());
}

TEST(HeadStart, InflatesIntoTheHeadBeforeItIsRead) {
  const auto stream = head_start(compress(lines()), kHeadBytes);
  run(*stream);
  EXPECT_EQ(stream->compressed_bytes(), 0U) << "nothing is handed out";
  EXPECT_EQ(std::move(*stream).take_buffer().size(), kHeadBytes);
}

TEST(HeadStart, CompressedBytesGrowWithWhatIsHandedOut) {
  const std::string input = compress(lines());
  const auto stream = head_start(input, lines().size() / 2);
  run(*stream);
  std::string buffer(10'000, '\0');
  std::uint64_t before = 0;
  for (std::size_t bytes = 0; const std::size_t size = stream->read(buffer);) {
    bytes += size;
    if (bytes >= lines().size() / 2) continue;
    EXPECT_GE(stream->compressed_bytes(), before);
    before = stream->compressed_bytes();
    const std::uint64_t in_proportion = input.size() * bytes / lines().size();
    EXPECT_LT(std::max(before, in_proportion) - std::min(before, in_proportion), input.size() / 10) << bytes;
  }
  EXPECT_EQ(stream->compressed_bytes(), input.size());
}

TEST(HeadStart, ErrorComesBehindTheBytesInFrontOfItInItsWords) {
  const std::string whole = compress(lines());
  for (const std::size_t size : {whole.size() / 4, whole.size() / 2, whole.size() - 1}) {
    const std::string input = whole.substr(0, size);
    const ReadResult serial = read_string(input, Inflater::kIsal);
    ASSERT_NE(serial.error, "");
    for (const std::size_t head_bytes : {70'000UL, 4 * kHeadBytes}) {
      const auto stream = head_start(input, head_bytes);
      run(*stream);
      const ReadResult found = read_to_end(*stream);
      EXPECT_EQ(found.error, serial.error);
      EXPECT_TRUE(found.bytes == serial.bytes) << size << ' ' << head_bytes;
    }
  }
}

}  // namespace
}  // namespace chatload::inflate
