// The columns and keys of a CREATE TABLE stand between its outermost brackets and are divided by commas, which, like
// brackets, may also stand in a quoted name, in a text (a default, a comment) and within brackets (the columns of a
// key, an expression). Line ends are no boundary: a name may hold one.
#include "table/index_definition.h"

#include <cstddef>

namespace chatload::table {
namespace {

constexpr std::string_view kPlainKey = "KEY `";
constexpr std::string_view kBlanks = " \n";

// From an opening quote on: just behind the closing one, which is neither doubled nor, outside of names, escaped.
std::size_t behind_quoted(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  for (std::size_t at = begin + 1; at < text.size(); ++at) {
    if (text[at] == '\\' && quote != '`') {
      ++at;
    } else if (text[at] == quote) {
      if (at + 1 == text.size() || text[at + 1] != quote) return at + 1;
      ++at;
    }
  }
  return text.size();
}

std::string unquoted(std::string_view name) {
  std::string plain;
  for (std::size_t at = 1; at + 1 < name.size(); ++at) {
    plain += name[at];
    if (name[at] == '`') ++at;
  }
  return plain;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

void add_if_plain(std::string_view part, std::vector<IndexDefinition>& indexes) {
  part = trimmed(part);
  if (!part.starts_with(kPlainKey)) return;
  const std::size_t name = kPlainKey.size() - 1;
  indexes.push_back({unquoted(part.substr(name, behind_quoted(part, name) - name)), std::string(part)});
}

}  // namespace

std::vector<IndexDefinition> plain_indexes(std::string_view create_table) {
  std::vector<IndexDefinition> indexes;
  std::size_t depth = 0;
  std::size_t part = 0;
  for (std::size_t at = 0; at < create_table.size();) {
    const char c = create_table[at];
    if (c == '`' || c == '\'' || c == '"') {
      at = behind_quoted(create_table, at);
      continue;
    }
    if (c == '(' && ++depth == 1) part = at + 1;
    if (depth == 1 && (c == ',' || c == ')')) {
      add_if_plain(create_table.substr(part, at - part), indexes);
      part = at + 1;
    }
    if (c == ')' && --depth == 0) break;
    ++at;
  }
  return indexes;
}

}  // namespace chatload::table
