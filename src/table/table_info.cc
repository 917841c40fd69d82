// Over 400 lines: all that a table is asked, and what each answer means.
//
// What information_schema says, on MySQL and on MariaDB alike unless noted:
//
//   CHARACTER_MAXIMUM_LENGTH  characters of a VARCHAR; for TEXT it repeats the bytes
//   CHARACTER_OCTET_LENGTH    bytes; it is what bounds a TEXT or a BLOB, and in a VARCHAR the characters bind first
//   COLUMN_DEFAULT            NULL where there is none; MariaDB writes a default of NULL as the text NULL
//   GENERATION_EXPRESSION     NULL or empty for an ordinary column
//   COLUMN_NAME in STATISTICS NULL for a key on an expression (MySQL)
//   GRANTEE                   'user'@'host'; privileges by a role are not there
//
// Lengths in bytes are those of the column's charset. They bound our UTF-8 only where the charset is UTF-8 too; in a
// charset of one byte a character they bound the characters; in any other the server's strict mode has the last word.
#include "table/table_info.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/errors.h"
#include "base/lower.h"
#include "mysql/sql_text.h"
#include "parse/cell_reader.h"

namespace chatload::table {
namespace {

struct Column {
  std::string name;
  std::string data_type;    // lower case: "varchar"
  std::string column_type;  // as declared: "varchar(255)"
  bool nullable = false;
  bool has_default = false;  // or a value that the server makes
  bool generated = false;
  bool is_counted = false;  // AUTO_INCREMENT
  std::uint64_t characters = 0;
  std::uint64_t octets = 0;
  std::string charset;
  std::string collation;
};

struct Key {
  bool unique = false;
  std::vector<std::optional<std::string>> columns;
  bool has_prefix = false;
};

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> choices) {
  return std::find(choices.begin(), choices.end(), text) != choices.end();
}

std::string in_this_table(std::string_view source, std::string_view columns, const std::string& table) {
  return std::string("SELECT ")
      .append(columns)
      .append(" FROM information_schema.")
      .append(source)
      .append(" WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ")
      .append(mysql::quote_text(table));
}

std::vector<Column> read_columns(mysql::Session& session, const std::string& table) {
  std::vector<Column> columns;
  for (const mysql::Row& row :
       session.query(in_this_table("COLUMNS",
                                   "COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, "
                                   "EXTRA, GENERATION_EXPRESSION, CHARACTER_MAXIMUM_LENGTH, "
                                   "CHARACTER_OCTET_LENGTH, CHARACTER_SET_NAME, COLLATION_NAME",
                                   table) +
                     " ORDER BY ORDINAL_POSITION")) {
    Column& column = columns.emplace_back();
    column.name = row[0].value_or("");
    column.data_type = lower(row[1].value_or(""));
    column.column_type = row[2].value_or("");
    column.nullable = row[3] == "YES";
    column.generated = !row[6].value_or("").empty();
    column.is_counted = lower(row[5].value_or("")).find("auto_increment") != std::string::npos;
    column.has_default = row[4].has_value() || column.is_counted;
    column.characters = mysql::to_number(row[7]);
    column.octets = mysql::to_number(row[8]);
    column.charset = row[9].value_or("binary");
    column.collation = row[10].value_or("binary");
  }
  return columns;
}

std::map<std::string, Key> read_keys(mysql::Session& session, const std::string& table) {
  std::map<std::string, Key> keys;
  for (const mysql::Row& row :
       session.query(in_this_table("STATISTICS", "INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART", table) +
                     " ORDER BY INDEX_NAME, SEQ_IN_INDEX")) {
    Key& key = keys[row[0].value_or("")];
    key.unique = row[1] == "0";
    key.columns.push_back(row[2]);
    key.has_prefix = key.has_prefix || row[3].has_value();
  }
  return keys;
}

// Charsets in which no two texts of UTF-8 become one.
bool keeps_texts_apart(std::string_view charset) {
  return is_one_of(charset, {"utf8mb4", "utf8mb3", "utf8", "ucs2", "utf16", "utf16le", "utf32", "latin1", "ascii"});
}

// A binary collation compares bytes; most of them after adding spaces to the shorter text.
mapping::KeyForm text_key_form(mysql::Session& session, const Column& column) {
  using mapping::KeyForm;
  if (column.charset == "binary") return KeyForm::kBytes;
  if (!column.collation.ends_with("_bin")) return KeyForm::kNone;
  if (!keeps_texts_apart(column.charset)) return KeyForm::kNone;
  if (session.server().server == mysql::Server::kMariadb) {
    return column.collation.ends_with("_nopad_bin") ? KeyForm::kBytes : KeyForm::kPadded;
  }
  const std::vector<mysql::Row> rows =
      session.query("SELECT PAD_ATTRIBUTE FROM information_schema.COLLATIONS WHERE COLLATION_NAME = " +
                    mysql::quote_text(column.collation));
  return !rows.empty() && rows[0][0] == "NO PAD" ? KeyForm::kBytes : KeyForm::kPadded;
}

bool is_single_byte(mysql::Session& session, const std::string& charset) {
  const std::vector<mysql::Row> rows = session.query(
      "SELECT MAXLEN FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME = " + mysql::quote_text(charset));
  return !rows.empty() && rows[0][0] == "1";
}

// What the column's text or bytes are bounded by. Lengths of UTF-8 are those of the column's only where its charset is.
void take_room(mysql::Session& session, const Column& column, mapping::SqlType& type) {
  type.characters_max = mapping::SqlType::kNoLimit;
  type.bytes_max = mapping::SqlType::kNoLimit;
  if (is_one_of(column.data_type, {"varchar", "char"})) {
    type.characters_max = column.characters;
  } else if (column.charset == "binary" || is_one_of(column.charset, {"utf8mb4", "utf8mb3", "utf8"})) {
    type.bytes_max = column.octets;
  } else if (is_single_byte(session, column.charset)) {
    type.characters_max = column.octets;
  }
}

// Whether what is declared as `wanted` can be kept in a column of the type as it is, but for its size.
bool can_hold(const mapping::SqlType& there, std::string_view data_type, const mapping::SqlType& wanted) {
  using mapping::TypeKind;
  switch (wanted.kind) {
    case TypeKind::kText: return there.kind == TypeKind::kText || there.kind == TypeKind::kBytes;
    case TypeKind::kBoolean: return there.kind == TypeKind::kInteger;
    case TypeKind::kFloating: return there.name == "DOUBLE" || (there.name == "FLOAT" && wanted.name == "FLOAT");
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp: return there.kind == TypeKind::kDateTime || there.kind == TypeKind::kTimestamp;
    case TypeKind::kJson: return there.kind == TypeKind::kJson || data_type == "longtext";  // which MariaDB's JSON is
    default: return there.kind == wanted.kind;
  }
}

std::string needed_types(const mapping::SqlType& wanted) {
  using mapping::TypeKind;
  switch (wanted.kind) {
    case TypeKind::kText: return "CHAR, VARCHAR or TEXT is needed";
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp: return "TIMESTAMP or DATETIME is needed";
    case TypeKind::kBytes: return "BINARY, VARBINARY or BLOB is needed";
    case TypeKind::kFloating: return wanted.name == "FLOAT" ? "FLOAT or DOUBLE is needed" : "DOUBLE is needed";
    default: return type_text(wanted) + " is needed";
  }
}

// Gives the mapping's column the limits of the table's, or says why that cannot take it.
std::optional<std::string> fit_column(mysql::Session& session, const Column& column, mapping::Column& mapped) {
  const std::string subject = "its column " + mysql::quote_identifier(column.name) + " is ";
  if (column.generated) return subject + "generated, where a plain column is needed";
  mapping::SqlType& wanted = mapped.type;
  const std::optional<mapping::SqlType> there = mapping::column_type(column.column_type);
  if (column.data_type == "binary" && wanted.is_text()) {
    return subject + column.column_type + ", which pads with zeros, where VARBINARY is needed";
  }
  if (!there || !can_hold(*there, column.data_type, wanted)) {
    return subject + column.column_type + ", where " + needed_types(wanted);
  }
  if (wanted.is_text() || wanted.kind == mapping::TypeKind::kBytes) take_room(session, column, wanted);
  wanted.is_fixed = there->is_fixed;
  wanted.digits = there->digits;
  const unsigned fraction_digits = wanted.fraction_digits;
  wanted.fraction_digits = there->fraction_digits;
  if (wanted.is_time()) wanted.fraction_digits = std::min(fraction_digits, wanted.fraction_digits);
  wanted.bits = there->bits;
  wanted.is_unsigned = there->is_unsigned;
  wanted.members = there->members;
  // What the mapping calls a TIMESTAMP stays within that, whatever the column could hold.
  if (wanted.kind == mapping::TypeKind::kDateTime) wanted.kind = there->kind;
  if (wanted.kind == there->kind && !wanted.is_text()) wanted.name = there->name;
  mapped.has_lost_null = mapped.has_lost_null || (wanted.is_nullable && !column.nullable);
  wanted.is_nullable = wanted.is_nullable && column.nullable;
  const std::string does_not_hold = subject + column.column_type + ", which does not hold its ";
  if (wanted.default_text && !parse::holds_text(mapped, *wanted.default_text)) {
    return does_not_hold + "DEFAULT in the mapping";
  }
  const bool is_constant = mapped.origin == mapping::Origin::kConstant;
  if (is_constant && !parse::holds_text(mapped, mapped.constant)) return does_not_hold + "value in the mapping";
  return std::nullopt;
}

void read_triggers(mysql::Session& session, TableInfo& info) {
  const std::string name = mysql::quote_text(info.table);
  const std::vector<mysql::Row> triggers = session.query(
      "SELECT ACTION_TIMING, EVENT_MANIPULATION FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = "
      "DATABASE() AND EVENT_OBJECT_TABLE = " +
      name);
  const auto is_granted = [&](std::string_view source, const std::string& where) {
    return !session
                .query(fmt::format(
                    R"(SELECT 1 FROM information_schema.{} WHERE PRIVILEGE_TYPE = 'TRIGGER'{} AND GRANTEE = CONCAT('\'',
                       SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '\'@\'', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '\''))",
                    source, where))
                .empty();
  };
  const bool is_seen = !triggers.empty() || is_granted("USER_PRIVILEGES", "") ||
                       is_granted("SCHEMA_PRIVILEGES", " AND DATABASE() LIKE TABLE_SCHEMA") ||
                       is_granted("TABLE_PRIVILEGES", " AND TABLE_SCHEMA = DATABASE() AND TABLE_NAME = " + name);
  info.may_have_trigger = !is_seen || !triggers.empty();
  info.has_update_trigger =
      std::any_of(triggers.begin(), triggers.end(), [](const mysql::Row& trigger) { return trigger[1] == "UPDATE"; });
  info.may_fire_on_duplicate = info.has_update_trigger || !is_seen ||
                               std::any_of(triggers.begin(), triggers.end(), [](const mysql::Row& trigger) {
                                 return trigger == mysql::Row{"BEFORE", "INSERT"};
                               });
}

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

using Problems = std::vector<std::string>;

const Column* column_named(const std::vector<Column>& columns, const std::string& name) {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const Column& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

void check_columns(mysql::Session& session, const std::vector<Column>& columns, mapping::Mapping& mapping,
                   Problems& problems) {
  for (mapping::Column& mapped : mapping.columns) {
    const Column* column = column_named(columns, mapped.name);
    if (column == nullptr) {
      problems.push_back("it has no column " + mysql::quote_identifier(mapped.name));
    } else if (auto problem = fit_column(session, *column, mapped)) {
      problems.push_back(std::move(*problem));
    }
  }
  for (const Column& column : columns) {
    if (!mapping.column_of(column.name) && !column.nullable && !column.has_default && !column.generated) {
      problems.push_back("its column " + mysql::quote_identifier(column.name) +
                         ", which no line fills, is NOT NULL without a default");
    }
  }
}

// Empty of a TIMESTAMP in whole seconds, whose limits are the type's.
std::string limit_of(const mapping::SqlType& type) {
  if (type.is_text() || type.kind == mapping::TypeKind::kBytes) {
    const std::uint64_t most = std::min(type.characters_max, type.bytes_max);
    if (!type.is_fixed) return std::to_string(most);
    return fmt::format("{}({})", type.is_text() ? "CHAR" : "BINARY", most);
  }
  if (type.kind == mapping::TypeKind::kTimestamp && type.fraction_digits == 0) return "";
  return type_text(type);
}

std::string quoted_key(const mapping::Mapping& mapping) { return mysql::quote_identifiers(key_names(mapping)); }

// The mapping's parts in the index's order; nothing where the index is not of just these columns, each of them whole.
std::optional<std::vector<mapping::KeyPart>> parts_of(const Key& index, const mapping::Mapping& mapping) {
  if (index.has_prefix || index.columns.size() != mapping.key.size()) return std::nullopt;
  std::vector<mapping::KeyPart> parts;
  for (const std::optional<std::string>& name : index.columns) {
    const auto part = std::find_if(mapping.key.begin(), mapping.key.end(), [&](const mapping::KeyPart& one) {
      return mapping.columns[one.column].name == name;
    });
    if (part == mapping.key.end()) return std::nullopt;
    parts.push_back(*part);
  }
  return parts;
}

// The primary key, where it is a column that the server counts up, and no record fills.
std::optional<ServerCounter> counter_of(const Key& primary, const std::vector<Column>& columns,
                                        const mapping::Mapping& mapping) {
  if (primary.columns.size() != 1 || !primary.columns[0] || mapping.column_of(*primary.columns[0])) return std::nullopt;
  const Column* const column = column_named(columns, *primary.columns[0]);
  if (column == nullptr || !column->is_counted) return std::nullopt;
  const std::optional<mapping::SqlType> type = mapping::column_type(column->column_type);
  if (!type || type->kind != mapping::TypeKind::kInteger) return std::nullopt;
  return ServerCounter{column->name, type_text(*type), mapping::greatest_value(*type)};
}

// How its parts are compared, a letter each; empty of one that is bytes, as all keys were once.
std::string forms_text(const std::vector<mapping::KeyPart>& key) {
  std::string text;
  for (const mapping::KeyPart& part : key) {
    switch (part.form) {
      case mapping::KeyForm::kBytes: text += 'b'; break;
      case mapping::KeyForm::kPadded: text += 'p'; break;
      case mapping::KeyForm::kNumber: text += 'n'; break;
      case mapping::KeyForm::kTime: text += 't'; break;
      case mapping::KeyForm::kNone: text += '-'; break;
    }
  }
  return text == "b" || text == "-" ? "" : text;
}

// Finds the mapping's key among the table's.
void find_key(const std::map<std::string, Key>& keys, const std::vector<Column>& columns, mapping::Mapping& mapping,
              TableInfo& info, Problems& problems) {
  info.has_key = !mapping.key.empty();
  const auto primary = keys.find("PRIMARY");
  if (primary != keys.end()) info.counter = counter_of(primary->second, columns, mapping);
  // The primary key first: it serves unless the server makes it.
  std::optional<std::string> chosen;
  for (const auto& [name, key] : keys) {
    if (!key.unique || (name == "PRIMARY" ? info.counter.has_value() : !info.counter.has_value())) continue;
    const auto parts = info.has_key ? parts_of(key, mapping) : std::nullopt;
    if (!parts) continue;
    mapping.key = *parts;
    chosen = name;
    break;
  }
  if (chosen) info.key_index = *chosen;
  std::string others;
  for (const auto& [name, key] : keys) {
    const bool is_known = name == chosen || (name == "PRIMARY" && info.counter);
    if (key.unique && !is_known) others += (others.empty() ? "" : ", ") + mysql::quote_identifier(name);
  }
  if (info.has_key && !chosen) {
    problems.push_back(info.counter ? "it has no unique key of just " + quoted_key(mapping)
                                    : "its primary key is not the whole of " + quoted_key(mapping));
  } else if (!info.has_key && !others.empty()) {
    problems.push_back("its key " + others + " refuses some records, and the mapping's primary_key names no column");
  }
  info.has_other_unique_key = chosen && !others.empty();
}

// Sets the forms of the mapping's key, and what follows from them.
void judge_key(mysql::Session& session, const std::vector<Column>& columns, mapping::Mapping& mapping,
               TableInfo& info) {
  for (mapping::KeyPart& part : mapping.key) {
    const mapping::Column& mapped = mapping.columns[part.column];
    const Column& column = *column_named(columns, mapped.name);
    part.form = mapped.type.is_text() ? text_key_form(session, column) : mapping::key_form(mapped.type);
    if (part.form != mapping::KeyForm::kNone || !info.why_key_is_inexact.empty()) continue;
    info.why_key_is_inexact =
        mapped.type.is_text()
            ? fmt::format("the key of `{}` has the collation {}, which does not tell ids apart byte by byte",
                          info.table, column.collation)
            : fmt::format(
                  "the column {} in the key of `{}` is {}, and which of its values are equal only the server "
                  "says",
                  mysql::quote_identifier(column.name), info.table, column.column_type);
  }
  info.is_key_exact = mapping::has_exact_key(mapping);
  if (!mapping::has_one_text_key(mapping)) return;
  info.key_collation = column_named(columns, key_names(mapping).front())->collation;
  info.has_loose_ids = mapping.key.front().form != mapping::KeyForm::kBytes;
}

}  // namespace

std::string TableInfo::why_not_in_parallel() const {
  if (has_other_unique_key) return fmt::format("`{}` has another unique key", table);
  return why_key_is_inexact;
}

std::string TableInfo::why_not_sorted() const { return has_key ? why_not_in_parallel() : "the mapping has no key"; }

std::vector<std::string> TableInfo::surprises() const {
  std::vector<std::string> surprises;
  for (const std::string& column : narrow_columns) {
    surprises.push_back("its column " + mysql::quote_identifier(column) +
                        " is utf8mb3, so a line with a character that this lacks, such as an emoji, is rejected");
  }
  if (has_loose_ids && is_key_exact) {
    surprises.push_back("its key has the collation " + key_collation +
                        ", which takes ids for one that differ only in spaces at their end");
  } else if (has_loose_ids) {
    surprises.push_back("its key has the collation " + key_collation +
                        ", which takes some different ids for one, so one connection writes it in file order");
  } else if (has_key && !is_key_exact) {
    surprises.push_back("one connection writes it in file order, as " + why_key_is_inexact);
  }
  if (has_update_trigger) {
    surprises.push_back(
        "it has a trigger on UPDATE: --on-duplicate skip looks ids up first and does not fire it; replace fires it for"
        " each line whose id is there");
  }
  return surprises;
}

TableInfo inspect_table(mysql::Session& session, mapping::Mapping& mapping, OnDuplicate mode) {
  const std::string subject = "The table " + mysql::quote_identifier(mapping.table);
  const std::vector<mysql::Row> tables = session.query(in_this_table("TABLES", "TABLE_TYPE, ENGINE", mapping.table));
  if (tables.empty()) {
    throw DatabaseError(subject + " does not exist in this database, or the user may not see it; create it with " +
                        "`chatload schema apply`.");
  }
  const std::string kind = lower(tables[0][0].value_or(""));
  if (kind != "base table") {
    throw DatabaseError(subject + " is a " + kind +
                        ", where an ordinary table is needed; give that one another name, " +
                        "then run `chatload schema apply`.");
  }
  Problems problems;
  const std::string engine = tables[0][1].value_or("unknown");
  if (lower(engine) != "innodb") {
    problems.push_back("its engine is " + engine + ", which has no transactions, where InnoDB is needed");
  }

  const std::vector<Column> columns = read_columns(session, mapping.table);
  TableInfo info;
  info.table = mapping.table;
  check_columns(session, columns, mapping, problems);
  find_key(read_keys(session, mapping.table), columns, mapping, info, problems);
  if (mode == OnDuplicate::kReplace && info.has_other_unique_key) {
    problems.push_back(
        "it has a unique key beside its primary key, with which --on-duplicate replace could overwrite the wrong row");
  }
  if (!problems.empty()) {
    throw DatabaseError(
        subject + " cannot be loaded as it is: " + join(problems) +
        "; change it with ALTER TABLE, or load into a database without it after `chatload schema apply`.");
  }
  for (const mapping::Column& mapped : mapping.columns) {
    if (is_one_of(column_named(columns, mapped.name)->charset, {"utf8mb3", "utf8"})) {
      info.narrow_columns.push_back(mapped.name);
    }
  }
  judge_key(session, columns, mapping, info);
  if (info.counter) require_values_left(session, mapping.table, *info.counter, 1);
  read_triggers(session, info);
  return info;
}

std::string table_definition(mysql::Session& session, const std::string& table) {
  return session.query("SHOW CREATE TABLE " + mysql::quote_identifier(table)).at(0).at(1).value_or("");
}

bool is_empty(mysql::Session& session, const std::string& table) {
  return session.query("SELECT 1 FROM " + mysql::quote_identifier(table) + " LIMIT 1").empty();
}

std::string limits_text(const mapping::Mapping& mapping) {
  std::string text;
  const auto add = [&](const mapping::Column& column) {
    std::string limit = limit_of(column.type);
    if (column.has_lost_null && !column.is_required) limit += " NOT NULL";
    if (limit.empty()) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", mysql::quote_identifier(column.name), limit);
  };
  if (mapping.kind) add(mapping.columns[*mapping.kind]);
  for (std::size_t index = 0; index < mapping.columns.size(); ++index) {
    if (index != mapping.kind) add(mapping.columns[index]);
  }
  if (const std::string forms = forms_text(mapping.key); !forms.empty()) {
    text += fmt::format(", key {} {}", quoted_key(mapping), forms);
  }
  return text;
}

}  // namespace chatload::table
