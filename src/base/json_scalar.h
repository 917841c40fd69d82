// RFC 8259's white space, numbers, literals and string escapes, of any length and size: nothing is converted, nothing
// overflows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace chatload {

// RFC 8259 §2: what may stand between tokens.
inline bool is_json_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Whether a line has nothing but white space, of any kind.
[[nodiscard]] inline bool is_blank(std::string_view line) {
  return std::all_of(line.begin(), line.end(), [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
}

// In front of each value of a JSON text sequence (RFC 7464).
inline constexpr char kJsonRecordSeparator = '\x1e';

struct NumberShape {
  std::size_t size_bytes = 0;  // of the number at the text's front; 0 if there is none (RFC 8259 §6)
  bool is_integer = false;     // neither fraction nor exponent
};
[[nodiscard]] NumberShape scan_number(std::string_view text);

// Whether some integer in a JSON text, which is valid, is beyond 64 bits: MySQL makes a double of it.
[[nodiscard]] bool has_huge_integer(std::string_view json);

// The code unit that the four hexadecimal digits at the text's front stand for; nothing where there are not four.
[[nodiscard]] std::optional<std::uint32_t> hex4(std::string_view text);

// Decodes what stands between a string's quotes (RFC 8259 §7) into `out`, which has room for raw.size() bytes, and
// returns what it wrote there. Nothing if an escape is malformed or a surrogate has no partner. REQUIRES: raw is UTF-8
// without unescaped quotes and control characters; then so is the result UTF-8.
[[nodiscard]] std::optional<std::string_view> unescape(std::string_view raw, char* out);

}  // namespace chatload
