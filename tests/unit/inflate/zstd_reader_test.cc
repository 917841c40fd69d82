// Text from zstd: by a ZstdReader alone, and by a ParallelReader, which gives the same.
#include "inflate/zstd_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "inflate/frame_cutter.h"
#include "inflate/parallel_reader.h"
#include "inflate/zstd_frame.h"
#include "unit/inflate/outcome.h"
#include "unit/inflate/zstd_text.h"

namespace chatload::inflate {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// A piece, so that a small file has several.
constexpr PieceSizes kOneFrame{.compressed_bytes = 1, .inflated_bytes = 1};

std::unique_ptr<source::ByteSource> zstd_source(const std::string& input, std::optional<std::size_t> stop_at = {},
                                                std::size_t source_read_size = 1 << 20) {
  auto source = std::make_unique<source::StringSource>(input, std::vector<std::size_t>{source_read_size}, "log.zst");
  if (stop_at) source->stop_at(*stop_at);
  return source;
}

Outcome zstd_outcome(const std::string& input, ReadAhead ahead, std::size_t read_size = 64 * kKiB,
                     std::size_t source_read_size = 1 << 20, WindowRoom room = {}) {
  return read_all(*open_decoded(zstd_source(input, {}, source_read_size), Inflater::kIsal, ahead, room), read_size);
}

Outcome by_zstd_reader(const std::string& input, std::size_t read_size = 64 * kKiB,
                       std::size_t source_read_size = 1 << 20) {
  return zstd_outcome(input, {}, read_size, source_read_size);
}

Outcome by_parallel_frames(const std::string& input, unsigned threads = 2) {
  return zstd_outcome(input, {threads, threads * kAheadBytesPerThread});
}

Outcome by_single_frames(const std::string& input, std::optional<std::size_t> stop_at = {}) {
  ParallelReader reader(BufferedInput(zstd_source(input, stop_at)),
                        std::make_unique<FrameCutter>(WindowRoom{}, kOneFrame), {2, 2 * kAheadBytesMin});
  return read_all(reader, 100);
}

const std::string& log_text() {
  static const std::string lines = sample_lines(20'000);  // 2.5 MB
  return lines;
}

// Every kind of frame that tools write.
std::vector<std::pair<std::string, std::string>> frame_kinds() {
  return {
      {"level 1", zstd_frame_of(log_text(), {.level = 1})},
      {"level 19", zstd_frame_of(log_text().substr(0, 300'000), {.level = 19}) +
                       zstd_frame_of(log_text().substr(300'000), {.level = 3})},
      {"no text size", zstd_frame_of(log_text(), {.has_text_size = false})},
      {"no checksum", zstd_frame_of(log_text(), {.has_checksum = false})},
      {"stored", zstd_frame_of(log_text(), {.level = -100})},
      {"frames", zstd_frames(log_text(), 60'000)},
      {"large frames", zstd_frames(log_text(), 1'000'000)},
      {"frames without text size", zstd_frames(log_text(), 60'000, {.has_text_size = false})},
      {"large frames without text size", zstd_frames(log_text(), 1'000'000, {.has_text_size = false})},
      {"pzstd", announced_frames(log_text(), 700'000)},
      {"empty frames", zstd_frame_of("") + zstd_frames(log_text(), 500'000) +
                           zstd_frame_of("", {.has_text_size = false}) + zstd_frame_of("", {.has_checksum = false})},
      {"skippable frames", skippable_frame("") + skippable_frame(std::string(300'000, 'x'), '\x5') +
                               zstd_frames(log_text(), 500'000) + skippable_frame("seek table", '\xe')},
      {"single bytes", zstd_frames(log_text().substr(0, 300), 1) + zstd_frame_of(log_text().substr(300))},
  };
}

TEST(ZstdReader, EachKindOfFrameComesBackSeriallyAndInParallel) {
  for (const auto& [name, input] : frame_kinds()) {
    const bool lacks_checksum = name == "no checksum" || name == "empty frames";
    const Outcome expected{log_text(), "", input.size(), false, lacks_checksum};
    EXPECT_TRUE(are_equal(by_zstd_reader(input), expected)) << name;
    for (unsigned threads = 2; threads <= 4; ++threads) {
      EXPECT_TRUE(are_equal(by_parallel_frames(input, threads), expected)) << name << ' ' << threads;
    }
    EXPECT_TRUE(are_equal(zstd_outcome(input, {2, kAheadBytesMin}), expected)) << name;
  }
}

TEST(ZstdReader, TextComesBackWhateverIsReadAtOnce) {
  const std::string part = log_text().substr(0, 400'000);
  const std::string input = zstd_frames(part, 150'000);
  for (const std::size_t read_size : {1U, 1'000U, 131'072U, 10'000'000U}) {
    for (const std::size_t source_read_size : {1U, 1'000U, 1'000'000U}) {
      EXPECT_TRUE(by_zstd_reader(input, read_size, source_read_size).bytes == part)
          << read_size << ' ' << source_read_size;
    }
  }
}

TEST(ZstdReader, RepeatedBytesComeBack) {
  const std::string zeros(3'000'000, '0');
  EXPECT_TRUE(by_zstd_reader(zstd_frame_of(zeros)).bytes == zeros);
  EXPECT_TRUE(by_parallel_frames(zstd_frames(zeros, 700'000, {.has_text_size = false})).bytes == zeros);
}

TEST(ZstdReader, FramesOfSeveralAreDecodedByOthers) {
  for (const auto& [name, input] : frame_kinds()) {
    if (name != "frames" && name != "large frames" && name != "pzstd") continue;
    const auto stream = open_decoded(zstd_source(input), Inflater::kIsal, {2, 2 * kAheadBytesPerThread});
    EXPECT_TRUE(stream->reads_ahead()) << name;
    EXPECT_EQ(stream->compression(), Compression::kZstd);
  }
}

TEST(ZstdReader, OnlySkippableFramesAreAnEmptyText) {
  const std::string input = skippable_frame("a") + skippable_frame("");
  EXPECT_TRUE(are_equal(by_zstd_reader(input), {"", "", input.size()}));
  EXPECT_TRUE(are_equal(by_single_frames(input), {"", "", input.size()}));
}

TEST(ZstdReader, OtherBytesBehindAFrameAreReportedWithTheirPlace) {
  const std::string front = zstd_frames(log_text(), 60'000);
  const std::string place = "not zstd at compressed byte " + std::to_string(front.size());
  for (const std::string& end : {std::string(1, '\0'), std::string(700'000, '\0'), std::string("\n"), compress("x"),
                                 std::string("\x28\xb5\x2e\xfd and more")}) {
    EXPECT_THAT(by_zstd_reader(front + end).error, HasSubstr(place));
    EXPECT_TRUE(by_zstd_reader(front + end).bytes == log_text());
    EXPECT_TRUE(are_equal(by_parallel_frames(front + end), by_zstd_reader(front + end)));
  }
}

TEST(ZstdReader, ADictionaryIsReportedWithTheCommandThatHelps) {
  using namespace std::string_literals;
  const std::string front = zstd_frame_of("text");
  const std::string error = by_zstd_reader(front + "\x28\xb5\x2f\xfd\x01\x58\x07\x01\0\0"s).error;
  EXPECT_THAT(error, AllOf(HasSubstr("needs the zstd dictionary 7"), HasSubstr(std::to_string(front.size())),
                           HasSubstr("zstd -dc -D DICTIONARY")));
}

TEST(ZstdReader, AWindowWithoutRoomIsRefusedBeforeItsText) {
  const std::string input = zstd_frame_of("text", {.has_text_size = false, .window_log = 27});
  const WindowRoom room{.bytes_max = 128 * kMiB - 1, .beside_bytes = 100 * kMiB};
  for (const ReadAhead ahead : {ReadAhead{}, ReadAhead{2, 2 * kAheadBytesPerThread}}) {
    const Outcome outcome = zstd_outcome(input, ahead, 1000, 1000, room);
    EXPECT_THAT(outcome.bytes, IsEmpty());
    EXPECT_THAT(outcome.error, AllOf(StartsWith("log.zst needs a window of 128 MiB"), HasSubstr("--memory 300M")));
    EXPECT_EQ(zstd_outcome(input, ahead, 1000, 1000, {.bytes_max = 128 * kMiB}).bytes, "text");
  }
}

TEST(ZstdReader, AWindowIsNoLargerThanTheText) {
  EXPECT_EQ(by_zstd_reader(zstd_frame_of("text", {.window_log = 31})).bytes, "text");
}

TEST(ZstdReader, TheLargestWindowIsReadAndALargerOneIsDamage) {
  const WindowRoom room{.bytes_max = 2 * kGiB};
  std::string input = zstd_frame_of("text", {.has_text_size = false, .window_log = 31});
  EXPECT_EQ(zstd_outcome(input, {}, 1000, 1000, room).bytes, "text");
  input[5] = static_cast<char>(input[5] + 1);
  EXPECT_THAT(zstd_outcome(input, {}, 1000, 1000, room).error, HasSubstr("its header asks for a window of 2.2 GiB"));
}

TEST(ZstdReader, WrongChecksumsAreReportedAsLibzstdSays) {
  const std::string front = zstd_frames(log_text(), 60'000);
  const std::string lines = sample_lines(300);
  std::string damaged = zstd_frame_of(lines);
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  const Outcome outcome = by_zstd_reader(front + damaged + front);
  EXPECT_TRUE(outcome.bytes == log_text() + lines);
  EXPECT_THAT(outcome.error,
              AllOf(HasSubstr("in the zstd frame that begins at compressed byte " + std::to_string(front.size())),
                    HasSubstr("Restored data doesn't match checksum")));
  EXPECT_TRUE(are_equal(by_parallel_frames(front + damaged + front), outcome));
}

TEST(ZstdReader, AWrongTextSizeIsDamage) {
  std::string damaged = zstd_frame_of(sample_lines(3000));
  damaged[5] = static_cast<char>(damaged[5] ^ 1);
  EXPECT_THAT(by_zstd_reader(damaged).error, HasSubstr("is damaged in the zstd frame"));
}

// 1 KB, of every kind.
std::string small_zstd() {
  const std::string lines = sample_lines(7);
  return skippable_frame("\x2a\x01\0\0") + zstd_frames(lines, 300) + zstd_frame_of("") + skippable_frame("skipped") +
         zstd_frame_of(lines, {.has_checksum = false}) + zstd_frame_of(lines, {.has_text_size = false}) +
         announced_frames(lines, 400);
}

TEST(ZstdReader, TruncationAnywhereIsReportedAlikeOrIsTheEndOfAFrame) {
  const std::string input = small_zstd();
  const std::string whole = by_zstd_reader(input).bytes;
  std::size_t ends = 0;
  for (std::size_t size = kZstdMagicBytes; size < input.size(); ++size) {
    const Outcome outcome = by_zstd_reader(input.substr(0, size));
    ASSERT_TRUE(whole.starts_with(outcome.bytes)) << size;
    if (outcome.error.empty()) {
      ++ends;
    } else {
      ASSERT_THAT(outcome.error,
                  HasSubstr("is truncated: it ends at compressed byte " + std::to_string(size) + ", inside"));
    }
    ASSERT_TRUE(are_equal(by_single_frames(input.substr(0, size)), by_zstd_reader(input.substr(0, size), 100))) << size;
  }
  EXPECT_LT(ends, 25U);
}

TEST(ZstdReader, AStopAnywhereIsNoTruncation) {
  const std::string input = small_zstd();
  for (std::size_t offset = 0; offset <= input.size(); ++offset) {
    const Outcome outcome = by_single_frames(input, offset);
    ASSERT_TRUE(outcome.stopped) << offset;
    ZstdReader reader(BufferedInput(zstd_source(input, offset)), {});
    ASSERT_TRUE(are_equal(outcome, read_all(reader, 100))) << offset;
  }
}

// Of frames with a checksum, a whole text is the right one. A reader in parallel may find a frame right that one alone
// refuses, where its header is damaged to a window that is too small.
TEST(ZstdReader, EachFlippedBitIsReportedAlikeAndNeverGivesAnotherWholeText) {
  const std::string lines = sample_lines(40);
  const std::string input = zstd_frames(lines, 1'000) + skippable_frame("skipped", '\xe');
  for (std::size_t bit = 0; bit < 8 * input.size(); ++bit) {
    std::string damaged = input;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    if (bit / 8 < kZstdMagicBytes) continue;
    const Outcome alone = by_zstd_reader(damaged, 100);
    ASSERT_TRUE(!alone.error.empty() || alone.bytes == lines) << bit;
    ASSERT_TRUE(are_equal(by_single_frames(damaged), alone)) << bit;
  }
}

TEST(ZstdReader, RandomDamageOfALargerFileNeverGivesAnotherWholeText) {
  const std::string whole = log_text().substr(0, 400'000);
  const std::string input = zstd_frames(whole, 30'000, {.level = 1});
  std::mt19937 random(17);
  for (int i = 0; i < 500; ++i) {
    const std::string cut = input.substr(0, kZstdMagicBytes + random() % (input.size() - 4));
    const Outcome alone = by_zstd_reader(cut);
    ASSERT_TRUE(whole.starts_with(alone.bytes)) << i;
    ASSERT_TRUE(are_equal(by_parallel_frames(cut), alone)) << i;
  }
  for (int i = 0; i < 1000; ++i) {
    std::string damaged = input;
    char& byte = damaged[kZstdMagicBytes + random() % (input.size() - 4)];
    byte = static_cast<char>(byte ^ 1 << random() % 8);
    const Outcome alone = by_zstd_reader(damaged);
    ASSERT_TRUE(!alone.error.empty() || alone.bytes == whole) << i;
    ASSERT_TRUE(are_equal(by_parallel_frames(damaged), alone)) << i;
  }
}

}  // namespace
}  // namespace chatload::inflate
