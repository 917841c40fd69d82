#include "write/table_facts.h"

namespace chatload::write {

TableFacts table_facts(Session& session, const std::string& table) {
  // MySQL keeps such figures for a day.
  if (session.server().server == Server::kMysql) session.execute("SET SESSION information_schema_stats_expiry = 0");
  const auto rows = session.query(
      "SELECT COALESCE(SUM(`DATA_LENGTH`), 0), @@innodb_buffer_pool_size FROM `information_schema`.`TABLES`"
      " WHERE `TABLE_SCHEMA` = DATABASE() AND `TABLE_NAME` = " +
      quote_text(table));
  return {.data_bytes = to_number(rows.at(0).at(0)), .buffer_pool_bytes = to_number(rows.at(0).at(1))};
}

}  // namespace chatload::write
