// The mark that Windows' editors put in front of a text file, which is no part of its text.
#pragma once

#include <string_view>

namespace chatload {

[[nodiscard]] constexpr std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kUtf8 = "\xEF\xBB\xBF";
  return text.substr(text.starts_with(kUtf8) ? kUtf8.size() : 0);
}

[[nodiscard]] constexpr bool is_marked_utf16(std::string_view text) {
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
}

}  // namespace chatload
