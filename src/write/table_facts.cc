// What the server says of a table's size is stale just when it matters: InnoDB counts pages in the background, ten
// seconds after one tenth of the table has changed at the soonest, and a table that indexes were added to begins with
// what was counted last. MySQL 9.7 had 16 KiB for the 78 MiB that a load of 300,000 rows had just made of an empty
// table. The number of rows is kept as they come, so the greater is taken of both figures.
#include "write/table_facts.h"

#include <algorithm>

namespace chatload::write {
namespace {

// Of a row, beside its columns: as pipeline/order_choice.cc has it for rows that are still to come.
constexpr int kRowBytes = 60;
constexpr int kRowsLookedAt = 100;

// Of the rows at the table's beginning, a mean.
std::uint64_t row_bytes(Session& session, const std::string& table) {
  std::string bytes = std::to_string(kRowBytes);
  for (const Row& column : session.query("SELECT `COLUMN_NAME` FROM `information_schema`.`COLUMNS`"
                                         " WHERE `TABLE_SCHEMA` = DATABASE() AND `TABLE_NAME` = " +
                                         quote_text(table))) {
    bytes += " + COALESCE(LENGTH(" + quote_identifier(column.at(0).value_or("")) + "), 0)";
  }
  const auto rows = session.query("SELECT AVG(`bytes`) FROM (SELECT " + bytes + " AS `bytes` FROM " +
                                  quote_identifier(table) + " LIMIT " + std::to_string(kRowsLookedAt) + ") AS `rows`");
  return to_number(rows.at(0).at(0));
}

}  // namespace

TableFacts table_facts(Session& session, const std::string& table) {
  // MySQL keeps such figures for a day.
  if (session.server().server == Server::kMysql) session.execute("SET SESSION information_schema_stats_expiry = 0");
  const auto rows = session.query(
      "SELECT COALESCE(SUM(`DATA_LENGTH`), 0), COALESCE(SUM(`TABLE_ROWS`), 0), @@innodb_buffer_pool_size"
      " FROM `information_schema`.`TABLES` WHERE `TABLE_SCHEMA` = DATABASE() AND `TABLE_NAME` = " +
      quote_text(table));
  const Row& facts = rows.at(0);
  return {.data_bytes = std::max(to_number(facts.at(0)), to_number(facts.at(1)) * row_bytes(session, table)),
          .buffer_pool_bytes = to_number(facts.at(2))};
}

}  // namespace chatload::write
