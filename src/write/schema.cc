// The embedded text is split into statements at a ';' that ends a line, which is how the files in schema/ are written:
// each statement is a CREATE TABLE IF NOT EXISTS with its name in backticks.
#include "write/schema.h"

#include <algorithm>
#include <vector>

#include "base/errors.h"
#include "schema_sql.h"
#include "write/table_info.h"

namespace chatload::write {
namespace {

constexpr std::string_view kStatementEnd = ";\n";
constexpr std::string_view kCreate = "CREATE TABLE IF NOT EXISTS `";

std::vector<std::string_view> statements(std::string_view sql) {
  std::vector<std::string_view> found;
  while (!sql.empty()) {
    const std::size_t end = std::min(sql.find(kStatementEnd), sql.size());
    found.push_back(sql.substr(0, end));
    sql.remove_prefix(std::min(end + kStatementEnd.size(), sql.size()));
  }
  return found;
}

std::string created_table(std::string_view statement) {
  const std::size_t create = statement.find(kCreate);
  if (create == std::string_view::npos) return {};
  statement.remove_prefix(create + kCreate.size());
  return std::string(statement.substr(0, statement.find('`')));
}

bool exists(Session& session, const std::string& table) {
  return !session
              .query("SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = " +
                     quote_text(table))
              .empty();
}

bool leads_an_index(Session& session, const std::string& table, const std::string& column) {
  const std::vector<Row> rows = session.query(
      "SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND SEQ_IN_INDEX = 1"
      " AND TABLE_NAME = " +
      quote_text(table));
  return std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return row[0] == column; });
}

}  // namespace

std::string_view schema_sql() { return kSchemaSql; }

std::string apply_schema(Session& session) {
  std::string report;
  for (const std::string_view statement : statements(schema_sql())) {
    const std::string table = created_table(statement);
    try {
      const bool was_there = exists(session, table);
      session.execute(statement);
      report += table + (was_there ? ": is there already, left as it is\n" : ": created\n");
    } catch (const StatementError& error) {
      throw DatabaseError("The table " + quote_identifier(table) + " cannot be created: " + error.what() +
                          "; use an account that may CREATE in this database, on a server that takes writes.");
    }
  }
  return report;
}

std::string check_schema(Session& session, const parse::Mapping& mapping) {
  parse::Mapping limits = mapping;
  const TableInfo info = inspect_table(session, limits, OnDuplicate::kSkip);
  std::string report = info.table + ": can be loaded\n";
  if (!info.key_is_bytes) {
    report += "note: its key has the collation " + info.key_collation +
              ", which takes some different ids for one, so one connection writes it in file order\n";
  }
  if (info.has_other_unique_key) {
    report +=
        "note: it has a unique key beside its primary key, so one connection writes it in file order and"
        " --on-duplicate replace is refused\n";
  }
  for (const std::size_t field : {mapping.site, mapping.time}) {
    const std::string& column = mapping.fields.at(field).column;
    if (!leads_an_index(session, info.table, column)) {
      report += "note: no index begins with its column " + quote_identifier(column) +
                ", so queries by it read the whole table\n";
    }
  }
  return report;
}

}  // namespace chatload::write
