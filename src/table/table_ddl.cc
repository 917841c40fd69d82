// MySQL runs /*!80017 ... */ and takes /*M! ... */ for a comment, MariaDB the other way round. They give the key the
// collation that compares bytes and does not pad, so that 'a' and 'a ' are two keys, and keep MariaDB, whatever its
// settings, from adding DEFAULT and ON UPDATE CURRENT_TIMESTAMP to the first TIMESTAMP.
#include "table/table_ddl.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "mysql/sql_text.h"

namespace chatload::table {
namespace {

constexpr std::string_view kKeyCollation =
    " CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M! COLLATE utf8mb4_nopad_bin */";

}  // namespace

std::string create_statement(const mapping::Mapping& mapping) {
  std::string sql =
      fmt::format("/*M! SET STATEMENT explicit_defaults_for_timestamp = 1 FOR */\nCREATE TABLE IF NOT EXISTS {} (\n",
                  mysql::quote_identifier(mapping.table));
  for (std::size_t index = 0; index < mapping.columns.size(); ++index) {
    const mapping::Column& column = mapping.columns[index];
    const bool is_key_text =
        column.type.is_text() &&
        std::any_of(mapping.key.begin(), mapping.key.end(), [&](const auto& part) { return part.column == index; });
    const bool wants_collation = is_key_text && column.type.charset.empty() && column.type.collation.empty();
    sql += fmt::format("{}  {} {}", index == 0 ? "" : ",\n", mysql::quote_identifier(column.name),
                       declaration_of(column.type, wants_collation ? kKeyCollation : ""));
  }
  if (!mapping.key.empty()) sql += fmt::format(",\n  PRIMARY KEY ({})", mysql::quote_identifiers(key_names(mapping)));
  for (const std::vector<std::string>& columns : mapping.indexes) {
    sql += fmt::format(",\n  KEY {} ({})", mysql::quote_identifier(mapping::index_name(columns)),
                       mysql::quote_identifiers(columns));
  }
  return sql + "\n) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4";
}

}  // namespace chatload::table
