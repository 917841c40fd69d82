// Names and values → SQL: the one place where they are escaped. The session must be pinned to utf8mb4 and backslash
// escapes, as Session does.
#pragma once

#include <string>
#include <string_view>

namespace chatload::mysql {

// `name` with its backticks doubled and quoted.
[[nodiscard]] std::string quote_identifier(std::string_view name);

// Appends text as a string literal. Every byte sequence comes back as it was under backslash escapes (MySQL manual,
// "String Literals"): only ', \ and NUL need an escape.
void append_text_literal(std::string& sql, std::string_view text);

// Appends text as a field of LOAD DATA's default format: tab, newline, backslash and NUL are escaped.
void append_text_field(std::string& text, std::string_view field);

// The same literal by itself.
[[nodiscard]] std::string quote_text(std::string_view text);
[[nodiscard]] std::string quote_text_or_null(std::string_view text);  // NULL where it is empty

}  // namespace chatload::mysql
