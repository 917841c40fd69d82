// LOAD DATA LOCAL is IGNORE: a record that a CHECK, a foreign key, a partition or a trigger refuses is skipped with one
// warning, as a duplicate is. So such tables are not loaded by it, nor those with another unique key, whose duplicates
// an INSERT of chatload's meets in file order. What a column cannot hold has a warning of its own, and is seen by that.
//
// MariaDB's information_schema hides a CHECK from a user who has INSERT and UPDATE on the table only; SHOW CREATE TABLE
// does not.
//
// With a binary log of statements a server keeps the records as files for its replicas; rows are what is tested.
#include "table/load_data_conditions.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

namespace chatload::table {
namespace {

// A comment on the table that reads like one of them costs speed only.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kClauses{{
    {"CHECK (", "has a CHECK"},
    {"FOREIGN KEY", "has a foreign key"},
    {"PARTITION BY", "is partitioned"},
}};

}  // namespace

std::optional<std::string> why_not_load_data(mysql::Session& session, const TableInfo& table, OnDuplicate mode) {
  if (table.has_key && mode != OnDuplicate::kSkip) {
    return "it would skip duplicates, and --on-duplicate asks for something else";
  }
  if (!table.can_write_in_parallel()) return table.why_not_in_parallel();
  if (table.has_loose_ids) return fmt::format("the key of `{}` takes some different ids for one", table.table);
  if (table.has_key && table.counter) return fmt::format("the server makes the primary key of `{}`", table.table);
  if (table.may_have_trigger) {
    return fmt::format("`{}` has a trigger, or the user lacks the privilege to see that it has none", table.table);
  }
  const mysql::Row server = session.query("SELECT @@local_infile, @@log_bin, @@binlog_format").at(0);
  if (mysql::to_number(server[0]) == 0) return "local_infile is off on the server";
  if (mysql::to_number(server[1]) != 0 && server[2] != "ROW") {
    return fmt::format("the server's binlog_format is {}", server[2].value_or("unknown"));
  }
  for (const mysql::Row& row : session.query("SHOW GLOBAL VARIABLES LIKE 'wsrep_load_data_splitting'")) {
    if (row[1] == "ON") return "the server commits within a LOAD DATA (wsrep_load_data_splitting)";
  }
  const std::string definition = table_definition(session, table.table);
  for (const auto& [clause, what] : kClauses) {
    if (definition.find(clause) != std::string::npos) return fmt::format("`{}` {}", table.table, what);
  }
  return std::nullopt;
}

}  // namespace chatload::table
