// The mark that Windows' editors put in front of a text file, which is no part of its text.
#pragma once

#include <string_view>

namespace chatload {

inline constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

[[nodiscard]] constexpr std::string_view without_byte_order_mark(std::string_view text) {
  return text.substr(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
}

[[nodiscard]] constexpr bool is_marked_utf16(std::string_view text) {
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
}

}  // namespace chatload
