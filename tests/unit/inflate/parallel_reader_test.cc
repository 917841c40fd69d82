// Every case is read by a GzipReader alone, too, which says what is right.
#include "inflate/parallel_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <random>

#include "inflate/gzip_reader.h"
#include "inflate/member_cutter.h"
#include "unit/inflate/announced_text.h"
#include "unit/inflate/outcome.h"

namespace chatload::inflate {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// A piece, so that a small file has several.
constexpr PieceSizes kOneMember{.compressed_bytes = 1, .inflated_bytes = 1};

Outcome outcome_of(const std::string& input, ReadAhead ahead, std::size_t read_size = 64 * kKiB) {
  try {
    return read_all(
        *open_decoded(std::make_unique<source::StringSource>(input, std::vector<std::size_t>{}, "log.json.gz"),
                      Inflater::kIsal, ahead),
        read_size);
  } catch (const CorruptInputError& error) {
    return {.bytes = {}, .error = error.what()};
  }
}

Outcome in_parallel(const std::string& input, unsigned threads = 2) {
  return outcome_of(input, {threads, threads * kAheadBytesPerThread});
}

testing::AssertionResult is_as_serial(const std::string& input, unsigned threads = 2) {
  return are_equal(in_parallel(input, threads), outcome_of(input, {}));
}

const std::string& text() {
  static const std::string lines = sample_lines(20'000);  // 2.5 MB
  return lines;
}

class EachAnnouncement : public testing::TestWithParam<Announcement> {};

INSTANTIATE_TEST_SUITE_P(ParallelReader, EachAnnouncement,
                         testing::Values(Announcement::kBgzf, Announcement::kMigz, Announcement::kPgzip));

TEST_P(EachAnnouncement, ComesBackWithAnyNumberOfThreads) {
  const std::string input = announced_members(GetParam(), text(), 60'000, 1) + announced(GetParam(), "");
  for (unsigned threads = 1; threads <= 8; ++threads) {
    const Outcome outcome = in_parallel(input, threads);
    ASSERT_TRUE(outcome.bytes == text()) << threads;
    ASSERT_THAT(outcome.error, IsEmpty()) << threads;
    ASSERT_EQ(outcome.compressed_bytes, input.size()) << threads;
  }
}

TEST_P(EachAnnouncement, ComesBackWithNames) {
  const std::string input = announced_members(GetParam(), text(), 50'000, 1, "chat-17.json");
  EXPECT_TRUE(in_parallel(input).bytes == text());
}

TEST_P(EachAnnouncement, ComesBackWhateverIsReadAtOnce) {
  const std::string input = announced_members(GetParam(), text(), 60'001, 1);
  for (const std::size_t read_size : {1'000U, 4'096U, 100'001U, 10'000'000U}) {
    for (const std::size_t source_read_size : {1'000U, 65'536U, 1'000'000U}) {
      const auto stream =
          open_decoded(std::make_unique<source::StringSource>(input, std::vector<std::size_t>{1, source_read_size}),
                       Inflater::kIsal, {2, 2 * kAheadBytesPerThread});
      EXPECT_TRUE(read_to_end(*stream, read_size).bytes == text()) << read_size << ' ' << source_read_size;
    }
  }
}

TEST(ParallelReader, MembersOfAnySizeComeBack) {
  for (const std::size_t member_bytes : {1'000U, 300'000U, 1'000'000U, 2'000'000U, 4'000'000U, 100'000'000U}) {
    const std::string input = announced_members(Announcement::kMigz, text(), member_bytes, 1);
    EXPECT_TRUE(in_parallel(input).bytes == text()) << member_bytes;
    EXPECT_TRUE(outcome_of(input, {2, kAheadBytesMin}).bytes == text()) << member_bytes;
  }
}

TEST(ParallelReader, StoredBlocksComeBack) {
  EXPECT_TRUE(in_parallel(announced_members(Announcement::kMigz, text(), 700'000, 0)).bytes == text());
}

TEST(ParallelReader, EmptyMembersAreNothing) {
  std::string empty;
  for (int i = 0; i < 30'000; ++i) empty += kBgzfEnd;
  const std::string half = announced_members(Announcement::kBgzf, text(), 60'000, 1) + kBgzfEnd;
  EXPECT_TRUE(is_as_serial(empty));
  EXPECT_TRUE(is_as_serial(empty + half + empty + half + kBgzfEnd + kBgzfEnd));
}

TEST(ParallelReader, MembersOfOneByteComeBack) {
  const std::string lines = sample_lines(300);
  const std::string input = announced_members(Announcement::kBgzf, lines, 1);
  EXPECT_TRUE(in_parallel(input + input).bytes == lines + lines);
}

// Empty members at the end of a file that another one follows do not make the rest serial: what shows is that a thread
// other than this one inflates the second half.
TEST(ParallelReader, OthersInflateAndThisThreadDoesNot) {
  class WaitingCutter : public MemberCutter {
   public:
    explicit WaitingCutter(std::latch& both) : MemberCutter(Inflater::kIsal), both_(both) {}
    [[nodiscard]] std::function<void(Piece&)> make_decoder() const override {
      return [this, decode = MemberCutter::make_decoder(), has_met = false](Piece& piece) mutable {
        if (!std::exchange(has_met, true)) both_.arrive_and_wait();
        decode(piece);
      };
    }

   private:
    std::latch& both_;
  };
  const std::string half = announced_members(Announcement::kBgzf, text(), 60'000, 1) + kBgzfEnd;
  std::latch both(2);
  ParallelReader reader(BufferedInput(std::make_unique<source::StringSource>(half + half)),
                        std::make_unique<WaitingCutter>(both), {2, 2 * kAheadBytesPerThread});
  EXPECT_TRUE(read_to_end(reader).bytes == text() + text());
  EXPECT_TRUE(both.try_wait());
}

TEST(ParallelReader, OtherMembersInBetweenComeBack) {
  const std::string front = announced_members(Announcement::kBgzf, text(), 60'000, 1);
  EXPECT_TRUE(is_as_serial(front + compress("in between\n") + front));
  EXPECT_TRUE(is_as_serial(compress("in front\n") + front));
  EXPECT_TRUE(is_as_serial(front + announced_members(Announcement::kMigz, text(), 500'000, 1)));
}

TEST(ParallelReader, WhatFollowsTheMembersIsJudgedAsEver) {
  const std::string members = announced_members(Announcement::kBgzf, text(), 60'000, 1);
  for (const std::string& end : {std::string(1, '\0'), std::string(700'000, '\0'), std::string(700'000, '\0') + "x",
                                 std::string("\n"), std::string("garbage that is long enough for a header"),
                                 std::string("\x1f"), std::string("\x1f\x8b"), kBgzfEnd.substr(0, 20)}) {
    EXPECT_TRUE(is_as_serial(members + end));
  }
}

// The size is a guess; a member that ends elsewhere is what it is without it.
TEST(ParallelReader, WrongSizesMakeNoDifference) {
  const std::string front = announced_members(Announcement::kPgzip, text(), 300'000, 1);
  const std::string tail = announced_members(Announcement::kPgzip, text(), 700'000, 1);
  const std::string lines = sample_lines(3000);
  for (const int wrong : {-300, -1, 1, 8, 300, 1 << 20, 1 << 30}) {
    const std::string input = front + announced(Announcement::kPgzip, lines, 1, "", wrong) + tail;
    const Outcome outcome = in_parallel(input);
    ASSERT_THAT(outcome.error, IsEmpty()) << wrong;
    ASSERT_TRUE(outcome.bytes == text() + lines + text()) << wrong;
  }
}

// A stored block that holds a member, so that the magic stands at the wrong end, and in front of it a trailer that
// belongs to what is before it.
TEST(ParallelReader, AMemberInsideAMemberIsData) {
  const std::string inner = announced(Announcement::kPgzip, sample_lines(100), 1);
  const std::string body = std::string(1000, 'x') + inner + std::string(1000, 'y') + "\n";
  const auto to_inner =
      static_cast<int>(20 + 5 + 1000) - static_cast<int>(announced(Announcement::kPgzip, body, 0).size());
  const std::string front = announced_members(Announcement::kPgzip, text(), 300'000, 1);
  const Outcome outcome = in_parallel(front + announced(Announcement::kPgzip, body, 0, "", to_inner) + front);
  EXPECT_THAT(outcome.error, IsEmpty());
  EXPECT_TRUE(outcome.bytes == text() + body + text());
}

// Of a member in the middle of several pieces.
TEST(ParallelReader, WrongChecksumsAndLengthsAreReportedAsEver) {
  const std::string front = announced_members(Announcement::kBgzf, text(), 60'000, 1);
  const std::string lines = sample_lines(300);
  const std::string member = announced(Announcement::kBgzf, lines, 1);
  for (std::size_t bit = 0; bit < 64; bit += 7) {
    std::string damaged = member;
    char& byte = damaged[member.size() - 8 + bit / 8];
    byte = static_cast<char>(byte ^ 1 << bit % 8);
    const Outcome outcome = in_parallel(front + damaged + front);
    EXPECT_TRUE(outcome.bytes == text() + lines) << bit;
    EXPECT_THAT(outcome.error,
                HasSubstr("in the gzip member that begins at compressed byte " + std::to_string(front.size()) + ": " +
                          (bit < 32 ? "the CRC-32" : "its data is")));
    EXPECT_TRUE(is_as_serial(front + damaged + front)) << bit;
  }
}

// 1 KB, of every kind.
std::string small_file() {
  const std::string lines = sample_lines(7);
  return announced_members(Announcement::kBgzf, lines, 300) + kBgzfEnd +
         announced(Announcement::kMigz, lines.substr(0, 200), 0) + announced(Announcement::kPgzip, lines, 9, "name");
}

std::unique_ptr<source::ByteSource> source_of(const std::string& input, std::optional<std::size_t> stop_at) {
  auto source = std::make_unique<source::StringSource>(input, std::vector<std::size_t>{}, "log.json.gz");
  if (stop_at) source->stop_at(*stop_at);
  return source;
}

Outcome in_small_pieces(const std::string& input, Inflater inflater,
                        std::optional<std::size_t> stop_at = std::nullopt) {
  ParallelReader reader(BufferedInput(source_of(input, stop_at)), std::make_unique<MemberCutter>(inflater, kOneMember),
                        {2, 2 * kAheadBytesMin});
  return read_all(reader, 100);
}

Outcome serially(const std::string& input, Inflater inflater, std::optional<std::size_t> stop_at = std::nullopt) {
  GzipReader reader(BufferedInput(source_of(input, stop_at)), make_deflate_decoder(inflater));
  return read_all(reader, 100);
}

// What ISA-L makes of a match that reaches in front of its member depends on what it has decoded before. So of bytes
// that are wrong anyway it counts how many they are and where they begin, up to the error.
testing::AssertionResult is_as_serial_in_small_pieces(const std::string& input, const std::string& whole,
                                                      Inflater inflater) {
  Outcome found = in_small_pieces(input, inflater);
  Outcome expected = serially(input, inflater);
  if (inflater == Inflater::kIsal && !expected.error.empty()) {
    for (Outcome* const outcome : {&found, &expected}) {
      const auto wrong = std::mismatch(outcome->bytes.begin(), outcome->bytes.end(), whole.begin(), whole.end());
      std::fill(wrong.first, outcome->bytes.end(), '?');
    }
  }
  return are_equal(found, expected);
}

TEST(ParallelReader, TruncationAnywhereIsReportedAsEver) {
  const std::string input = small_file();
  const std::string whole = serially(input, Inflater::kZlib).bytes;
  for (std::size_t size = 2; size < input.size(); ++size) {
    for (const Inflater inflater : {Inflater::kIsal, Inflater::kZlib}) {
      ASSERT_TRUE(is_as_serial_in_small_pieces(input.substr(0, size), whole, inflater)) << size;
    }
  }
}

TEST(ParallelReader, EachFlippedBitIsReportedAsEver) {
  const std::string input = small_file();
  const std::string whole = serially(input, Inflater::kZlib).bytes;
  for (std::size_t bit = 0; bit < 8 * input.size(); ++bit) {
    std::string damaged = input;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    const Inflater inflater = bit % 3 == 0 ? Inflater::kZlib : Inflater::kIsal;
    ASSERT_TRUE(is_as_serial_in_small_pieces(damaged, whole, inflater)) << bit;
  }
}

TEST(ParallelReader, AStopAnywhereIsNoTruncation) {
  const std::string input = small_file();
  for (std::size_t offset = 0; offset <= input.size(); ++offset) {
    const Outcome outcome = in_small_pieces(input, Inflater::kIsal, offset);
    ASSERT_TRUE(outcome.stopped) << offset;
    ASSERT_TRUE(are_equal(outcome, serially(input, Inflater::kIsal, offset))) << offset;
  }
}

TEST(ParallelReader, RandomDamageOfALargerFileIsReportedAsEver) {
  const std::string whole = text().substr(0, 40'000);
  const std::string input = announced_members(Announcement::kBgzf, whole, 1'000, 1) + kBgzfEnd;
  std::mt19937 random(17);
  for (int i = 0; i < 500; ++i) {
    const std::string cut = input.substr(0, 2 + random() % (input.size() - 2));
    ASSERT_TRUE(is_as_serial_in_small_pieces(cut, whole, Inflater::kIsal)) << i;
  }
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = input;
    char& byte = damaged[random() % input.size()];
    byte = static_cast<char>(byte ^ 1 << random() % 8);
    const Inflater inflater = i % 2 == 0 ? Inflater::kIsal : Inflater::kZlib;
    ASSERT_TRUE(is_as_serial_in_small_pieces(damaged, whole, inflater)) << i;
  }
}

// Fails behind what it has.
class FailingSource : public source::StringSource {
 public:
  using StringSource::StringSource;
  [[nodiscard]] std::size_t read(std::span<char> out) override {
    const std::size_t size = StringSource::read(out);
    if (size == 0) throw SourceError("the disk is gone");
    return size;
  }
};

TEST(ParallelReader, WhatIsInFrontOfAFailingReadIsHandedOutFirst) {
  const std::string input = announced_members(Announcement::kBgzf, text(), 60'000, 1);
  const std::string cut = input.substr(0, input.size() - 40'000);
  for (const ReadAhead ahead : {ReadAhead{}, ReadAhead{2, 2 * kAheadBytesPerThread}}) {
    const auto stream = open_decoded(std::make_unique<FailingSource>(cut), Inflater::kIsal, ahead);
    std::string bytes;
    std::string buffer(64 * kKiB, '\0');
    EXPECT_THROW(for (;;) bytes.append(buffer, 0, stream->read(buffer)), SourceError);
    EXPECT_GT(bytes.size(), text().size() * 4 / 5);
    EXPECT_TRUE(text().starts_with(bytes));
  }
}

TEST(ParallelReader, CompressedBytesGrowToTheSizeOfTheInput) {
  const std::string input = announced_members(Announcement::kBgzf, text(), 60'000, 1) + kBgzfEnd;
  const auto stream =
      open_decoded(std::make_unique<source::StringSource>(input), Inflater::kIsal, {2, 2 * kAheadBytesPerThread});
  std::string buffer(100'000, '\0');
  std::uint64_t before = 0;
  std::size_t inflated = 0;
  while (const std::size_t size = stream->read(buffer)) {
    inflated += size;
    EXPECT_GE(stream->compressed_bytes(), before);
    before = stream->compressed_bytes();
    const double share = static_cast<double>(inflated) / static_cast<double>(text().size());
    EXPECT_NEAR(static_cast<double>(before), share * static_cast<double>(input.size()), 100'000);
  }
  EXPECT_EQ(stream->compressed_bytes(), input.size());
}

}  // namespace
}  // namespace chatload::inflate
