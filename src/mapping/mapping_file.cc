// Over 400 lines: each key of the file is read and judged here, one after the other.
#include "mapping/mapping_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/errors.h"
#include "base/json_scalar.h"
#include "base/lower.h"
#include "base/utf8.h"
#include "chat_mapping_toml.h"
#include "mapping/path_text.h"
#include "mapping/syntax_error.h"

namespace chatload::mapping {
namespace {

constexpr std::size_t kNameCharactersMax = 64;  // of a table, a column or an index
constexpr std::size_t kDefaultBytesMax = 255;
constexpr std::uintmax_t kFileBytesMax = 1 << 20;
constexpr std::size_t kOutlineBytesMax = 32'000;  // quoted, it fits the ledger's TEXT

using Names = std::initializer_list<std::string_view>;

constexpr std::array<std::pair<std::string_view, JsonKinds>, 4> kKinds{
    {{"string", kStrings}, {"integer", kIntegers}, {"number", kNumbers}, {"boolean", kBooleans}}};
constexpr std::array<std::pair<std::string_view, Decode>, 3> kDecodes{
    {{"hex", Decode::kHex}, {"base64", Decode::kBase64}, {"uuid", Decode::kUuid}}};

constexpr std::array<std::pair<std::string_view, Bound::Kind>, 4> kOrderings{{{"above", Bound::Kind::kAbove},
                                                                              {"below", Bound::Kind::kBelow},
                                                                              {"at_least", Bound::Kind::kAtLeast},
                                                                              {"at_most", Bound::Kind::kAtMost}}};

// What a type takes of itself, and what `accept` may add.
struct Taken {
  std::uint8_t always;
  std::uint8_t possible;
};

Taken taken_by(const Column& column) {
  switch (column.type.kind) {
    case TypeKind::kText: return {kStrings, kStrings | kIntegers | kNumbers | kBooleans};
    case TypeKind::kInteger: return {kIntegers, kIntegers | kStrings};
    case TypeKind::kDecimal:
    case TypeKind::kFloating: return {kIntegers | kNumbers, kIntegers | kNumbers | kStrings};
    case TypeKind::kBoolean: return {kBooleans, kBooleans | kIntegers};
    case TypeKind::kJson: return {kAnyValue, 0};
    case TypeKind::kEnum:
    case TypeKind::kSet:
    case TypeKind::kUuid:
    case TypeKind::kBytes: return {kStrings, kStrings};
    case TypeKind::kDate:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp: break;
  }
  std::uint8_t always = 0;
  for (const TimeFormat& time : column.times) always |= time.kind == TimeKind::kEpoch ? kIntegers : kStrings;
  return {always, static_cast<std::uint8_t>(always | kStrings)};
}

// Where a byte of a text stands in the file; where the text is not written as it is, the text's begin.
std::uint32_t column_in(const toml::node& node, std::size_t text_bytes, std::size_t at_bytes) {
  const toml::source_region& place = node.source();
  const bool is_as_written =
      place.begin.line == place.end.line && place.end.column - place.begin.column == text_bytes + 2;
  return place.begin.column + (is_as_written ? 1 + static_cast<std::uint32_t>(at_bytes) : 0);
}

bool can_be_indexed(const SqlType& type) {
  const bool is_large = type.name.ends_with("TEXT") || type.name.ends_with("BLOB");
  return type.kind != TypeKind::kJson && !is_large;
}

// What it takes of an index at most; of other charsets the server says.
std::size_t key_bytes_max(const SqlType& type) {
  constexpr std::size_t kDecimalBytesMax = 30;
  if (type.kind == TypeKind::kBytes) return type.bytes_max;
  if (!type.is_text()) return type.kind == TypeKind::kDecimal ? kDecimalBytesMax : 16;
  const bool is_of_four_bytes = type.charset.empty() || type.charset == "utf8mb4";
  return (is_of_four_bytes ? 4 : 1) * type.characters_max;
}

class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  Mapping read(const toml::table& root) {
    require_known(root, {"table", "records", "primary_key", "indexes", "time", "kind", "null_if", "column", "only"},
                  "");
    const toml::node& table = required(root, "table", "the mapping");
    mapping_.table = name_of(table, "a table's name");
    if (lower(mapping_.table).starts_with("chatload_")) fail(table, "names that begin with chatload_ are the ledger's");
    if (const toml::node* records = root.get("records")) read_records(*records);
    if (const toml::node* texts = root.get("null_if")) null_if_ = texts_of(*texts);
    read_columns(root);
    read_key(root);
    if (const toml::node* kind = root.get("kind")) {
      mapping_.kind = index_of(*kind);
      const Column& column = mapping_.columns[*mapping_.kind];
      if (!column.type.is_text()) fail(*kind, "the column that says the kind has to be text");
      if (!column.paths.front().when.empty()) fail(*kind, "the column that says the kind has one path for all kinds");
    }
    if (const toml::node* time = root.get("time")) {
      mapping_.time = index_of(*time);
      if (!mapping_.columns[*mapping_.time].type.is_time()) {
        fail(*time, "the column that --since and --until compare has to be a DATE, DATETIME or TIMESTAMP");
      }
    }
    if (const toml::node* indexes = root.get("indexes")) read_indexes(*indexes);
    if (const toml::node* only = root.get("only")) read_conditions(*only);
    if (kinds_at_ != nullptr && !mapping_.kind) {
      fail(*kinds_at_, "a path by kind needs `kind` at the top, the column that says which");
    }
    std::size_t outline_bytes = 0;
    for (const std::string& line : outline_of(mapping_)) outline_bytes += line.size();
    if (outline_bytes > kOutlineBytesMax) {
      fail(root, fmt::format("the mapping is too large for the ledger: what it says comes to {} bytes, and {} are kept",
                             outline_bytes, kOutlineBytesMax));
    }
    return std::move(mapping_);
  }

 private:
  [[noreturn]] void fail_at(std::uint32_t line, std::uint32_t column, std::string_view sentence) const {
    throw UsageError(fmt::format("{}:{}:{}: {}.", file_, line, column, sentence));
  }
  [[noreturn]] void fail(const toml::node& node, std::string_view sentence) const {
    fail_at(node.source().begin.line, node.source().begin.column, sentence);
  }
  [[noreturn]] void fail_inside(const toml::node& node, std::size_t at_bytes, std::string_view sentence) const {
    fail_at(node.source().begin.line, column_in(node, text_of(node).size(), at_bytes), sentence);
  }

  void require_known(const toml::table& table, Names names, std::string_view where) const {
    for (const auto& [key, node] : table) {
      if (std::find(names.begin(), names.end(), key.str()) != names.end()) continue;
      fail_at(key.source().begin.line, key.source().begin.column,
              fmt::format("there is no key '{}'{}; there are {}", key.str(), where, fmt::join(names, ", ")));
    }
  }

  [[nodiscard]] const toml::node& required(const toml::table& table, std::string_view key, std::string_view of) const {
    const toml::node* const node = table.get(key);
    if (node == nullptr) fail(table, fmt::format("{} lacks `{}`", of, key));
    return *node;
  }

  [[nodiscard]] const std::string& text_of(const toml::node& node) const {
    const auto* text = node.as_string();
    if (text == nullptr) fail(node, "a text in quotes is needed here");
    return text->get();
  }
  [[nodiscard]] bool truth_of(const toml::node& node) const {
    const auto* truth = node.as_boolean();
    if (truth == nullptr) fail(node, "true or false is needed here");
    return truth->get();
  }
  // One, or a list of them; which it is shows in nothing.
  [[nodiscard]] std::vector<const toml::node*> some(const toml::node& node) const {
    const toml::array* const array = node.as_array();
    if (array == nullptr) return {&node};
    if (array->empty()) fail(node, "the list is empty");
    std::vector<const toml::node*> nodes;
    for (const toml::node& one : *array) nodes.push_back(&one);
    return nodes;
  }
  [[nodiscard]] std::vector<std::string> texts_of(const toml::node& node) const {
    std::vector<std::string> texts;
    for (const toml::node* one : some(node)) texts.push_back(text_of(*one));
    return texts;
  }
  [[nodiscard]] std::string name_of(const toml::node& node, std::string_view what) const {
    const std::string& name = text_of(node);
    const bool is_good = !name.empty() && count_characters(name) <= kNameCharactersMax && name.back() != ' ' &&
                         name.find('\0') == std::string::npos;
    if (!is_good)
      fail(node, fmt::format("{} has 1 to {} characters and no space at its end", what, kNameCharactersMax));
    return name;
  }
  [[nodiscard]] std::size_t index_of(const toml::node& node) const {
    const std::optional<std::size_t> index = mapping_.column_of(text_of(node));
    if (index) return *index;
    std::vector<std::string_view> names;
    for (const Column& column : mapping_.columns) names.push_back(column.name);
    fail(node, fmt::format("there is no column '{}'; there are {}", text_of(node), fmt::join(names, ", ")));
  }

  // [[column]], [[only]]
  [[nodiscard]] std::vector<const toml::table*> tables_of(const toml::node& node, std::string_view name) const {
    const toml::array* const array = node.as_array();
    if (array == nullptr || !array->is_array_of_tables()) {
      fail(node, fmt::format("each is a table of its own: [[{}]]", name));
    }
    std::vector<const toml::table*> tables;
    for (const toml::node& one : *array) tables.push_back(one.as_table());
    return tables;
  }

  void read_records(const toml::node& node) {
    try {
      mapping_.records = parse_records(text_of(node));
    } catch (const SyntaxError& error) {
      fail_inside(node, error.at_bytes(), error.what());
    }
  }

  void read_columns(const toml::table& root) {
    std::set<std::string> names;
    for (const toml::table* table : tables_of(required(root, "column", "the mapping"), "column")) {
      if (mapping_.columns.size() == kColumnsMax)
        fail(*table, fmt::format("a mapping has up to {} columns", kColumnsMax));
      mapping_.columns.push_back(read_column(*table));
      if (!names.insert(lower(mapping_.columns.back().name)).second) {
        fail(*table->get("name"), fmt::format("the column '{}' is there twice", mapping_.columns.back().name));
      }
    }
  }

  Column read_column(const toml::table& table) {
    require_known(table, {"name", "sql", "path", "time", "accept", "decode", "required", "empty", "null_if"},
                  " of a column");
    Column column;
    column.name = name_of(required(table, "name", "the column"), "a column's name");
    const toml::node& sql = required(table, "sql", fmt::format("the column '{}'", column.name));
    try {
      column.type = parse_sql_type(text_of(sql));
    } catch (const SyntaxError& error) {
      fail_inside(sql, error.at_bytes(), error.what());
    }
    if (column.type.default_text && column.type.default_text->size() > kDefaultBytesMax) {
      fail(sql, fmt::format("a DEFAULT has up to {} bytes", kDefaultBytesMax));
    }
    if (column.type.default_text &&
        (column.type.is_time() || column.type.kind == TypeKind::kJson || column.type.name.ends_with("TEXT"))) {
      fail(sql, fmt::format("{} takes no DEFAULT here", type_text(column.type)));
    }
    read_paths(table.get("path"), column);
    read_times(table.get("time"), column);
    read_accepted(table.get("accept"), column);
    if (const toml::node* decode = table.get("decode")) read_decode(*decode, column);
    if (const toml::node* is_required = table.get("required")) column.is_required = truth_of(*is_required);
    if (const toml::node* may_be_empty = table.get("empty")) {
      if (!column.type.is_text() && column.type.kind != TypeKind::kBytes) {
        fail(*may_be_empty, fmt::format("{} is never empty", type_text(column.type)));
      }
      column.may_be_empty = truth_of(*may_be_empty);
    }
    read_null_texts(table.get("null_if"), column);
    return column;
  }

  void read_paths(const toml::node* node, Column& column) {
    if (node == nullptr) {
      column.paths.push_back({.when = "", .steps = {column.name}});
    } else if (const toml::table* by_kind = node->as_table()) {
      if (by_kind->empty()) fail(*node, "there is no kind");
      if (kinds_at_ == nullptr) kinds_at_ = node;
      for (const auto& [kind, path] : *by_kind) column.paths.push_back({std::string(kind.str()), steps_of(path)});
    } else {
      column.paths.push_back({.when = "", .steps = steps_of(*node)});
    }
  }

  [[nodiscard]] std::vector<PathStep> steps_of(const toml::node& node) const {
    try {
      return parse_path(text_of(node));
    } catch (const SyntaxError& error) {
      fail_inside(node, error.at_bytes(), error.what());
    }
  }

  void read_times(const toml::node* node, Column& column) const {
    if (node == nullptr) {
      if (column.type.is_time()) {
        column.times.push_back(*time_format(column.type.kind == TypeKind::kDate ? "%Y-%m-%d" : "rfc3339"));
      }
      return;
    }
    if (!column.type.is_time()) fail(*node, fmt::format("{} is no time", type_text(column.type)));
    for (const toml::node* one : some(*node)) {
      const std::optional<TimeFormat> format = time_format(text_of(*one));
      if (!format) {
        fail(*one,
             fmt::format("there is no time format '{}'; there are rfc3339, epoch_s, epoch_ms, epoch_us, epoch_ns, and "
                         "those of strptime, such as %d/%b/%Y:%H:%M:%S %z",
                         text_of(*one)));
      }
      column.times.push_back(*format);
    }
  }

  void read_accepted(const toml::node* node, Column& column) const {
    const Taken taken = taken_by(column);
    column.accepts = taken.always;
    if (node == nullptr) return;
    for (const toml::node* one : some(*node)) {
      const auto* const kind =
          std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& known) { return known.first == text_of(*one); });
      if (kind != kKinds.end() && (taken.possible & kind->second) != 0) {
        column.accepts |= kind->second;
        continue;
      }
      std::vector<std::string_view> names;
      for (const auto& [name, bit] : kKinds) {
        if ((taken.possible & bit) != 0) names.push_back(name);
      }
      fail(*one, names.empty() ? fmt::format("{} takes any value as it is", type_text(column.type))
                               : fmt::format("{} can be made of {}, not of '{}'", type_text(column.type),
                                             fmt::join(names, ", "), text_of(*one)));
    }
  }

  void read_decode(const toml::node& node, Column& column) const {
    if (column.type.kind != TypeKind::kBytes) fail(node, "only VARBINARY, BINARY and the BLOB types are decoded");
    const auto* const decode =
        std::find_if(kDecodes.begin(), kDecodes.end(), [&](const auto& known) { return known.first == text_of(node); });
    if (decode == kDecodes.end()) {
      fail(node, fmt::format("there is no encoding '{}'; there are hex, base64, uuid", text_of(node)));
    }
    column.decode = decode->second;
  }

  void read_null_texts(const toml::node* node, Column& column) const {
    const bool can_be_null = column.type.is_nullable && !column.is_required;
    if (node == nullptr) {
      if (can_be_null) column.null_if = null_if_;
      return;
    }
    if (!can_be_null) fail(*node, fmt::format("the column '{}' cannot be NULL", column.name));
    column.null_if = texts_of(*node);
  }

  void read_key(const toml::table& root) {
    const toml::node& node = required(root, "primary_key", "the mapping");
    const toml::array* const names = node.as_array();
    if (names == nullptr) fail(node, "primary_key is a list of columns, such as [\"id\"], or [] where there is no key");
    std::size_t bytes = 0;
    for (const toml::node& name : *names) {
      const std::size_t index = index_of(name);
      Column& column = mapping_.columns[index];
      if (!can_be_indexed(column.type)) {
        fail(name, fmt::format("{} cannot be a part of the primary key", type_text(column.type)));
      }
      if (column.type.is_nullable) fail(name, "the primary key's columns have to be NOT NULL");
      if (column.type.default_text) fail(name, "the primary key's columns have no DEFAULT");
      const auto is_this = [&](const KeyPart& part) { return part.column == index; };
      if (std::any_of(mapping_.key.begin(), mapping_.key.end(), is_this)) {
        fail(name, fmt::format("the column '{}' is in the primary key twice", column.name));
      }
      bytes += key_bytes_max(column.type);
      if (bytes > kKeyBytesMax) {
        fail(name, fmt::format("a key holds up to {} bytes, which are {} characters in utf8mb4", kKeyBytesMax,
                               kKeyCharactersMax));
      }
      column.is_required = true;
      mapping_.key.push_back({index, key_form(column.type)});
    }
  }

  void read_indexes(const toml::node& node) {
    const toml::array* const indexes = node.as_array();
    if (indexes == nullptr)
      fail(node, "indexes is a list of lists of columns, such as [[\"time\"], [\"site\", \"time\"]]");
    std::set<std::string> names = {"primary"};
    for (const toml::node& one : *indexes) {
      if (!one.is_array()) fail(one, "an index is a list of columns, such as [\"time\"]");
      std::vector<std::string> columns;
      for (const toml::node* name : some(one)) {
        const Column& column = mapping_.columns[index_of(*name)];
        if (!can_be_indexed(column.type)) fail(*name, fmt::format("{} cannot be indexed", type_text(column.type)));
        if (std::find(columns.begin(), columns.end(), column.name) != columns.end()) {
          fail(*name, fmt::format("the column '{}' is in the index twice", column.name));
        }
        columns.push_back(column.name);
      }
      const std::string name = index_name(columns);
      if (count_characters(name) > kNameCharactersMax || !names.insert(lower(name)).second) {
        fail(one, fmt::format("the index would be called '{}', which is too long, or another one's name", name));
      }
      mapping_.indexes.push_back(std::move(columns));
    }
  }

  void read_conditions(const toml::node& node) {
    for (const toml::table* table : tables_of(node, "only")) {
      require_known(*table, {"column", "in", "not_in", "above", "below", "at_least", "at_most", "is_null"},
                    " of a condition");
      const toml::node& name = required(*table, "column", "the condition");
      const Column& column = mapping_.columns[index_of(name)];
      if (column.name.find('=') != std::string::npos) fail(name, "a column with '=' in its name cannot be compared");
      if (table->size() == 1)
        fail(*table,
             "the condition says nothing of its column: there are in, not_in, above, "
             "below, at_least, at_most, is_null");
      if (const toml::node* values = table->get("in")) {
        const auto is_this = [&](const Condition& one) { return one.column == column.name; };
        if (std::any_of(mapping_.only.begin(), mapping_.only.end(), is_this)) {
          fail(name, fmt::format("there is a condition on '{}' already; list all its values in one", column.name));
        }
        mapping_.only.push_back({column.name, compared_values(*values, name, column)});
      }
      if (const toml::node* values = table->get("not_in")) {
        mapping_.bounds.push_back({column.name, Bound::Kind::kNotIn, compared_values(*values, name, column)});
      }
      for (const auto& [key, kind] : kOrderings) {
        if (const toml::node* value = table->get(key)) mapping_.bounds.push_back(bound_of(*value, kind, column));
      }
      if (const toml::node* is_null = table->get("is_null")) {
        if (!column.type.is_nullable || column.is_required) {
          fail(*is_null, fmt::format("the column '{}' cannot be NULL", column.name));
        }
        mapping_.bounds.push_back(
            {column.name, truth_of(*is_null) ? Bound::Kind::kIsNull : Bound::Kind::kIsNotNull, {}});
      }
    }
  }

  [[nodiscard]] std::vector<std::string> compared_values(const toml::node& node, const toml::node& name,
                                                         const Column& column) const {
    if (!column.type.is_comparable()) {
      fail(name,
           fmt::format("a condition compares texts and numbers, and '{}' is {}", column.name, type_text(column.type)));
    }
    std::vector<std::string> values;
    for (const toml::node* value : some(node)) {
      const std::optional<std::string> compared = compared_value(column.type, text_of(*value));
      if (!compared) fail(*value, fmt::format("{} is never '{}'", type_text(column.type), text_of(*value)));
      values.push_back(*compared);
    }
    return values;
  }

  [[nodiscard]] Bound bound_of(const toml::node& node, Bound::Kind kind, const Column& column) const {
    Bound bound{column.name, kind, {}};
    if (column.type.is_time()) {
      const TimeRead of_day = read_time(*time_format("%Y-%m-%d"), text_of(node));
      const TimeRead time =
          of_day.fault == TimeFault::kNone ? of_day : read_time(*time_format("rfc3339"), text_of(node));
      if (time.fault != TimeFault::kNone) {
        fail(node, "a time is needed here, such as '2024-05-01T12:00:00Z' or '2024-05-01'");
      }
      bound.values = {text_of(node)};
      bound.microseconds = time.microseconds;
      return bound;
    }
    const bool is_number = column.type.kind == TypeKind::kInteger || column.type.kind == TypeKind::kDecimal ||
                           column.type.kind == TypeKind::kFloating;
    if (!is_number) {
      fail(node, fmt::format("only numbers and times are in an order here, and '{}' is {}", column.name,
                             type_text(column.type)));
    }
    const std::string number = node.is_integer()          ? std::to_string(node.as_integer()->get())
                               : node.is_floating_point() ? fmt::format("{}", node.as_floating_point()->get())
                                                          : text_of(node);
    if (number.empty() || scan_number(number).size_bytes != number.size()) fail(node, "a number is needed here");
    bound.values = {number};
    return bound;
  }

  const std::string_view file_;
  Mapping mapping_;
  std::vector<std::string> null_if_;
  const toml::node* kinds_at_ = nullptr;  // the first path that depends on the kind
};

}  // namespace

Mapping parse_mapping(std::string_view text, std::string_view name) {
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw UsageError(fmt::format("{}:{}:{}: {}.", name, error.source().begin.line, error.source().begin.column,
                                 error.description()));
  }
  return Reader(name).read(root);
}

Mapping read_mapping(const std::filesystem::path& path) {
  std::error_code error;
  errno = std::filesystem::is_directory(path, error) ? EISDIR : 0;
  std::ifstream file;
  if (errno == 0) file.open(path, std::ios::binary);
  if (!file.is_open()) {
    throw UsageError(fmt::format("--mapping {} cannot be read: {}.", path.string(), std::strerror(errno)));
  }
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileBytesMax) throw UsageError(fmt::format("--mapping {} is larger than 1 MiB.", path.string()));
  return parse_mapping(text, path.string());
}

const Mapping& chat_mapping() {
  static const Mapping kMapping = parse_mapping(kChatMappingToml, "chat.toml");
  return kMapping;
}

}  // namespace chatload::mapping
