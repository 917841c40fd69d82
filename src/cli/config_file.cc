#include "cli/config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/errors.h"

namespace chatload::cli {
namespace {

constexpr std::string_view kKeyCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
constexpr std::string_view kBareCharacters = "0123456789+-_.:TtZz";

// A cursor over the text: each method takes what its name says or throws.
class Reader {
 public:
  Reader(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  std::vector<ConfigEntry> take_all() {
    std::vector<ConfigEntry> entries;
    std::string section;
    for (skip_blank_lines(); !text_.empty(); skip_blank_lines()) {
      if (take('[')) {
        skip_spaces();
        section = take_name();
        skip_spaces();
        expect(']', "a section is [load], [check] or [schema]");
      } else {
        entries.push_back(take_entry(section));
        refuse_repetition(entries);
      }
      take_line_end();
    }
    return entries;
  }

 private:
  ConfigEntry take_entry(const std::string& section) {
    ConfigEntry entry{.section = section, .key = "", .values = {}, .line = line_};
    entry.key = take_name();
    skip_spaces();
    expect('=', "a line is `flag = value`");
    skip_spaces();
    if (take('[')) {
      take_array(entry.values);
    } else {
      entry.values.push_back(take_value());
    }
    return entry;
  }

  void take_array(std::vector<std::string>& values) {
    for (skip_blank_lines(); !take(']'); skip_blank_lines()) {
      values.push_back(take_value());
      skip_blank_lines();
      if (take(']')) return;
      expect(',', "an array is [\"a\", \"b\"]");
    }
  }

  std::string take_value() {
    if (take('"')) return take_basic_string();
    if (take('\'')) return take_literal_string();
    std::string value = take_bytes(std::min(text_.find_first_of(" \t\r\n,]#"), text_.size()));
    const std::size_t first_digit = value.find_first_not_of("+-");
    if (first_digit > 1 || value[first_digit] < '0' || value[first_digit] > '9' ||
        value.find_first_not_of(kBareCharacters) != std::string::npos) {
      fail("a value is a number, a date, or text in quotes");
    }
    std::erase(value, '_');
    return value;
  }

  std::string take_basic_string() {
    std::string value;
    while (!take('"')) {
      const char next = take_string_byte();
      value += next == '\\' ? take_escape() : next;
    }
    return value;
  }

  std::string take_literal_string() {
    std::string value;
    while (!take('\'')) value += take_string_byte();
    return value;
  }

  char take_escape() {
    switch (take_string_byte()) {
      case '"': return '"';
      case '\\': return '\\';
      case 't': return '\t';
      default: fail("the escapes in a string are \\\", \\\\ and \\t");
    }
  }

  char take_string_byte() {
    if (text_.empty() || text_.front() == '\n') fail("a string ends on the line where it begins");
    return take_bytes(1).front();
  }

  std::string take_name() {
    const std::size_t length = std::min(text_.find_first_not_of(kKeyCharacters), text_.size());
    if (length == 0) fail("a line is `flag = value` or [section]");
    return take_bytes(length);
  }

  void take_line_end() {
    skip_spaces();
    skip_comment();
    if (!text_.empty() && text_.front() != '\n') fail("only a # comment can follow a value or a section");
  }

  void skip_blank_lines() {
    while (true) {
      skip_spaces();
      skip_comment();
      if (text_.empty() || text_.front() != '\n') return;
      text_.remove_prefix(1);
      ++line_;
    }
  }

  void skip_comment() {
    if (text_.starts_with('#')) text_.remove_prefix(std::min(text_.find('\n'), text_.size()));
  }

  void skip_spaces() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r"), text_.size())); }

  bool take(char wanted) {
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(1);
    return true;
  }

  void expect(char wanted, std::string_view form) {
    if (!take(wanted)) fail(form);
  }

  std::string take_bytes(std::size_t count) {
    std::string bytes(text_.substr(0, count));
    text_.remove_prefix(count);
    return bytes;
  }

  void refuse_repetition(const std::vector<ConfigEntry>& entries) const {
    const ConfigEntry& last = entries.back();
    const auto same = [&](const ConfigEntry& entry) { return entry.section == last.section && entry.key == last.key; };
    if (std::count_if(entries.begin(), entries.end(), same) > 1) {
      throw UsageError(fmt::format("{}:{}: '{}' is set twice.", name_, last.line, last.key));
    }
  }

  [[noreturn]] void fail(std::string_view form) const {
    throw UsageError(fmt::format("{}:{}: this is not understood: {}.", name_, line_, form));
  }

  std::string_view text_;
  std::string_view name_;
  std::size_t line_ = 1;
};

}  // namespace

std::vector<ConfigEntry> parse_config(std::string_view text, std::string_view name) {
  return Reader(text, name).take_all();
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
