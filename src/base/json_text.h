// Text → JSON string literals, for what we write: summaries, reject records, JSON logs.
#pragma once

#include <string>
#include <string_view>

namespace chatload {

// Appends text to out as a JSON string with its quotes (RFC 8259 §7). Each byte that is no part of valid UTF-8 comes
// out as U+FFFD, so that the result is always valid JSON.
void append_json_string(std::string& out, std::string_view text);

[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace chatload
