// What an options file of MySQL's or MariaDB's programs, ~/.my.cnf, says to their clients.
//
// libmariadb can read such files too, but it passes over ssl-mode, ssl and skip-ssl without a word: with
// ssl-mode=REQUIRED it logs in without TLS.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace chatload::mysql {

class OptionsFile {
 public:
  // Reads the groups [client] and [chatload], the latter's values first. A file that is not there or cannot be read
  // holds nothing.
  explicit OptionsFile(const std::filesystem::path& path);

  // An option's value, empty where it stands alone; nothing where the file does not have it. Names are written with
  // '-', without "loose-"; skip-NAME and disable-NAME are NAME=0, enable-NAME is NAME=1.
  [[nodiscard]] std::optional<std::string> value(std::string_view name) const;

  // Of an option that is on or off: on where it stands alone, and unless it is 0, off or false.
  [[nodiscard]] std::optional<bool> is_on(std::string_view name) const;

  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& options() const { return options_; }

 private:
  std::map<std::string, std::string, std::less<>> options_;
};

// ~/.my.cnf.
[[nodiscard]] std::filesystem::path options_file_path();

}  // namespace chatload::mysql
