// As the MySQL manual's "Using Option Files" and "Program Option Modifiers" say: groups, comments, quotes, backslash
// escapes, '_' for '-', and of several values the last. !include lines are not followed.
#include "mysql/options_file.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "base/byte_order_mark.h"
#include "base/trim.h"

namespace chatload::mysql {
namespace {

// What follows a backslash, and what the two mean, in the same order.
constexpr std::string_view kEscapes = "btnrs\\\"'";
constexpr std::string_view kMeanings = "\b\t\n\r \\\"'";

std::string option_value(std::string_view text) {
  text = trimmed(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
      text.find(text.front(), 1) != std::string_view::npos) {
    text = text.substr(1, text.find(text.front(), 1) - 1);
  } else if (const std::size_t comment = text.find('#'); comment != std::string_view::npos) {
    text = trimmed(text.substr(0, comment));
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

std::pair<std::string, std::string> option_of(std::string_view line) {
  const std::size_t name_end = std::min(line.find_first_of("=#"), line.size());
  std::string name(trimmed(line.substr(0, name_end)));
  std::replace(name.begin(), name.end(), '_', '-');
  const auto takes_off = [&name](std::string_view prefix) {
    if (!name.starts_with(prefix)) return false;
    name.erase(0, prefix.size());
    return true;
  };
  takes_off("loose-");
  if (takes_off("skip-") || takes_off("disable-")) return {name, "0"};
  if (takes_off("enable-")) return {name, "1"};
  const bool has_value = name_end < line.size() && line[name_end] == '=';
  return {name, has_value ? option_value(line.substr(name_end + 1)) : std::string()};
}

}  // namespace

std::filesystem::path options_file_path() { return home() / ".my.cnf"; }

OptionsFile::OptionsFile(const std::filesystem::path& path) {
  std::map<std::string, std::string, std::less<>> client;
  auto* group = static_cast<decltype(client)*>(nullptr);
  std::ifstream file(path);
  bool is_first = true;
  for (std::string raw; std::getline(file, raw); is_first = false) {
    const std::string_view line = trimmed(is_first ? without_byte_order_mark(raw) : raw);
    if (line.starts_with('[')) {
      const std::string_view name = line.substr(1, line.find(']') - 1);
      group = name == "client" ? &client : name == "chatload" ? &options_ : nullptr;
    } else if (group != nullptr && !line.empty() && line.front() != '#' && line.front() != ';' && line.front() != '!') {
      auto [name, value] = option_of(line);
      group->insert_or_assign(std::move(name), std::move(value));
    }
  }
  options_.merge(client);
}

std::optional<std::string> OptionsFile::value(std::string_view name) const {
  const auto found = options_.find(name);
  return found == options_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<bool> OptionsFile::is_on(std::string_view name) const {
  auto text = value(name);
  if (!text) return std::nullopt;
  for (char& c : *text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text != "0" && text != "off" && text != "false";
}

}  // namespace chatload::mysql
