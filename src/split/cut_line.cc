// A line that is not the range's last is there whole. Of a drained one the splitter has put the last bytes where the
// range's bytes end (Range::drained_bytes), so that both are cut alike.
#include "split/cut_line.h"

#include <cassert>

namespace chatload::split {

CutLine cut_line(const Range& range, std::uint64_t begin_bytes, std::size_t line_bytes_max) {
  std::string_view line = range.bytes.view().text().substr(range.held_at(begin_bytes));
  std::uint64_t line_bytes = line.size() + range.drained_bytes - range.drained_end_bytes;
  if (const std::size_t newline = line.find('\n'); newline != std::string_view::npos) {
    line = line.substr(0, newline);
    if (line.ends_with('\r')) line.remove_suffix(1);
    line_bytes = line.size();
  }
  assert(line_bytes > line_bytes_max);
  const std::size_t kept_tail_bytes = tail_bytes(line_bytes_max);
  return {.head = line.substr(0, line_bytes_max - kept_tail_bytes),
          .tail = line.substr(line.size() - kept_tail_bytes),
          .cut_bytes = line_bytes - line_bytes_max};
}

}  // namespace chatload::split
