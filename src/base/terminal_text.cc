#include "base/terminal_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace chatload {
namespace {

// The character that text begins with, or a byte that begins none.
struct Character {
  std::string_view bytes;
  bool is_printable;
};

// REQUIRES: text is not empty.
Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = utf8_sequence_bytes(text);
  const bool is_c1 = lead == 0xC2 && length == 2 && static_cast<unsigned char>(text[1]) < 0xA0;
  return {text.substr(0, std::max<std::size_t>(length, 1)), length != 0 && lead >= 0x20 && lead != 0x7F && !is_c1};
}

}  // namespace

std::string terminal_text(std::string_view text, std::size_t bytes_max) {
  std::string out;
  std::size_t taken = 0;
  while (taken < text.size() && taken < bytes_max) {
    const Character character = first_character(text.substr(taken));
    if (character.is_printable) {
      out += character.bytes;
    } else {
      for (const char byte : character.bytes) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
    taken += character.bytes.size();
  }
  if (taken < text.size()) out += "…";
  return out;
}

bool is_terminal_text(std::string_view text) {
  while (!text.empty()) {
    const Character character = first_character(text);
    if (!character.is_printable) return false;
    text.remove_prefix(character.bytes.size());
  }
  return true;
}

}  // namespace chatload
