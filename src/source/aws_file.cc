// [section]
// name = value            # a comment: at the beginning of a line, or after a space
// s3 =                    a name without a value begins a block
//   name = value          whose lines begin with a space
#include "source/aws_file.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/byte_order_mark.h"
#include "base/trim.h"
#include "source/http_message.h"

namespace chatload::source {
namespace {

constexpr std::string_view kSpace = " \t\r";

std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool may_begin = i == 0 || kSpace.find(text[i - 1]) != std::string_view::npos;
    if (may_begin && (text[i] == '#' || text[i] == ';')) return text.substr(0, i);
  }
  return text;
}

// "profile  "my name"" → "profile my name".
std::string section_name(std::string_view text) {
  std::string name;
  for (const char c : trimmed(text.substr(0, text.find(']')))) {
    const bool is_space = kSpace.find(c) != std::string_view::npos;
    if (c != '"' && c != '\'' && !(is_space && name.ends_with(' '))) name += is_space ? ' ' : c;
  }
  return name;
}

}  // namespace

AwsSections read_aws_sections(std::istream& text) {
  AwsSections sections;
  AwsSection* section = nullptr;
  std::string block;  // "s3." inside of that block
  bool is_first = true;
  for (std::string raw; std::getline(text, raw); is_first = false) {
    const std::string_view whole = is_first ? without_byte_order_mark(raw) : raw;
    const std::string_view line = trimmed(without_comment(whole));
    if (line.empty()) continue;
    if (line.front() == '[') {
      section = &sections[section_name(line.substr(1))];
      block.clear();
      continue;
    }
    const std::size_t name_end = line.find('=');
    if (section == nullptr || name_end == std::string_view::npos) continue;
    const std::string name = lower_case(trimmed(line.substr(0, name_end)));
    const std::string_view value = trimmed(line.substr(name_end + 1));
    const bool is_nested = kSpace.find(whole.front()) != std::string_view::npos && !block.empty();
    if (!is_nested) block = value.empty() ? name + '.' : "";
    section->insert_or_assign(is_nested ? block + name : name, std::string(value));
  }
  return sections;
}

AwsSections read_aws_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return read_aws_sections(file);
}

std::string_view value_of(const AwsSection& section, std::string_view name) {
  const auto found = section.find(name);
  return found == section.end() ? std::string_view() : found->second;
}

}  // namespace chatload::source
