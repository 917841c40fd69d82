#include "split/line_splitter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "split/cut_line.h"
#include "unit/split/text_stream.h"

namespace chatload::split {
namespace {

struct Piece {
  std::string bytes;
  std::uint64_t begin;
  std::uint64_t drained_bytes;
  bool operator==(const Piece&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Piece& piece) {
  return out << '[' << piece.begin << ' ' << testing::PrintToString(piece.bytes) << " +" << piece.drained_bytes << ']';
}

std::vector<Piece> split(std::string_view text, SplitLimits limits, std::size_t read_bytes_max = 1 << 20) {
  TextStream stream(text, read_bytes_max);
  LineSplitter splitter(stream, limits);
  std::vector<Piece> pieces;
  while (auto range = splitter.next(PaddedBuffer(limits.buffer_bytes()))) {
    EXPECT_EQ(range->number, RangeNumber(pieces.size()));
    pieces.push_back({std::string(range->bytes.view().text()), range->begin.value(), range->drained_bytes});
  }
  return pieces;
}

TEST(LineSplitter, RangeEndsAtTheFirstNewlineAtOrPastItsSize) {
  const SplitLimits limits{.range_bytes = 4, .line_bytes_max = 100};
  EXPECT_EQ(split("abcd\nef\nghijkl\n", limits), (std::vector<Piece>{{"abcd\n", 0, 0}, {"ef\nghijkl\n", 5, 0}}));
  // A newline one byte short of the size does not end the range.
  EXPECT_EQ(split("abc\ndef\ng\n", limits), (std::vector<Piece>{{"abc\ndef\n", 0, 0}, {"g\n", 8, 0}}));
}

TEST(LineSplitter, RangesOfAStreamThatBeginsWithALaterOneAreThose) {
  const SplitLimits limits{.range_bytes = 4, .line_bytes_max = 100};
  TextStream stream("ef\nghijkl\nm\n", 1 << 20);
  LineSplitter splitter(stream, limits, {RangeNumber(1), ByteOffset(5)});
  for (const auto& [number, begin] : {std::pair{1U, 5U}, std::pair{2U, 15U}}) {
    const std::optional<Range> range = splitter.next(PaddedBuffer(limits.buffer_bytes()));
    EXPECT_EQ(range->number, RangeNumber(number));
    EXPECT_EQ(range->begin, ByteOffset(begin));
  }
}

TEST(LineSplitter, LastLineWithoutNewlineIsKept) {
  EXPECT_EQ(split("ab\ncd", {.range_bytes = 2, .line_bytes_max = 100}),
            (std::vector<Piece>{{"ab\n", 0, 0}, {"cd", 3, 0}}));
}

TEST(LineSplitter, EmptyStreamHasNoRange) { EXPECT_TRUE(split("", {.range_bytes = 2, .line_bytes_max = 10}).empty()); }

TEST(LineSplitter, LineOfExactlyTheMaximumIsWholeWithEitherLineEnd) {
  const SplitLimits limits{.range_bytes = 1, .line_bytes_max = 5};
  EXPECT_EQ(split("12345\n", limits), (std::vector<Piece>{{"12345\n", 0, 0}}));
  EXPECT_EQ(split("12345\r\nx", limits), (std::vector<Piece>{{"12345\r\n", 0, 0}, {"x", 7, 0}}));
}

TEST(LineSplitter, LongLineIsDrainedAndCountedWhole) {
  const SplitLimits limits{.range_bytes = 1, .line_bytes_max = 5};
  const std::string text = std::string(20'000, 'x') + "\nnext\n";
  EXPECT_EQ(split(text, limits), (std::vector<Piece>{{std::string(9, 'x'), 0, 20'000 - 9 + 1}, {"next\n", 20'001, 0}}));
}

TEST(LineSplitter, LongLastLineWithoutNewlineIsDrained) {
  const SplitLimits limits{.range_bytes = 1, .line_bytes_max = 5};
  EXPECT_EQ(split(std::string(100, 'x'), limits), (std::vector<Piece>{{std::string(9, 'x'), 0, 91}}));
}

TEST(LineSplitter, LongLeadIsSkippedAndItsLineKept) {
  const SplitLimits limits{.range_bytes = 4, .line_bytes_max = 5};
  const std::string mark = "\xef\xbb\xbf";
  for (const std::size_t nuls : {12U, 13U, 4'096U, 30'000U}) {
    const std::string lead = std::string(nuls, '\0') + mark + std::string(nuls, '\0');
    for (const std::size_t read_bytes_max : {1U, 7U, 4'096U, 1U << 20U}) {
      TextStream stream("ab\n" + lead + "12345\r\nnext\n", read_bytes_max);
      LineSplitter splitter(stream, limits);
      const std::optional<Range> range = splitter.next(PaddedBuffer(limits.buffer_bytes()));
      const std::string_view held = range->bytes.view().text();
      EXPECT_EQ(held.substr(held.find_first_not_of('\0', 3)), "12345\r\n") << nuls;
      EXPECT_EQ(range->length_bytes(), 3 + lead.size() + 7);
      EXPECT_EQ(range->drained_bytes, 0u);
      EXPECT_EQ(range->held_at(3 + lead.size()), held.size() - 7);
      EXPECT_EQ(range->begin_of(held.size() - 7), 3 + lead.size());
      EXPECT_EQ(range->begin_of(2), 2u);
      EXPECT_EQ(splitter.next(PaddedBuffer(limits.buffer_bytes()))->bytes.view().text(), "next\n");
    }
  }
}

TEST(LineSplitter, LongLeadAloneIsALine) {
  const SplitLimits limits{.range_bytes = 4, .line_bytes_max = 5};
  for (const std::string_view end : {"", "\n"}) {
    const std::string text = std::string(20'000, '\0') + std::string(end);
    TextStream stream(text, 1 << 20);
    LineSplitter splitter(stream, limits);
    const std::optional<Range> range = splitter.next(PaddedBuffer(limits.buffer_bytes()));
    EXPECT_EQ(range->length_bytes(), text.size());
    EXPECT_GE(range->bytes.size(), 1 + end.size());
    EXPECT_FALSE(splitter.next(PaddedBuffer(limits.buffer_bytes())));
  }
}

TEST(LineSplitter, LineThatIsTooLongBehindItsLeadIsDrained) {
  const SplitLimits limits{.range_bytes = 4, .line_bytes_max = 5};
  const std::string lead(100, '\0');
  TextStream stream(lead + "123456789 and the end\nnext\n", 1 << 20);
  LineSplitter splitter(stream, limits);
  const std::optional<Range> range = splitter.next(PaddedBuffer(limits.buffer_bytes()));
  EXPECT_EQ(range->length_bytes(), lead.size() + 22);
  const CutLine cut = cut_line(*range, lead.size(), limits.line_bytes_max);
  EXPECT_EQ(std::string(cut.head) + "|" + std::string(cut.tail), "123|nd");
  EXPECT_EQ(cut.cut_bytes, 16u);
}

TEST(LineSplitter, RangesDoNotDependOnReadSizes) {
  std::string text;
  for (int i = 0; i < 3'000; ++i) text += std::string(static_cast<std::size_t>(i * 37 % 211), 'a') + "\n";
  text += std::string(9'000, 'z') + "\n" + std::string(9'000, '\0') + "behind\nend";
  for (const std::size_t range_bytes : {1U, 64U, 4'096U, 5'000U, 1'000'000U}) {
    const SplitLimits limits{.range_bytes = range_bytes, .line_bytes_max = 150};
    const auto whole = split(text, limits);
    for (const std::size_t read_bytes_max : {1U, 7U, 4'095U, 4'096U, 4'097U}) {
      EXPECT_EQ(split(text, limits, read_bytes_max), whole) << range_bytes << ' ' << read_bytes_max;
    }
  }
}

// By the definition: the first newline at or past range_bytes, or the last of so many lines.
std::vector<Piece> counted_pieces(std::string_view text, const SplitLimits& limits) {
  std::vector<Piece> pieces;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    for (std::size_t lines = 0; end < text.size() && lines < limits.records_max();) {
      if (text[end++] != '\n') continue;
      ++lines;
      if (end - begin > limits.range_bytes) break;
    }
    pieces.push_back({std::string(text.substr(begin, end - begin)), begin, 0});
    begin = end;
  }
  return pieces;
}

TEST(LineSplitter, RangeAlsoEndsWithTheLastOfAsManyLinesAsItMayHave) {
  std::string text;
  for (int i = 0; i < 2'000; ++i) text += std::string(static_cast<std::size_t>(i * i % 23), 'a') + "\n";
  for (const std::size_t range_bytes : {1U, 20U, 64U, 4'096U, 5'000U, 1'000'000U}) {
    for (const std::size_t bytes_a_record : {1U, 5U, 20U, 100'000U}) {
      const SplitLimits limits{.range_bytes = range_bytes, .line_bytes_max = 50, .bytes_a_record = bytes_a_record};
      const std::vector<Piece> expected = counted_pieces(text, limits);
      for (const std::size_t read_bytes_max : {1U, 7U, 4'097U, 1'000'000U}) {
        ASSERT_EQ(split(text, limits, read_bytes_max), expected) << range_bytes << ' ' << bytes_a_record;
      }
    }
  }
}

TEST(LineSplitter, EveryByteIsInExactlyOneRange) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += std::to_string(i) + (i % 3 == 0 ? "\r\n" : "\n");
  for (std::size_t range_bytes = 1; range_bytes < 40; ++range_bytes) {
    std::string joined;
    for (const Piece& piece : split(text, {.range_bytes = range_bytes, .line_bytes_max = 20})) {
      EXPECT_EQ(piece.begin, joined.size());
      joined += piece.bytes;
    }
    EXPECT_EQ(joined, text) << range_bytes;
  }
}

}  // namespace
}  // namespace chatload::split
