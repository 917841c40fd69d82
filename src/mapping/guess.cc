// A type is guessed only where every value proves it, with room for more: "007" is text, and a number with many digits
// behind the point is a DOUBLE, if a DOUBLE gives it back as it is. So each record that was surveyed fits.
#include "mapping/guess.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>
#include <vector>

#include "base/errors.h"
#include "base/lower.h"
#include "base/quantity.h"
#include "base/terminal_text.h"
#include "base/toml_text.h"
#include "base/utf8.h"
#include "mapping/mapping.h"

namespace chatload::mapping {
namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kPathBytesMax = 256;  // of keys that a comment names
constexpr std::array<std::size_t, 9> kTextSizes = {16, 32, 64, 128, 255, 512, 1'000, 2'000, 4'000};
// All VARCHAR columns of a row share 65,535 bytes, four for a character of utf8mb4.
constexpr std::size_t kRowCharactersMax = 15'000;
constexpr unsigned kMoreDigits = 4;  // in front of a DECIMAL's point
constexpr unsigned kGuessedDigitsMax = 30;
constexpr unsigned kGuessedFractionMax = 6;
// Of a DECIMAL on both servers.
constexpr unsigned kDigitsMax = 65;
constexpr unsigned kFractionMax = 30;
constexpr std::array<std::string_view, 8> kKeyNames = {"id",      "_id",      "uuid",       "guid",
                                                       "eventid", "event_id", "request_id", "requestid"};

struct GuessedColumn {
  const Field* field;
  std::string name;
  std::string type;                // without NULL or NOT NULL
  std::vector<std::string> lines;  // what else the mapping says of it
  std::size_t characters = 0;      // of a VARCHAR
  bool is_time = false;
  bool is_left_out = false;  // it has a value that no type keeps
};

// How many kinds of values there are; integers and other numbers are one.
int kinds_of(const FieldValues& values) {
  return (values.strings > 0) + (values.integers + values.numbers > 0) + (values.booleans > 0) +
         (values.containers > 0);
}

std::string text_type(GuessedColumn& column, std::size_t characters, std::size_t bytes) {
  const std::size_t wanted = characters + characters / 4;
  const auto* const size =
      std::find_if(kTextSizes.begin(), kTextSizes.end(), [&](std::size_t one) { return one >= wanted; });
  if (size != kTextSizes.end()) {
    column.characters = *size;
    return fmt::format("VARCHAR({})", *size);
  }
  return 2 * bytes <= 65'535 ? "TEXT" : 2 * bytes <= 16'777'215 ? "MEDIUMTEXT" : "LONGTEXT";
}

// All values as text: what has no other type.
void make_text(GuessedColumn& column) {
  const FieldValues& values = column.field->values;
  const std::size_t digits = values.text_bytes_max;
  column.type = text_type(column, std::max(values.characters_max, std::max<std::size_t>(digits, 5)),
                          std::max(values.bytes_max, digits));
  std::vector<std::string_view> accepted;
  if (values.integers > 0) accepted.emplace_back("\"integer\"");
  if (values.numbers > 0) accepted.emplace_back("\"number\"");
  if (values.booleans > 0) accepted.emplace_back("\"boolean\"");
  if (!accepted.empty()) column.lines.push_back(fmt::format("accept = [{}]", fmt::join(accepted, ", ")));
}

void make_string(GuessedColumn& column) {
  const FieldValues& values = column.field->values;
  const std::vector<std::string>& formats = guessed_times();
  for (std::size_t i = 0; i < formats.size(); ++i) {
    if ((values.times >> i & 1U) == 0) continue;
    const bool is_date = formats[i] == "%Y-%m-%d";
    column.is_time = !is_date;
    column.type = is_date                        ? "DATE"
                  : values.second_digits_max > 3 ? "DATETIME(6)"
                  : values.second_digits_max > 0 ? "DATETIME(3)"
                                                 : "DATETIME";
    column.lines.push_back("time = " + toml_string(formats[i]));
    return;
  }
  make_text(column);
}

bool is_time_name(std::string_view key) {
  const std::string name = lower(key);
  return name == "ts" || name == "t" || name == "at" || name == "date" || name.ends_with("time") ||
         name.ends_with("timestamp") || name.ends_with("_at") || name.ends_with("_ts") || name.ends_with("date");
}

// Nothing where the integers are not all of this century in one unit.
std::optional<std::string_view> epoch_of(const FieldValues& values) {
  constexpr std::int64_t kYear2000 = 946'684'800;
  constexpr std::int64_t kYear2100 = 4'102'444'800;
  std::int64_t unit = 1;
  for (const std::string_view name : {"epoch_s", "epoch_ms", "epoch_us"}) {
    if (values.least >= kYear2000 * unit && values.most < kYear2100 * unit) return name;
    unit *= 1'000;
  }
  return std::nullopt;
}

std::string integer_type(const FieldValues& values) {
  constexpr std::int64_t kRoom = 16;
  const bool is_small = values.least >= INT32_MIN / kRoom && values.most <= INT32_MAX / kRoom;
  return is_small ? "INT" : "BIGINT";
}

void make_integer(GuessedColumn& column) {
  const FieldValues& values = column.field->values;
  if (values.is_beyond_64_bits) return make_text(column);
  const auto epoch = is_time_name(column.field->keys.back()) ? epoch_of(values) : std::nullopt;
  if (epoch) {
    column.is_time = true;
    column.type = *epoch == "epoch_s" ? "DATETIME" : *epoch == "epoch_ms" ? "DATETIME(3)" : "DATETIME(6)";
    column.lines.push_back(fmt::format("time = \"{}\"", *epoch));
    return;
  }
  column.type = integer_type(values);
}

void make_number(GuessedColumn& column) {
  const FieldValues& values = column.field->values;
  const unsigned digits = values.whole_digits_max + values.fraction_digits_max;
  const auto is_within = [&](unsigned digits_max, unsigned fraction_max) {
    return !values.has_exponent && values.fraction_digits_max <= fraction_max && digits <= digits_max;
  };
  const bool is_short = is_within(kGuessedDigitsMax - kMoreDigits, kGuessedFractionMax);
  if (is_short || (values.is_beyond_double && is_within(kDigitsMax, kFractionMax))) {
    column.type = fmt::format("DECIMAL({},{})", std::min(digits + kMoreDigits, kDigitsMax), values.fraction_digits_max);
  } else if (values.is_beyond_double) {
    make_text(column);
  } else {
    column.type = "DOUBLE";
  }
}

void make_type(GuessedColumn& column) {
  const FieldValues& values = column.field->values;
  if (kinds_of(values) > 1 || values.containers > 0 || values.seen() == values.nulls) {
    const bool is_scalar = values.containers == 0 && values.seen() > values.nulls;
    if (is_scalar) return make_text(column);
    column.type = "JSON";
    column.is_left_out = values.has_huge_inside;
  } else if (values.strings > 0) {
    make_string(column);
  } else if (values.booleans > 0) {
    column.type = "BOOLEAN";
  } else if (values.numbers > 0) {
    make_number(column);
  } else {
    make_integer(column);
  }
}

// Column names are equal whatever their case. No identifier has a character of four bytes (beyond U+FFFF):
// https://dev.mysql.com/doc/refman/8.4/en/identifiers.html
std::string free_name(const std::vector<std::string>& keys, std::set<std::string>& taken) {
  std::string name;
  bool is_usable = true;
  for (const char c : fmt::format("{}", fmt::join(keys, "_"))) {
    const auto byte = static_cast<unsigned char>(c);
    if (!continues_character(c)) is_usable = byte >= 0x20 && byte < 0xF0;
    if (is_usable) name += c;
  }
  if (name.size() > kNameBytesMax - 4) name.resize(utf8_beginning(name.substr(0, kNameBytesMax - 4)).size());
  while (name.ends_with(' ')) name.pop_back();
  if (name.empty()) name = "column";
  std::string free = name;
  for (int number = 2; !taken.insert(lower(free)).second; ++number) free = fmt::format("{}_{}", name, number);
  return free;
}

bool can_be_key(const GuessedColumn& column, std::uint64_t records) {
  const FieldValues& values = column.field->values;
  return values.strings + values.integers == records && values.is_unique && !values.has_empty &&
         values.characters_max <= kKeyCharactersMax;
}

// Those that are called like a key first, then texts.
GuessedColumn* find_key(std::vector<GuessedColumn>& columns, std::uint64_t records) {
  const auto rank = [&](const GuessedColumn& column) {
    const auto* const name = std::find(kKeyNames.begin(), kKeyNames.end(), lower(column.field->keys.back()));
    if (name != kKeyNames.end()) return static_cast<std::size_t>(name - kKeyNames.begin());
    return kKeyNames.size() + (column.field->values.strings == records && !column.is_time ? 0 : 1);
  };
  GuessedColumn* best = nullptr;
  for (GuessedColumn& column : columns) {
    if (can_be_key(column, records) && (best == nullptr || rank(column) < rank(*best))) best = &column;
  }
  return best;
}

void make_key(GuessedColumn& key) {
  const FieldValues& values = key.field->values;
  key.lines.clear();
  key.is_time = false;
  if (values.strings == 0 && !values.is_beyond_64_bits) {
    key.type = integer_type(values);
    return;
  }
  make_text(key);
  if (key.characters == 0 || key.characters > kKeyCharactersMax) key.characters = kKeyCharactersMax;
  key.type = fmt::format("VARCHAR({})", key.characters);
}

// The largest VARCHARs become TEXT until all fit a row.
void fit_row(std::vector<GuessedColumn>& columns, const GuessedColumn* key) {
  const auto sum = [&] {
    std::size_t characters = 0;
    for (const GuessedColumn& column : columns) characters += column.characters;
    return characters;
  };
  while (sum() > kRowCharactersMax) {
    auto largest = columns.end();
    for (auto column = columns.begin(); column != columns.end(); ++column) {
      if (&*column != key && (largest == columns.end() || column->characters > largest->characters)) largest = column;
    }
    if (largest == columns.end() || largest->characters == 0) return;
    largest->type = "TEXT";
    largest->characters = 0;
  }
}

std::string seen_text(const FieldValues& values, std::uint64_t records) {
  std::string text = fmt::format("# in {} of {} records", format_count(values.seen()), format_count(records));
  if (values.nulls > 0) text += fmt::format(", {} of them null", format_count(values.nulls));
  if (values.strings > 0) text += fmt::format("; up to {} characters", format_count(values.characters_max));
  if (values.integers + values.numbers > 0 && values.least <= values.most) {
    text += fmt::format("; numbers from {} to {}", values.least, values.most);
  }
  if (values.numbers > 0 && values.is_beyond_double) text += "; some that a DOUBLE would change";
  if (!values.example.empty()) text += "; such as " + terminal_text(values.example, kNameBytesMax);
  return text + '\n';
}

// What cannot be a column, said in its place.
std::string left_out_text(const GuessedColumn& column) {
  return fmt::format("\n# {} is left out: it has an integer beyond 64 bits in it, which JSON columns change.\n",
                     terminal_text(fmt::format("{}", fmt::join(column.field->keys, ".")), kPathBytesMax));
}

// may_be_null: whatever was seen.
std::string column_text(const GuessedColumn& column, const GuessedColumn* key, std::uint64_t records,
                        bool may_be_null = false) {
  const FieldValues& values = column.field->values;
  may_be_null = may_be_null || values.nulls > 0 || values.seen() < records;
  std::string text = fmt::format("\n[[column]]\n{}name = {}\n", seen_text(values, records), toml_string(column.name));
  text += fmt::format("sql = \"{}{}\"\n", column.type, may_be_null ? "" : " NOT NULL");
  Path path;
  for (const std::string& one : column.field->keys) path.steps.emplace_back(one);
  text += fmt::format("path = {}\n", toml_string(to_string(path)));
  for (const std::string& line : column.lines) text += line + '\n';
  if (&column == key && column.field->values.strings > 0) text += "empty = false\n";
  return text;
}

void require_few(const FieldSurvey& survey, std::size_t columns) {
  if (survey.has_all_fields && columns <= kColumnsMax) return;
  throw LoadError(
      fmt::format("There are more than {} fields, and a mapping has up to {} columns; write one that takes those that "
                  "you want.",
                  kColumnsMax, kColumnsMax));
}

// Whether the column's value is the field's, or has a part of it, or is a part of it.
bool takes_from(const Column& column, const std::vector<std::string>& keys) {
  return std::any_of(column.paths.begin(), column.paths.end(), [&](const Path& path) {
    const std::size_t common = std::min(path.steps.size(), keys.size());
    return std::equal(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(common), path.steps.begin(),
                      [](const std::string& key, const PathStep& step) {
                        const auto* const own = std::get_if<std::string>(&step);
                        return own != nullptr && *own == key;
                      });
  });
}

}  // namespace

const std::vector<std::string>& guessed_times() {
  static const std::vector<std::string> kFormats = {"rfc3339", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
                                                    "%d/%b/%Y:%H:%M:%S %z", "%Y-%m-%d"};
  return kFormats;
}

std::string guessed_mapping(const FieldSurvey& survey, std::string_view table, const RecordForm& records) {
  std::vector<GuessedColumn> columns;
  std::set<std::string> taken;
  for (const Field& field : survey.fields) {
    columns.push_back({.field = &field, .name = free_name(field.keys, taken), .type = {}, .lines = {}});
    make_type(columns.back());
  }
  require_few(survey, columns.size());
  GuessedColumn* const key = find_key(columns, survey.records);
  if (key != nullptr) make_key(*key);
  fit_row(columns, key);

  std::string text = fmt::format(
      "# Guessed by chatload from {}{} records{}. Check it, change it, then:\n"
      "#   chatload check INPUT --mapping THIS-FILE\n"
      "#   chatload schema apply --mapping THIS-FILE --to URL\n"
      "#   chatload load INPUT --mapping THIS-FILE --to URL\n",
      survey.is_whole ? "all " : "the first ", format_count(survey.records),
      survey.others == 0 ? ""
                         : fmt::format("; {} records are no JSON object, or too long", format_count(survey.others)));
  text += fmt::format("table = {}\n", toml_string(table));
  if (!records.is_lines()) text += fmt::format("records = {}\n", toml_string(to_string(records)));
  text += key != nullptr ? fmt::format("primary_key = [{}]\n", toml_string(key->name))
                         : "primary_key = []  # no field is in every record and different in each\n";
  if (key != nullptr) {
    text += "on_duplicate = \"fail\"  # the key is a guess; once it is sure, skip or replace\n";
  }
  const auto time = std::find_if(columns.begin(), columns.end(), [](const auto& one) { return one.is_time; });
  if (time != columns.end()) text += fmt::format("time = {}\n", toml_string(time->name));
  for (const GuessedColumn& column : columns) {
    text += column.is_left_out ? left_out_text(column) : column_text(column, key, survey.records);
  }
  return text;
}

std::string guessed_difference(const FieldSurvey& survey, const Mapping& mapping) {
  std::set<std::string> taken;
  for (const Column& column : mapping.columns) taken.insert(lower(column.name));
  std::string fresh;
  for (const Field& field : survey.fields) {
    const bool is_known = std::any_of(mapping.columns.begin(), mapping.columns.end(),
                                      [&](const Column& column) { return takes_from(column, field.keys); });
    if (is_known) continue;
    GuessedColumn column{.field = &field, .name = free_name(field.keys, taken), .type = {}, .lines = {}};
    make_type(column);
    fresh += column.is_left_out ? left_out_text(column) : column_text(column, nullptr, survey.records, true);
  }
  require_few(survey, taken.size());
  std::string unseen;
  for (const Column& column : mapping.columns) {
    const bool is_seen = std::any_of(survey.fields.begin(), survey.fields.end(),
                                     [&](const Field& field) { return takes_from(column, field.keys); });
    if (column.origin == Origin::kRecord && !is_seen)
      unseen += fmt::format("#   {}\n", terminal_text(column.name, kPathBytesMax));
  }
  std::string text = fmt::format("# Guessed by chatload from {}{} records: {}\n",
                                 survey.is_whole ? "all " : "the first ", format_count(survey.records),
                                 fresh.empty() ? "no field is without a column."
                                               : "what follows has no column yet. A table that exists needs it, too.");
  if (!unseen.empty()) text += "# No record has a value for these columns:\n" + unseen;
  return text + fresh;
}

std::string table_name_of(std::string_view input) {
  std::string_view name = input.substr(input.find_last_of('/') + 1);
  for (const std::string_view suffix : {".gz", ".zst", ".json", ".jsonl", ".ndjson", ".log"}) {
    if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  }
  std::string table;
  for (const char c : name.substr(0, kNameBytesMax)) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (is_plain || (!table.empty() && table.back() != '_')) table += is_plain ? c : '_';
  }
  while (table.ends_with('_')) table.pop_back();
  // Names that begin so are the ledger's.
  if (lower(table).starts_with("chatload_")) table = ("log_" + table).substr(0, kNameBytesMax);
  return table.empty() ? "log" : table;
}

}  // namespace chatload::mapping
