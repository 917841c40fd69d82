#include "mapping/path_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/json_scalar.h"
#include "mapping/syntax_error.h"

namespace chatload::mapping {
namespace {

constexpr std::string_view kExample = "a path is like $.data.message, $.\"a key\" or $.list[0]";

class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text) {}

  std::vector<PathStep> steps() {
    const bool has_root = take('$');
    if (!has_root) steps_.emplace_back(key());
    while (at_ < text_.size()) {
      if (take('.')) {
        steps_.emplace_back(key());
      } else if (!steps_.empty() && take('[')) {
        steps_.emplace_back(index());
      } else {
        fail(kExample);
      }
    }
    if (steps_.empty()) fail("the record itself is no value of a column: name a key, such as $.id");
    return std::move(steps_);
  }

 private:
  [[noreturn]] void fail(std::string_view what) const { throw SyntaxError(std::string(what), at_); }

  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string key() {
    if (take('"')) return quoted_key();
    const std::size_t end = std::min(text_.find_first_of(".[", at_), text_.size());
    const std::string_view name = text_.substr(at_, end - at_);
    if (name.find('*') != std::string_view::npos) fail("a wildcard names more than one value, where a column has one");
    if (name.empty() || name.find_first_of("$\"'] ") != std::string_view::npos) fail(kExample);
    at_ = end;
    return std::string(name);
  }

  // A string of JSON.
  std::string quoted_key() {
    std::string name;
    while (!take('"')) {
      if (at_ == text_.size()) fail("the key does not end");
      if (text_[at_] == '\\') {
        name += escaped_character();
      } else {
        name += text_[at_++];
      }
    }
    return name;
  }

  std::string escaped_character() {
    constexpr std::array<std::size_t, 3> kSizes = {2, 6, 12};  // \n, \u0041, \ud83d\ude42
    std::array<char, 12> out{};
    for (const std::size_t size_bytes : kSizes) {
      const std::optional<std::string_view> character = unescape(text_.substr(at_, size_bytes), out.data());
      if (!character) continue;
      at_ += size_bytes;
      return std::string(*character);
    }
    fail("a quoted key has the escapes of JSON, such as \\\", \\\\ and \\u0009");
  }

  std::uint32_t index() {
    std::uint32_t value = 0;
    const char* const begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc{}) fail("an element's index is a number from 0 on, such as [0]");
    at_ += static_cast<std::size_t>(end - begin);
    if (!take(']')) fail("']' is missing here");
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<PathStep> steps_;
};

}  // namespace

std::vector<PathStep> parse_path(std::string_view text) { return PathParser(text).steps(); }

RecordForm parse_records(std::string_view text) {
  constexpr std::string_view kElements = "[*]";
  if (text == "lines") return {.kind = RecordForm::Kind::kLines, .array = {}};
  if (text == "values") return {.kind = RecordForm::Kind::kValues, .array = {}};
  if (!text.ends_with(kElements)) {
    throw SyntaxError("it takes lines, values, or the path of an array with [*] at its end, such as $.Records[*]", 0);
  }
  text.remove_suffix(kElements.size());
  RecordForm records{.kind = RecordForm::Kind::kElements, .array = {}};
  if (text != "$") records.array = parse_path(text);
  return records;
}

}  // namespace chatload::mapping
