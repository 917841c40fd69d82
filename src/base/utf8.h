// UTF-8 (RFC 3629): where characters begin and end.
#pragma once

#include <cstddef>
#include <string_view>

namespace chatload {

// Whether the byte goes on with a character that begins before it.
[[nodiscard]] constexpr bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// Code points of valid UTF-8.
[[nodiscard]] std::size_t count_characters(std::string_view text);

// Bytes of the sequence that text begins with: 1 to 4, or 0 where it begins with none. REQUIRES: text is not empty.
[[nodiscard]] std::size_t utf8_sequence_bytes(std::string_view text);

// The text up to its first byte that is no part of UTF-8.
[[nodiscard]] std::string_view utf8_beginning(std::string_view text);

[[nodiscard]] inline bool is_utf8(std::string_view text) { return utf8_beginning(text).size() == text.size(); }

}  // namespace chatload
