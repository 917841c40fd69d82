// What keys a line's JSON object has, and their values as they are written: for whoever explains a line to people.
#pragma once

#include <string_view>
#include <vector>

namespace chatload::parse {

// Both borrow from the line.
struct LineMember {
  std::string_view key;    // between its quotes, escapes as they are written
  std::string_view value;  // a string with its quotes, a number or a literal; "{" or "[" of what holds others
};

// The first `count_max` members of the line's root, in its order; none where the line is no JSON object.
[[nodiscard]] std::vector<LineMember> line_members(std::string_view line, std::size_t count_max);

}  // namespace chatload::parse
