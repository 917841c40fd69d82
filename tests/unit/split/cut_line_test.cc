// Whether a line is the last of its range, and drained, or stands in it whole: what is kept of it is the same.
#include "split/cut_line.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "split/line_splitter.h"
#include "unit/split/text_stream.h"

namespace chatload::split {
namespace {

std::string digits(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; text.size() < bytes; ++i) text += std::to_string(i) + ' ';
  text.resize(bytes);
  return text;
}

TEST(CutLine, KeepsTheFirstHalfAndTheLastHalfWhereverTheRangeEnds) {
  for (const std::size_t line_bytes_max : {1U, 2U, 5U, 64U, 5'000U}) {
    for (const std::size_t beyond : {1U, 2U, 3U, 63U, 64U, 65U, 4'095U, 4'096U, 4'097U, 20'000U}) {
      for (const std::string_view end : {"", "\n", "\r\n"}) {
        const std::string line = digits(line_bytes_max + beyond);
        const std::string text = "ab\n" + line + std::string(end) + (end.empty() ? "" : "next\n");
        for (const std::size_t range_bytes : {1U, 3U, 4U, 100'000U}) {
          for (const std::size_t read_bytes_max : {1U, 4'096U, 1U << 20U}) {
            if (read_bytes_max == 1 && beyond > 65) continue;
            const SplitLimits limits{.range_bytes = range_bytes, .line_bytes_max = line_bytes_max};
            TextStream stream(text, read_bytes_max);
            LineSplitter splitter(stream, limits);
            std::optional<Range> range = splitter.next(PaddedBuffer(limits.buffer_bytes()));
            if (range->length_bytes() == 3) range = splitter.next(PaddedBuffer(limits.buffer_bytes()));
            const CutLine cut = cut_line(*range, 3 - range->begin.value(), line_bytes_max);
            const std::size_t half = line_bytes_max / 2;
            ASSERT_EQ(cut.head, line.substr(0, line_bytes_max - half)) << line_bytes_max << ' ' << beyond;
            ASSERT_EQ(cut.tail, line.substr(line.size() - half)) << line_bytes_max << ' ' << beyond;
            ASSERT_EQ(cut.cut_bytes, beyond) << line_bytes_max << ' ' << range_bytes;
            if (range_bytes < 100'000 && !end.empty()) {
              const std::uint64_t length = range->begin.value() + range->length_bytes();
              ASSERT_EQ(length, 3 + line.size() + end.size());
              ASSERT_EQ(splitter.next(PaddedBuffer(limits.buffer_bytes()))->bytes.view().text(), "next\n");
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace chatload::split
