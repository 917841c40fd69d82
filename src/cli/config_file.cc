#include "cli/config_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "base/errors.h"

namespace chatload::cli {
namespace {

constexpr std::array<std::string_view, 9> kSections = {"load",   "check", "copy",    "index", "guess",
                                                       "schema", "loads", "rejects", "report"};

[[noreturn]] void refuse(std::string_view file, const toml::source_region& place, std::string_view sentence) {
  throw UsageError(fmt::format("{}:{}: {}", file, place.begin.line, sentence));
}

// A table of the file → entries.
class Collector {
 public:
  explicit Collector(std::string_view file) : file_(file) {}

  std::vector<ConfigEntry> collect(const toml::table& root) {
    for (const auto& [key, node] : root) {
      if (const toml::table* table = node.as_table()) {
        add_section(key, *table);
      } else {
        add(toml::key(), key, node);
      }
    }
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const ConfigEntry& left, const ConfigEntry& right) { return left.line < right.line; });
    return std::move(entries_);
  }

 private:
  void add_section(const toml::key& name, const toml::table& table) {
    if (std::find(kSections.begin(), kSections.end(), name.str()) == kSections.end()) {
      refuse(file_, name.source(),
             fmt::format("There is no section [{}]; there are [{}].", name.str(), fmt::join(kSections, "], [")));
    }
    for (const auto& [key, node] : table) add(name, key, node);
  }

  void add(const toml::key& section, const toml::key& key, const toml::node& node) {
    ConfigEntry entry{.section = std::string(section.str()),
                      .key = std::string(key.str()),
                      .values = {},
                      .is_boolean = node.is_boolean(),
                      .line = key.source().begin.line};
    if (const toml::array* array = node.as_array()) {
      for (const toml::node& element : *array) {
        if (element.is_boolean()) {
          refuse(file_, element.source(),
                 fmt::format("'{}' is a list with true or false, which no flag takes.", key.str()));
        }
        entry.values.push_back(text_of(key, element));
      }
    } else {
      entry.values.push_back(text_of(key, node));
    }
    entries_.push_back(std::move(entry));
  }

  // As the value would be written on the command line.
  [[nodiscard]] std::string text_of(const toml::key& key, const toml::node& node) const {
    if (node.is_array() || node.is_table()) {
      refuse(file_, node.source(),
             fmt::format("'{}' is nested too deep; a value is a string, a number, a date, or an array of those.",
                         key.str()));
    }
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
    std::ostringstream text;
    node.visit([&](const auto& value) { text << value; });
    return text.str();
  }

  std::string_view file_;
  std::vector<ConfigEntry> entries_;
};

}  // namespace

std::vector<ConfigEntry> parse_config(std::string_view text, std::string_view name) {
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    refuse(name, error.source(), fmt::format("{}.", error.description()));
  }
  return Collector(name).collect(root);
}

std::vector<ConfigEntry> read_config(const std::filesystem::path& path) {
  std::error_code error;
  errno = std::filesystem::is_directory(path, error) ? EISDIR : 0;
  std::ifstream file;
  if (errno == 0) file.open(path, std::ios::binary);
  if (!file.is_open()) {
    throw UsageError(fmt::format("--config {} cannot be read: {}.", path.string(), std::strerror(errno)));
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return parse_config(text, path.string());
}

}  // namespace chatload::cli
