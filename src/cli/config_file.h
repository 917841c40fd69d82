// --config FILE: flags in a TOML 1.0 file.
//
//   to = "mysql://loader@db.example/chat"   # for every command that has the flag
//   [load]                                  # for `chatload load` alone; stronger than the above
//   type = ["message", "status"]
//   threads = 4
//   fail-fast = true
//
// Keys are the long flags without their dashes. A value is a string, a number, a date or time, true or false, or an
// array of those but the last two. Tables are [load], [check], [copy], [index], [guess], [schema], [loads] and
// [rejects], written in any of TOML's ways; nothing is nested deeper.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace chatload::cli {

struct ConfigEntry {
  std::string section;  // load, check, copy, index, guess, schema, loads or rejects; empty for every command
  std::string key;
  std::vector<std::string> values;  // one, or an array's; dates and times as RFC 3339 writes them
  bool is_boolean = false;          // values is "true" or "false", written without quotes
  std::size_t line = 0;             // 1-based, for messages
};

// In the order of their lines. Throws UsageError that names file and line: no TOML, or none of the above.
[[nodiscard]] std::vector<ConfigEntry> read_config(const std::filesystem::path& path);

// The same on text; name stands in messages.
[[nodiscard]] std::vector<ConfigEntry> parse_config(std::string_view text, std::string_view name);

}  // namespace chatload::cli
