#include "mapping/node_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "base/errors.h"
#include "base/utf8.h"

namespace chatload::mapping {
namespace {

// Where a byte of a text stands in the file; where the text is not written as it is, the text's begin.
std::uint32_t column_in(const toml::node& node, std::size_t text_bytes, std::size_t at_bytes) {
  const toml::source_region& place = node.source();
  const bool is_as_written =
      place.begin.line == place.end.line && place.end.column - place.begin.column == text_bytes + 2;
  return place.begin.column + (is_as_written ? 1 + static_cast<std::uint32_t>(at_bytes) : 0);
}

}  // namespace

void NodeReader::fail_at(std::uint32_t line, std::uint32_t column, std::string_view sentence) const {
  throw UsageError(fmt::format("{}:{}:{}: {}.", file_, line, column, sentence));
}

void NodeReader::fail(const toml::node& node, std::string_view sentence) const {
  fail_at(node.source().begin.line, node.source().begin.column, sentence);
}

void NodeReader::fail_inside(const toml::node& node, std::size_t at_bytes, std::string_view sentence) const {
  fail_at(node.source().begin.line, column_in(node, text_of(node).size(), at_bytes), sentence);
}

void NodeReader::require_known(const toml::table& table, Names names, std::string_view where) const {
  for (const auto& [key, node] : table) {
    if (std::find(names.begin(), names.end(), key.str()) != names.end()) continue;
    fail_at(key.source().begin.line, key.source().begin.column,
            fmt::format("there is no key '{}'{}; there are {}", key.str(), where, fmt::join(names, ", ")));
  }
}

const toml::node& NodeReader::required(const toml::table& table, std::string_view key, std::string_view of) const {
  const toml::node* const node = table.get(key);
  if (node == nullptr) fail(table, fmt::format("{} lacks `{}`", of, key));
  return *node;
}

const std::string& NodeReader::text_of(const toml::node& node) const {
  const auto* text = node.as_string();
  if (text == nullptr) fail(node, "a text in quotes is needed here");
  return text->get();
}

bool NodeReader::truth_of(const toml::node& node) const {
  const auto* truth = node.as_boolean();
  if (truth == nullptr) fail(node, "true or false is needed here");
  return truth->get();
}

// One, or a list of them; which it is shows in nothing.
std::vector<const toml::node*> NodeReader::some(const toml::node& node) const {
  const toml::array* const array = node.as_array();
  if (array == nullptr) return {&node};
  if (array->empty()) fail(node, "the list is empty");
  std::vector<const toml::node*> nodes;
  for (const toml::node& one : *array) nodes.push_back(&one);
  return nodes;
}

std::vector<std::string> NodeReader::texts_of(const toml::node& node) const {
  std::vector<std::string> texts;
  for (const toml::node* one : some(node)) texts.push_back(text_of(*one));
  return texts;
}

std::string NodeReader::name_of(const toml::node& node, std::string_view what) const {
  const std::string& name = text_of(node);
  const bool is_good = !name.empty() && count_characters(name) <= kNameCharactersMax && name.back() != ' ' &&
                       name.find('\0') == std::string::npos;
  if (!is_good) fail(node, fmt::format("{} has 1 to {} characters and no space at its end", what, kNameCharactersMax));
  return name;
}

// [[column]], [[only]]
std::vector<const toml::table*> NodeReader::tables_of(const toml::node& node, std::string_view name) const {
  const toml::array* const array = node.as_array();
  if (array == nullptr || !array->is_array_of_tables()) {
    fail(node, fmt::format("each is a table of its own: [[{}]]", name));
  }
  std::vector<const toml::table*> tables;
  for (const toml::node& one : *array) tables.push_back(one.as_table());
  return tables;
}

// A number, or a text that should be one.
std::string NodeReader::number_or_text_of(const toml::node& node) const {
  if (node.is_integer()) return std::to_string(node.as_integer()->get());
  if (node.is_floating_point()) return fmt::format("{}", node.as_floating_point()->get());
  return text_of(node);
}

void NodeReader::require_alone(const toml::table& table, Names names, std::string_view which) const {
  for (const auto& [key, node] : table) {
    if (std::find(names.begin(), names.end(), key.str()) != names.end()) continue;
    fail_at(key.source().begin.line, key.source().begin.column,
            fmt::format("`{}` says nothing of a column {}", key.str(), which));
  }
}

std::size_t NodeReader::index_of(const Mapping& mapping, const toml::node& node) const {
  const std::optional<std::size_t> index = mapping.column_of(text_of(node));
  if (index) return *index;
  std::vector<std::string_view> names;
  for (const Column& column : mapping.columns) names.push_back(column.name);
  fail(node, fmt::format("there is no column '{}'; there are {}", text_of(node), fmt::join(names, ", ")));
}

}  // namespace chatload::mapping
