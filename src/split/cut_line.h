// What is kept of a line that is longer than --max-line: --max-line bytes, half of them its first, half its last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "split/range.h"

namespace chatload::split {

// Borrows from the range.
struct CutLine {
  std::string_view head;
  std::string_view tail;
  std::uint64_t cut_bytes;  // between them; at least 1
};

// The head is as long as the tail, or one byte longer.
[[nodiscard]] constexpr std::size_t tail_bytes(std::size_t line_bytes_max) { return line_bytes_max / 2; }

// REQUIRES: a line of more than line_bytes_max bytes, the --max-line that the range was split with, begins at
// range.held_at(begin_bytes).
[[nodiscard]] CutLine cut_line(const Range& range, std::uint64_t begin_bytes, std::size_t line_bytes_max);

}  // namespace chatload::split
