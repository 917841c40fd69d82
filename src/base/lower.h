// ASCII letters in lower case, for names that servers compare so.
#pragma once

#include <string>
#include <string_view>

namespace chatload {

[[nodiscard]] inline std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return small;
}

}  // namespace chatload
