// --config FILE: flags in a file, in the part of TOML 1.0 that flags need.
//
//   to = "mysql://loader@db.example/chat"   # for every command that has the flag
//   [load]                                  # for `chatload load` alone; stronger than the above
//   type = ["message", "status"]
//   threads = 4
//
// Keys are the long flags without their dashes. A value is a "basic" or 'literal' string, a number, a date or time, or
// an array of those. Our own reader in place of CLI11's: that one cuts a quoted value at '#'.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace chatload::cli {

struct ConfigEntry {
  std::string section;  // empty before the first [section]
  std::string key;
  std::vector<std::string> values;  // one, or an array's
  std::size_t line = 0;             // 1-based, for messages
};

// Throws UsageError that names file, line and what is accepted; a key that stands twice in a section is one.
[[nodiscard]] std::vector<ConfigEntry> read_config(const std::filesystem::path& path);

// The same on text; name stands in messages.
[[nodiscard]] std::vector<ConfigEntry> parse_config(std::string_view text, std::string_view name);

}  // namespace chatload::cli
