#include "mapping/mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

#include "base/json_scalar.h"
#include "base/json_text.h"
#include "base/lower.h"

namespace chatload::mapping {
namespace {

constexpr std::array<std::pair<JsonKinds, std::string_view>, 5> kKindNames{{{kStrings, "string"},
                                                                            {kIntegers, "integer"},
                                                                            {kNumbers, "number"},
                                                                            {kBooleans, "boolean"},
                                                                            {kContainers, "container"}}};

std::string names_of(std::uint8_t kinds) {
  std::string names;
  for (const auto& [kind, name] : kKindNames) {
    if ((kinds & kind) != 0) names += fmt::format("{}{}", names.empty() ? "" : " ", name);
  }
  return names;
}

std::string in_quotes(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

bool is_number(std::string_view text) { return !text.empty() && scan_number(text).size_bytes == text.size(); }

bool is_plain(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  });
}

std::string path_text(const std::vector<PathStep>& steps) {
  std::string text = "$";
  for (const PathStep& step : steps) {
    if (const auto* key = std::get_if<std::string>(&step)) {
      text += '.' + (is_plain(*key) ? *key : in_quotes(*key));
    } else {
      text += fmt::format("[{}]", std::get<std::uint32_t>(step));
    }
  }
  return text;
}

std::string to_string(Decode decode) {
  switch (decode) {
    case Decode::kNone: return "none";
    case Decode::kHex: return "hex";
    case Decode::kBase64: return "base64";
    case Decode::kUuid: return "uuid";
  }
  return "";
}

std::string origin_text(const Column& column) {
  switch (column.origin) {
    case Origin::kRecord: break;
    case Origin::kDocument: return " outer " + path_text(column.outer);
    case Origin::kUnknown: return " unknown";
    case Origin::kConstant: return " value " + in_quotes(column.constant);
    default: {
      const auto* const meta = std::find_if(kMetaOrigins.begin(), kMetaOrigins.end(),
                                            [&](const auto& one) { return one.second == column.origin; });
      return fmt::format(" meta {}", meta->first);
    }
  }
  std::string text;
  for (const Path& path : column.paths) {
    text += fmt::format(" path {}{}", path.when.empty() ? "" : in_quotes(path.when) + " ", to_string(path));
  }
  return text;
}

std::string outline_of(const Lookup& lookup) {
  const auto* const missing = std::find_if(kLookupMissing.begin(), kLookupMissing.end(),
                                           [&](const auto& one) { return one.second == lookup.missing; });
  return fmt::format("{}{} key {} missing {}{}{}", kLookupOutline, in_quotes(lookup.name), in_quotes(lookup.key),
                     missing->first, kDigestOutline, lookup.digest);
}

std::string outline_of(const Column& column, const std::vector<Lookup>& lookups) {
  std::string line =
      fmt::format("column {} {}{}", in_quotes(column.name), declaration_of(column.type), origin_text(column));
  line += " accepts " + names_of(column.accepts);
  for (const TimeFormat& time : column.times) line += " time " + in_quotes(to_string(time));
  // Where the formats are of one kind, what is accepted says it.
  const auto epochs = std::count_if(column.times.begin(), column.times.end(),
                                    [](const TimeFormat& time) { return time.kind == TimeKind::kEpoch; });
  const bool is_mixed = epochs > 0 && epochs < std::ssize(column.times);
  if (column.takes_epoch_texts && is_mixed) line += " epoch texts";
  if (column.decode != Decode::kNone) line += " decode " + to_string(column.decode);
  if (column.lookup) {
    const Lookup& lookup = lookups[column.lookup->lookup];
    line += fmt::format(" lookup {}.{}", in_quotes(lookup.name), in_quotes(lookup.fields[column.lookup->field]));
  }
  if (column.is_required) line += " required";
  if (!column.may_be_empty) line += " not empty";
  for (const std::string& text : column.null_if) line += " null_if " + in_quotes(text);
  return line;
}

// As JSON has an integer, or a string in which one can begin with zeros.
bool can_be_written(const Column& column, std::string_view digits) {
  if (!is_digits(digits) || digits == "-0") return false;
  const bool is_of_text = (column.accepts & kStrings) != 0 || column.lookup || column.origin == Origin::kConstant;
  return is_of_text || is_number(digits);
}

std::string outline_of(const Bound& bound) {
  constexpr std::array<std::string_view, 7> kNames = {"not_in",  "above",   "below",      "at_least",
                                                      "at_most", "is_null", "is_not_null"};
  std::string line = fmt::format("only {} {}", in_quotes(bound.column), kNames[static_cast<std::size_t>(bound.kind)]);
  for (const std::string& value : bound.values) line += ' ' + in_quotes(value);
  return line;
}

}  // namespace

std::optional<std::size_t> Mapping::column_of(std::string_view name) const {
  for (std::size_t index = 0; index < columns.size(); ++index) {
    if (columns[index].name == name) return index;
  }
  return std::nullopt;
}

std::string to_string(const Path& path) { return path_text(path.steps); }

std::string to_string(const RecordForm& records) {
  switch (records.kind) {
    case RecordForm::Kind::kLines: return "lines";
    case RecordForm::Kind::kValues: return "values";
    case RecordForm::Kind::kElements: break;
  }
  return path_text(records.array) + "[*]";
}

bool has_origin(const Mapping& mapping, Origin origin) {
  return std::any_of(mapping.columns.begin(), mapping.columns.end(),
                     [&](const Column& column) { return column.origin == origin; });
}

std::size_t record_bytes_min(const Mapping& mapping) {
  std::set<std::string_view> keys;
  std::size_t bytes = 2;  // the brackets; the first key has no comma, but there is a line end
  for (const Column& column : mapping.columns) {
    if (column.may_be_missing()) continue;
    for (const Path& path : column.paths) {
      const auto* key = path.steps.empty() ? nullptr : std::get_if<std::string>(&path.steps.front());
      if (key == nullptr || !path.when.empty() || !keys.insert(*key).second) continue;
      const bool is_text_alone = (column.accepts & ~kStrings) == 0 && !column.lookup;
      bytes += key->size() + 4 + (is_text_alone ? 2 : 1) + (is_text_alone && !column.may_be_empty ? 1 : 0);
    }
  }
  return bytes;
}

// A row takes 16 bytes a column and some 96 bytes (parse/row_batch.h): four times this.
std::size_t bytes_a_record(const Mapping& mapping) {
  const std::size_t bytes = 4 * (mapping.columns.size() + 6);
  return record_bytes_min(mapping) < bytes ? bytes : 0;
}

std::vector<std::string> outline_of(const Mapping& mapping) {
  std::vector<std::string> lines = {"table " + in_quotes(mapping.table)};
  if (!mapping.records.is_lines()) lines.push_back(std::string(kRecordsOutline) + to_string(mapping.records));
  for (const Column& column : mapping.columns) lines.push_back(outline_of(column, mapping.lookups));
  for (const Lookup& lookup : mapping.lookups) lines.push_back(outline_of(lookup));
  std::string key = "primary_key";
  for (const std::string& name : key_names(mapping)) key += ' ' + in_quotes(name);
  lines.push_back(mapping.key.empty() ? std::string(kNoKeyOutline) : std::move(key));
  if (mapping.kind) lines.push_back("kind " + in_quotes(mapping.columns[*mapping.kind].name));
  if (mapping.time) lines.push_back("time " + in_quotes(mapping.columns[*mapping.time].name));
  if (mapping.rejects_unknown) lines.emplace_back("unknown reject");
  for (const Condition& condition : mapping.only) {
    std::string line = "only " + in_quotes(condition.column);
    for (const std::string& value : condition.values) line += ' ' + in_quotes(value);
    lines.push_back(std::move(line));
  }
  for (const Bound& bound : mapping.bounds) lines.push_back(outline_of(bound));
  return lines;
}

KeyForm key_form(const SqlType& type) {
  switch (type.kind) {
    case TypeKind::kText:
      if (type.collation.empty()) return type.charset.empty() ? KeyForm::kBytes : KeyForm::kNone;
      return type.collation.ends_with("_bin") ? KeyForm::kPadded : KeyForm::kNone;
    case TypeKind::kBytes:
    case TypeKind::kEnum:
    case TypeKind::kSet:
    case TypeKind::kUuid: return KeyForm::kBytes;
    case TypeKind::kInteger:
    case TypeKind::kBoolean: return KeyForm::kNumber;
    case TypeKind::kDate:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp: return KeyForm::kTime;
    case TypeKind::kDecimal:
    case TypeKind::kFloating:
    case TypeKind::kJson: break;
  }
  return KeyForm::kNone;
}

bool has_exact_key(const Mapping& mapping) {
  return !mapping.key.empty() && std::all_of(mapping.key.begin(), mapping.key.end(),
                                             [](const KeyPart& part) { return part.form != KeyForm::kNone; });
}

bool has_one_text_key(const Mapping& mapping) {
  return mapping.key.size() == 1 && mapping.columns[mapping.key.front().column].type.is_text();
}

std::vector<std::string> key_names(const Mapping& mapping) {
  std::vector<std::string> names;
  for (const KeyPart& part : mapping.key) names.push_back(mapping.columns[part.column].name);
  return names;
}

std::size_t copies_max(const Mapping& mapping) {
  std::vector<const Path*> paths;
  for (const Column& column : mapping.columns) {
    for (const Path& path : column.paths) paths.push_back(&path);
  }
  std::size_t most = 1;
  const std::size_t rest = has_origin(mapping, Origin::kUnknown) ? 1 : 0;
  for (const Path* path : paths) {
    const auto leads_there = [&](const Path* other) {
      return other->steps.size() <= path->steps.size() &&
             std::equal(other->steps.begin(), other->steps.end(), path->steps.begin());
    };
    most = std::max(most, static_cast<std::size_t>(std::count_if(paths.begin(), paths.end(), leads_there)));
  }
  return most + rest;
}

std::optional<std::string> compared_value(const Column& column, std::string_view value) {
  const SqlType& type = column.type;
  const auto if_possible = [&](bool is_possible) {
    return is_possible ? std::optional<std::string>(value) : std::nullopt;
  };
  switch (type.kind) {
    case TypeKind::kBoolean:
      if (value == "true" || value == "1") return "1";
      if (value == "false" || value == "0") return "0";
      return std::nullopt;
    case TypeKind::kInteger: return if_possible(can_be_written(column, value) && is_within(type, value));
    case TypeKind::kDecimal:
    case TypeKind::kFloating: return if_possible(is_number(value));
    case TypeKind::kEnum:
      return if_possible(std::find(type.members.begin(), type.members.end(), value) != type.members.end());
    case TypeKind::kSet: return if_possible(is_set_value(type, value));
    case TypeKind::kUuid: return is_uuid(value) ? std::optional(lower(value)) : std::nullopt;
    default: return std::string(value);
  }
}

std::string possible_values(const SqlType& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return "true or false";
    case TypeKind::kInteger:
      return fmt::format("the digits of an integer from {} to {}", least_value(type), greatest_value(type));
    case TypeKind::kDecimal:
    case TypeKind::kFloating: return "a number as JSON has it, such as 1.5";
    case TypeKind::kEnum: return "one of its members";
    case TypeKind::kSet: return "members with commas between, in the order of the declaration";
    case TypeKind::kUuid: return "36 characters, such as 00112233-4455-6677-8899-aabbccddeeff";
    default: return "a text";
  }
}

std::string index_name(const std::vector<std::string>& columns) {
  std::string name;
  for (const std::string& column : columns) name += (name.empty() ? "" : "_") + column;
  return name;
}

}  // namespace chatload::mapping
