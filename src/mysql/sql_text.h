// Names and values → SQL: the one place where they are escaped. The session must be pinned to utf8mb4 and backslash
// escapes, as Session does.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace chatload::mysql {

// `name` with its backticks doubled and quoted.
[[nodiscard]] std::string quote_identifier(std::string_view name);

// "`a`, `b`"
[[nodiscard]] std::string quote_identifiers(std::span<const std::string> names);

// What text takes as a literal or as a field, at most.
[[nodiscard]] constexpr std::size_t escaped_bytes_max(std::string_view text) { return 2 * text.size() + 2; }

// Writes text as a string literal to `out`, which has room for it, and returns the end. Every byte sequence comes back
// as it was under backslash escapes (MySQL manual, "String Literals"): only ', \ and NUL need an escape.
[[nodiscard]] char* put_text_literal(char* out, std::string_view text);

// The same as a field of LOAD DATA's default format: tab, newline, backslash and NUL are escaped.
[[nodiscard]] char* put_text_field(char* out, std::string_view text);

// Appends the literal.
void append_text_literal(std::string& sql, std::string_view text);

// The same literal by itself.
[[nodiscard]] std::string quote_text(std::string_view text);
[[nodiscard]] std::string quote_text_or_null(std::string_view text);  // NULL where it is empty

}  // namespace chatload::mysql
