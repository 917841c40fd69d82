// The servers tell a default in two ways (information_schema.COLUMNS.COLUMN_DEFAULT): MySQL as the bare text, with
// DEFAULT_GENERATED in EXTRA where it is an expression; MariaDB as SQL, where a literal begins with a quote, a digit or
// a sign. Both call BOOLEAN `tinyint(1)`, and no other type of today so.
#include "table/declared_types.h"

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/lower.h"
#include "mapping/sql_type.h"
#include "mysql/sql_text.h"

namespace chatload::table {
namespace {

using mapping::TypeKind;

bool can_have_default(const mapping::SqlType& type) {
  return !type.is_time() && type.kind != TypeKind::kJson && type.kind != TypeKind::kBytes &&
         type.kind != TypeKind::kUuid && !type.name.ends_with("TEXT");
}

bool is_number(const mapping::SqlType& type) {
  return type.kind == TypeKind::kInteger || type.kind == TypeKind::kDecimal || type.kind == TypeKind::kFloating;
}

constexpr std::size_t kDefaultBytesMax = 255;

// Nothing where it is no literal that a mapping can have.
std::optional<std::string> literal_of(const mapping::SqlType& type, const std::string& text, bool is_sql) {
  if (!can_have_default(type) || text.size() > kDefaultBytesMax) return std::nullopt;
  if (text.find('\\') != std::string::npos) return std::nullopt;
  if (type.kind == TypeKind::kBoolean) {
    return text == "0" ? std::optional("FALSE") : text == "1" ? std::optional("TRUE") : std::nullopt;
  }
  if (!is_sql) return is_number(type) ? text : mapping::quoted_literal(text);
  if (text.empty() || std::string_view("'-+.0123456789").find(text.front()) == std::string_view::npos) {
    return std::nullopt;
  }
  return text;
}

}  // namespace

std::map<std::string, std::string> declared_types(mysql::Session& session, const std::string& table) {
  const bool is_sql = session.server().server == mysql::Server::kMariadb;
  std::map<std::string, std::string> types;
  for (const mysql::Row& row : session.query(
           "SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA FROM information_schema.COLUMNS WHERE "
           "TABLE_SCHEMA = DATABASE() AND TABLE_NAME = " +
           mysql::quote_text(table))) {
    std::string& text = types[row[0].value_or("")];
    text = row[1].value_or("");
    const bool is_boolean = lower(text) == "tinyint(1)";
    const std::optional<mapping::SqlType> type = mapping::column_type(is_boolean ? "boolean" : text);
    if (!type) continue;
    text = type_text(*type);
    if (row[2] != "YES") text += " NOT NULL";
    const bool is_expression = row[4].value_or("").find("DEFAULT_GENERATED") != std::string::npos;
    if (!row[3] || is_expression) continue;
    if (const auto literal = literal_of(*type, *row[3], is_sql)) text += " DEFAULT " + *literal;
  }
  return types;
}

}  // namespace chatload::table
