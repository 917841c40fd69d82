// As the MySQL manual's "Using Option Files" says: groups, comments, quotes, backslash escapes, and of several values
// the last. !include lines are not followed, and a password without a value, which asks mysql to prompt, counts as
// none.
#include "write/options_file.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string_view>

namespace chatload::write {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
// What follows a backslash, and what the two mean, in the same order.
constexpr std::string_view kEscapes = "btnrs\\\"'";
constexpr std::string_view kMeanings = "\b\t\n\r \\\"'";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string option_value(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
      text.find(text.front(), 1) != std::string_view::npos) {
    text = text.substr(1, text.find(text.front(), 1) - 1);
  } else if (const std::size_t comment = text.find('#'); comment != std::string_view::npos) {
    text = trim(text.substr(0, comment));
  }
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t escape =
        text[i] == '\\' && i + 1 < text.size() ? kEscapes.find(text[i + 1]) : std::string_view::npos;
    if (escape == std::string_view::npos) {
      value += text[i];
    } else {
      value += kMeanings[escape];
      ++i;
    }
  }
  return value;
}

std::filesystem::path home() {
  const char* const variable = std::getenv("HOME");
  if (variable != nullptr && *variable != '\0') return variable;
  const passwd* const account = getpwuid(geteuid());
  return account != nullptr ? account->pw_dir : "/";
}

}  // namespace

std::filesystem::path options_file_path() { return home() / ".my.cnf"; }

OptionsFile read_options_file(const std::filesystem::path& path) {
  OptionsFile client;
  OptionsFile chatload;
  OptionsFile* group = nullptr;
  std::ifstream file(path);
  for (std::string raw; std::getline(file, raw);) {
    const std::string_view line = trim(raw);
    if (line.starts_with('[')) {
      const std::string_view name = line.substr(1, line.find(']') - 1);
      group = name == "client" ? &client : name == "chatload" ? &chatload : nullptr;
      continue;
    }
    const std::size_t equals = line.find('=');
    if (group == nullptr || equals == std::string_view::npos) continue;
    const std::string_view name = trim(line.substr(0, equals));
    if (name == "user") group->user = option_value(line.substr(equals + 1));
    if (name == "password") group->password = option_value(line.substr(equals + 1));
  }
  if (chatload.user) client.user = chatload.user;
  if (chatload.password) client.password = chatload.password;
  return client;
}

}  // namespace chatload::write
