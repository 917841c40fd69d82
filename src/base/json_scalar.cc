// simdjson has both of these, and neither fits the row contract: its numbers end at 64 bits and at doubles, and 3.0
// decodes \uD800\u0041 to U+2441 and a lone \uDC00 to three bytes that are no UTF-8.
#include "base/json_scalar.h"

#include <algorithm>
#include <charconv>

namespace chatload {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Signed or not.
bool fits_64_bits(std::string_view digits) {
  const auto fits = [&](auto value) {
    return std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc{};
  };
  return fits(std::int64_t{}) || (!digits.starts_with('-') && fits(std::uint64_t{}));
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

char* append_utf8(std::uint32_t code_point, char* out) {
  const auto tail = [code_point](int shift) { return static_cast<char>(0x80 | (code_point >> shift & 0x3f)); };
  if (code_point < 0x80) {
    *out++ = static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    *out++ = static_cast<char>(0xc0 | code_point >> 6);
    *out++ = tail(0);
  } else if (code_point < 0x10000) {
    *out++ = static_cast<char>(0xe0 | code_point >> 12);
    *out++ = tail(6);
    *out++ = tail(0);
  } else {
    *out++ = static_cast<char>(0xf0 | code_point >> 18);
    *out++ = tail(12);
    *out++ = tail(6);
    *out++ = tail(0);
  }
  return out;
}

// The character that a backslash and c stand for; NUL if none.
char short_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return '\0';
  }
}

}  // namespace

NumberShape scan_number(std::string_view text) {
  std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  const std::size_t integer_begin = at;
  at = skip_digits(text, at);
  if (at == integer_begin || (text[integer_begin] == '0' && at > integer_begin + 1)) return {};
  bool is_integer = true;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction_begin = ++at;
    at = skip_digits(text, at);
    if (at == fraction_begin) return {};
    is_integer = false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent_begin = at;
    at = skip_digits(text, at);
    if (at == exponent_begin) return {};
    is_integer = false;
  }
  return {at, is_integer};
}

bool has_huge_integer(std::string_view json) {
  for (std::size_t at = 0; at < json.size();) {
    const char c = json[at];
    if (c == '"') {
      for (++at; at < json.size() && json[at] != '"'; ++at) at += json[at] == '\\' ? 1 : 0;
      ++at;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      const NumberShape shape = scan_number(json.substr(at));
      const std::string_view digits = json.substr(at, shape.size_bytes);
      if (shape.is_integer && !fits_64_bits(digits)) return true;
      at += std::max<std::size_t>(shape.size_bytes, 1);
    } else {
      ++at;
    }
  }
  return false;
}

std::optional<std::uint32_t> hex4(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t unit = 0;
  for (const char c : text.substr(0, 4)) {
    const char lower = static_cast<char>(c | 0x20);
    if (is_digit(c)) {
      unit = unit << 4 | static_cast<std::uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      unit = unit << 4 | static_cast<std::uint32_t>(lower - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return unit;
}

std::optional<std::string_view> unescape(std::string_view raw, char* out) {
  char* const begin = out;
  for (;;) {
    const std::size_t run_bytes = std::min(raw.find('\\'), raw.size());
    out = std::copy_n(raw.data(), run_bytes, out);
    raw.remove_prefix(run_bytes);
    if (raw.empty()) return std::string_view(begin, static_cast<std::size_t>(out - begin));
    if (raw.size() < 2) return std::nullopt;
    if (raw[1] != 'u') {
      const char c = short_escape(raw[1]);
      if (c == '\0') return std::nullopt;
      *out++ = c;
      raw.remove_prefix(2);
      continue;
    }
    std::optional<std::uint32_t> code_point = hex4(raw.substr(2));
    if (!code_point) return std::nullopt;
    raw.remove_prefix(6);
    if (*code_point >= 0xd800 && *code_point <= 0xdfff) {
      if (*code_point >= 0xdc00 || !raw.starts_with("\\u")) return std::nullopt;
      const std::optional<std::uint32_t> low = hex4(raw.substr(2));
      if (!low || *low < 0xdc00 || *low > 0xdfff) return std::nullopt;
      code_point = 0x10000 + ((*code_point - 0xd800) << 10) + (*low - 0xdc00);
      raw.remove_prefix(6);
    }
    out = append_utf8(*code_point, out);
  }
}

}  // namespace chatload
