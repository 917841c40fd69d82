// LOAD DATA LOCAL is IGNORE: a record that a CHECK, a foreign key, a partition or a trigger refuses is skipped with one
// warning, as a duplicate is. So such tables are not loaded by it, nor those with another unique key, whose duplicates
// an INSERT of chatload's meets in file order. What a column cannot hold has a warning of its own, and is seen by that.
//
// With a binary log of statements a server keeps the records as files for its replicas; rows are what is tested.
#include "write/load_data_conditions.h"

#include <fmt/format.h>

namespace chatload::write {

std::optional<std::string> why_not_load_data(Session& session, const TableInfo& table, OnDuplicate mode) {
  if (mode != OnDuplicate::kSkip) return "it would skip duplicates, and --on-duplicate asks for something else";
  if (!table.can_write_in_parallel()) return table.why_not_in_parallel();
  if (table.may_have_trigger) {
    return fmt::format("`{}` has a trigger, or the user lacks the privilege to see that it has none", table.table);
  }
  const Row server = session.query("SELECT @@local_infile, @@log_bin, @@binlog_format").at(0);
  if (to_number(server[0]) == 0) return "local_infile is off on the server";
  if (to_number(server[1]) != 0 && server[2] != "ROW") {
    return fmt::format("the server's binlog_format is {}", server[2].value_or("unknown"));
  }
  const std::string name = quote_text(table.table);
  const std::string of_table = " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = " + name;
  const auto exists = [&](const std::string& what) { return !session.query("SELECT 1 FROM " + what).empty(); };
  if (exists("information_schema.TABLE_CONSTRAINTS" + of_table + " AND CONSTRAINT_TYPE IN ('CHECK', 'FOREIGN KEY')")) {
    return fmt::format("`{}` has a CHECK or a foreign key", table.table);
  }
  if (exists("information_schema.PARTITIONS" + of_table + " AND PARTITION_NAME IS NOT NULL LIMIT 1")) {
    return fmt::format("`{}` is partitioned", table.table);
  }
  return std::nullopt;
}

}  // namespace chatload::write
