// User and password from an options file of MySQL's programs, ~/.my.cnf.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace chatload::write {

struct OptionsFile {
  std::optional<std::string> user;
  std::optional<std::string> password;
};

// ~/.my.cnf.
[[nodiscard]] std::filesystem::path options_file_path();

// Reads the groups [client] and [chatload], the latter's values first. A file that is not there or cannot be read holds
// nothing.
[[nodiscard]] OptionsFile read_options_file(const std::filesystem::path& path);

}  // namespace chatload::write
