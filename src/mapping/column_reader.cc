#include "mapping/column_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "mapping/path_text.h"
#include "mapping/syntax_error.h"

namespace chatload::mapping {
namespace {

constexpr std::size_t kOwnTextBytesMax = 255;  // of a DEFAULT, and of a value

constexpr std::array<std::pair<std::string_view, JsonKinds>, 4> kKinds{
    {{"string", kStrings}, {"integer", kIntegers}, {"number", kNumbers}, {"boolean", kBooleans}}};
constexpr std::array<std::pair<std::string_view, Decode>, 3> kDecodes{
    {{"hex", Decode::kHex}, {"base64", Decode::kBase64}, {"uuid", Decode::kUuid}}};

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

}  // namespace

ColumnReader::ColumnReader(std::string_view file, Mapping& mapping, const DeclaredTypes& types,
                           std::vector<std::string> null_if, const toml::node* unknown)
    : NodeReader(file), mapping_(mapping), types_(types), null_if_(std::move(null_if)), unknown_(unknown) {}

// "regions.name"
void ColumnReader::read_lookup_field(const toml::node& node, const toml::table& table, Column& column) {
  const std::string& text = text_of(node);
  const std::size_t point = text.find('.');
  if (point == std::string::npos || point + 1 == text.size()) {
    fail(node, "a lookup and its field are needed here, such as 'regions.name'");
  }
  const auto lookup = std::find_if(mapping_.lookups.begin(), mapping_.lookups.end(),
                                   [&](const Lookup& one) { return one.name == text.substr(0, point); });
  if (lookup == mapping_.lookups.end()) fail(node, fmt::format("there is no [[lookup]] '{}'", text.substr(0, point)));
  if (column.origin != Origin::kRecord) fail(node, "only what is in the record, at a path, can be looked up");
  if (column.type.kind == TypeKind::kJson) fail(node, "a JSON column takes no looked-up value");
  for (const std::string_view key : {"accept", "empty"}) {
    if (const toml::node* given = table.get(key)) {
      fail(*given, fmt::format("`{}` says nothing of a column that is looked up", key));
    }
  }
  if (lookup->missing == LookupMissing::kNull && (!column.type.is_nullable || table.get("required") != nullptr)) {
    fail(node, fmt::format("what '{}' has no row for becomes NULL, which the column cannot be", lookup->name));
  }
  const std::string field = text.substr(point + 1);
  auto known = std::find(lookup->fields.begin(), lookup->fields.end(), field);
  if (known == lookup->fields.end()) known = lookup->fields.insert(known, field);
  column.lookup = {static_cast<std::size_t>(lookup - mapping_.lookups.begin()),
                   static_cast<std::size_t>(known - lookup->fields.begin())};
}

void ColumnReader::read_type(const toml::table& table, Column& column) const {
  const toml::node* const sql = table.get("sql");
  if (sql == nullptr) return take_type(*table.get("name"), column);
  try {
    column.type = parse_sql_type(text_of(*sql));
  } catch (const SyntaxError& error) {
    fail_inside(*sql, error.at_bytes(), error.what());
  }
  if (column.type.default_text && column.type.default_text->size() > kOwnTextBytesMax) {
    fail(*sql, fmt::format("a DEFAULT has up to {} bytes", kOwnTextBytesMax));
  }
  if (column.type.default_text &&
      (column.type.is_time() || column.type.kind == TypeKind::kJson || column.type.name.ends_with("TEXT"))) {
    fail(*sql, fmt::format("{} takes no DEFAULT here", type_text(column.type)));
  }
}

// The table's.
void ColumnReader::take_type(const toml::node& name, Column& column) const {
  if (!types_) {
    fail(name,
         fmt::format("the column '{}' needs `sql`, its type: this command has no table that has it", column.name));
  }
  const std::optional<std::string> declared = types_(mapping_.table, column.name);
  if (!declared) {
    fail(name, fmt::format("the column '{}' needs `sql`, its type: the table '{}' is not there, or has no such column",
                           column.name, mapping_.table));
  }
  if (declared->empty()) return;
  try {
    column.type = parse_sql_type(*declared);
  } catch (const SyntaxError&) {
    fail(name, fmt::format("the column '{}' is {} in the table, which no mapping can fill", column.name, *declared));
  }
}

Column ColumnReader::read(const toml::table& table) {
  require_known(table,
                {"name", "sql", "path", "outer", "value", "meta", "lookup", "time", "accept", "decode", "required",
                 "empty", "null_if"},
                " of a column");
  Column column;
  column.name = name_of(required(table, "name", "the column"), "a column's name");
  read_type(table, column);
  read_origin(table, column);
  if (!column.type.is_known()) return column;
  read_times(table.get("time"), column);
  read_accepted(table.get("accept"), column);
  if (const toml::node* lookup = table.get("lookup")) read_lookup_field(*lookup, table, column);
  if (const toml::node* decode = table.get("decode")) read_decode(*decode, column);
  if (const toml::node* is_required = table.get("required")) column.is_required = truth_of(*is_required);
  if (const toml::node* may_be_empty = table.get("empty")) {
    if (!column.type.is_text() && column.type.kind != TypeKind::kBytes) {
      fail(*may_be_empty, fmt::format("{} is never empty", type_text(column.type)));
    }
    column.may_be_empty = truth_of(*may_be_empty);
  }
  const bool is_read = column.origin == Origin::kRecord || column.origin == Origin::kDocument;
  if (is_read) read_null_texts(table.get("null_if"), column);
  return column;
}

// What else may stand beside it depends on where the value comes from.
void ColumnReader::read_origin(const toml::table& table, Column& column) {
  const toml::node* given = nullptr;
  for (const std::string_view key : {"path", "outer", "value", "meta"}) {
    const toml::node* const node = table.get(key);
    if (node != nullptr && given != nullptr) fail(*node, "a column has one of path, outer, value and meta");
    if (node != nullptr) given = node;
  }
  if (unknown_ != nullptr && text_of(*unknown_) == column.name) {
    column.origin = Origin::kUnknown;
    const bool can_be_json = column.type.kind == TypeKind::kJson || !column.type.is_known();
    if (!can_be_json) fail(table, "the column that takes unknown fields has to be JSON");
    require_alone(table, {"name", "sql"}, "that takes unknown fields");
  } else if (const toml::node* outer = table.get("outer")) {
    column.origin = Origin::kDocument;
    read_outer(*outer, column);
  } else if (const toml::node* value = table.get("value")) {
    require_alone(table, {"name", "sql", "value", "time", "decode"}, "with a value of its own");
    read_constant(*value, column);
  } else if (const toml::node* meta = table.get("meta")) {
    require_alone(table, {"name", "sql", "meta"}, "with meta");
    read_meta(*meta, column);
  } else {
    read_paths(table.get("path"), column);
  }
}

void ColumnReader::read_outer(const toml::node& node, Column& column) {
  const std::vector<PathStep>& array = mapping_.records.array;
  if (mapping_.records.kind != RecordForm::Kind::kElements) {
    fail(node, "`outer` is for records that are elements of an array, such as records = \"$.Records[*]\"");
  }
  column.outer = steps_of(node);
  const auto [outer, in_array] = std::mismatch(column.outer.begin(), column.outer.end(), array.begin(), array.end());
  if (outer == column.outer.end() || in_array == array.end()) {
    fail(node, "`outer` is for values beside the records: this path leads to the array, or to what it stands in");
  }
  mapping_.records.outer.push_back(column.outer);
}

void ColumnReader::read_constant(const toml::node& node, Column& column) const {
  column.origin = Origin::kConstant;
  if (!column.type.is_known()) return;
  if (column.type.kind == TypeKind::kJson) fail(node, "a JSON column takes no value of its own");
  if (node.is_boolean() && column.type.kind == TypeKind::kBoolean) {
    column.constant = node.as_boolean()->get() ? "1" : "0";
  } else if (node.is_integer()) {
    column.constant = std::to_string(node.as_integer()->get());
  } else {
    column.constant = text_of(node);
  }
  if (column.constant.size() > kOwnTextBytesMax) {
    fail(node, fmt::format("a value has up to {} bytes", kOwnTextBytesMax));
  }
}

void ColumnReader::read_meta(const toml::node& node, Column& column) const {
  const auto* const meta = std::find_if(kMetaOrigins.begin(), kMetaOrigins.end(),
                                        [&](const auto& known) { return known.first == text_of(node); });
  if (meta == kMetaOrigins.end()) {
    fail(node, fmt::format("there is no meta '{}'; there are source, line, offset, load, loaded_at", text_of(node)));
  }
  column.origin = meta->second;
  if (!column.type.is_known()) return;
  const bool fits = column.origin == Origin::kSource     ? column.type.is_text()
                    : column.origin == Origin::kLoadedAt ? column.type.is_time() && column.type.kind != TypeKind::kDate
                                                         : column.type.kind == TypeKind::kInteger;
  if (fits) return;
  fail(node, fmt::format("{} does not hold `{}`, which is {}", type_text(column.type), meta->first,
                         column.origin == Origin::kSource     ? "a text"
                         : column.origin == Origin::kLoadedAt ? "a DATETIME or a TIMESTAMP"
                                                              : "an integer"));
}

void ColumnReader::read_paths(const toml::node* node, Column& column) {
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

std::vector<PathStep> ColumnReader::steps_of(const toml::node& node) const {
  try {
    return parse_path(text_of(node));
  } catch (const SyntaxError& error) {
    fail_inside(node, error.at_bytes(), error.what());
  }
}

void ColumnReader::read_times(const toml::node* node, Column& column) const {
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

void ColumnReader::read_accepted(const toml::node* node, Column& column) const {
  const Taken taken = taken_by(column);
  column.accepts = taken.always;
  if (node == nullptr) return;
  for (const toml::node* one : some(*node)) {
    const auto* const kind =
        std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& known) { return known.first == text_of(*one); });
    if (kind != kKinds.end() && (taken.possible & kind->second) != 0) {
      column.accepts |= kind->second;
      column.takes_epoch_texts |= column.type.is_time() && kind->second == kStrings;
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

void ColumnReader::read_decode(const toml::node& node, Column& column) const {
  if (column.type.kind != TypeKind::kBytes) fail(node, "only VARBINARY, BINARY and the BLOB types are decoded");
  const auto* const decode =
      std::find_if(kDecodes.begin(), kDecodes.end(), [&](const auto& known) { return known.first == text_of(node); });
  if (decode == kDecodes.end()) {
    fail(node, fmt::format("there is no encoding '{}'; there are hex, base64, uuid", text_of(node)));
  }
  column.decode = decode->second;
}

void ColumnReader::read_null_texts(const toml::node* node, Column& column) const {
  const bool can_be_null = column.type.is_nullable && !column.is_required;
  if (node == nullptr) {
    if (can_be_null) column.null_if = null_if_;
    return;
  }
  if (!can_be_null) fail(*node, fmt::format("the column '{}' cannot be NULL", column.name));
  column.null_if = texts_of(*node);
}

}  // namespace chatload::mapping
