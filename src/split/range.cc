#include "split/range.h"

#include <algorithm>
#include <string_view>

namespace chatload::split {

std::uint64_t Range::count_lines() const {
  if (records) return records->size();
  const std::string_view lines = bytes.view().text();
  const bool has_open_end = !lines.empty() && lines.back() != '\n';
  return static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n')) + (has_open_end ? 1 : 0);
}

}  // namespace chatload::split
