// Only what RFC 8259 demands is escaped: the quote, the backslash and U+0000 to U+001F; all else stands as UTF-8.
#include "base/json_text.h"

#include "base/utf8.h"

namespace chatload {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kHexDigits = "0123456789abcdef";

void append_escape(std::string& out, unsigned char byte) {
  switch (byte) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
      out += "\\u00";
      out += kHexDigits[byte >> 4];
      out += kHexDigits[byte & 0xF];
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() + 2);
  out += '"';
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    const std::size_t length = utf8_sequence_bytes(text);
    if (byte < 0x20 || byte == '"' || byte == '\\') {
      append_escape(out, byte);
    } else if (length == 0) {
      out += kReplacement;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

std::string& JsonObject::value_of(std::string_view key) {
  if (json_.size() > 1) json_ += ',';
  json_ += '"';
  json_ += key;
  return json_ += "\":";
}

}  // namespace chatload
