// A witness is looked up by SELECT EXISTS (SELECT 1 FROM `t` WHERE `id` = '…'), many in one statement: each is one read
// of the key, compared as the columns compare, and has an answer of its own. An IN list has not: two keys that the
// collation calls equal, or that are equal, find one row.
#include "ledger/witnesses.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/hex.h"
#include "ledger/ledger_input.h"
#include "ledger/witness_text.h"
#include "mysql/sql_text.h"
#include "table/table_info.h"

namespace chatload::ledger {
namespace {

constexpr std::size_t kKeysInAPage = 200;
constexpr std::size_t kStatementBytes = 256 * 1024;  // reaching it ends one

std::vector<std::string> from_list(std::uint64_t load_id, std::string_view list) {
  std::vector<std::string> keys;
  while (!list.empty()) {
    const std::string_view text = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), text.size() + 1));
    std::optional<std::string> key = from_hex(text);
    if (!key || key->empty() || keys.size() == kWitnessesMax) {
      throw damaged_ledger(load_id, "`witnesses` in chatload_loads is not what chatload wrote");
    }
    keys.push_back(std::move(*key));
  }
  return keys;
}

std::string table_time(const std::string& table) {
  return "(SELECT CREATE_TIME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = " +
         mysql::quote_text(table) + ")";
}

}  // namespace

WitnessTable witness_table(mysql::Session& session, const std::string& table) {
  const std::vector<mysql::Row> columns = session.query(
      "SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND INDEX_NAME = 'PRIMARY'"
      " AND TABLE_NAME = " +
      mysql::quote_text(table));
  return {table, columns.size() == 1 ? columns[0][0].value_or("") : ""};
}

WitnessTable witness_table(const mapping::Mapping& mapping) {
  const std::vector<std::string> names = key_names(mapping);
  return {mapping.table, names.size() == 1 ? names.front() : "", !names.empty()};
}

std::uint64_t count_missing(mysql::Session& session, const WitnessTable& where,
                            std::span<const std::string> witnesses) {
  const std::string probe = fmt::format("EXISTS (SELECT 1 FROM {} WHERE ", mysql::quote_identifier(where.table));
  const std::size_t bytes_max = session.statement_bytes_max(kStatementBytes);
  std::uint64_t missing = 0;
  while (!witnesses.empty()) {
    std::string sql = "SELECT ";
    std::size_t asked = 0;
    for (; asked < witnesses.size(); ++asked) {
      const std::string condition = witness_condition(witnesses[asked], where.id_column);
      if (asked > 0 && sql.size() + probe.size() + condition.size() + 3 > bytes_max) break;
      sql.append(asked > 0 ? ", " : "").append(probe).append(condition) += ')';
    }
    const mysql::Row row = session.query(sql).at(0);
    missing += static_cast<std::uint64_t>(std::count(row.begin(), row.end(), "0"));
    witnesses = witnesses.subspan(asked);
  }
  return missing;
}

WitnessPage read_witnesses(mysql::Session& session, std::uint64_t load_id, std::optional<RangeKey> behind) {
  WitnessPage page;
  for (mysql::Row& row : session.query(
           fmt::format("SELECT `source`, `range_number`, `witness` FROM `chatload_ranges` WHERE `load_id` = {}{}"
                       " AND `witness` IS NOT NULL ORDER BY `source`, `range_number` LIMIT {}",
                       load_id,
                       behind ? fmt::format(" AND `source` >= {0} AND (`source` > {0} OR `range_number` > {1})",
                                            behind->source.value(), behind->number.value())
                              : "",
                       kKeysInAPage))) {
    page.last_range = {SourceOrdinal(ledger_number(row[0], load_id, "`source`")),
                       RangeNumber(ledger_number(row[1], load_id, "`range_number`"))};
    page.keys.push_back(std::move(row[2]).value_or(""));
  }
  return page;
}

// The first, the last, and between them as evenly as it goes.
void keep_witnesses(mysql::Session& session, std::uint64_t load_id, const std::string& owner) {
  const std::string of_load =
      fmt::format(" FROM `chatload_ranges` WHERE `load_id` = {} AND `witness` IS NOT NULL", load_id);
  const std::uint64_t all = mysql::to_number(session.query("SELECT COUNT(*)" + of_load).at(0).at(0));
  const std::uint64_t wanted = std::min<std::uint64_t>(all, kWitnessesMax);
  std::string list;
  std::uint64_t kept = 0;
  std::uint64_t place = 0;
  session.for_each("SELECT `witness`" + of_load + " ORDER BY `source`, `range_number`", [&](const mysql::Row& row) {
    if (kept < wanted && place == (wanted == 1 ? 0 : kept * (all - 1) / (wanted - 1))) {
      list += (kept == 0 ? "" : ",") + to_hex(row[0].value_or(""));
      ++kept;
    }
    ++place;
  });
  session.execute(fmt::format("UPDATE `chatload_loads` SET `witnesses` = {} WHERE `load_id` = {} AND `owner` = {}",
                              mysql::quote_text(list), load_id, mysql::quote_text(owner)));
}

void keep_table_time(mysql::Session& session, std::uint64_t load_id, const std::string& owner,
                     const std::string& table) {
  const std::optional<std::string> time = session.query("SELECT " + table_time(table)).at(0).at(0);
  session.execute(fmt::format("UPDATE `chatload_loads` SET `table_made_at` = {} WHERE `load_id` = {} AND `owner` = {}",
                              time ? mysql::quote_text(*time) : "NULL", load_id, mysql::quote_text(owner)));
}

// The plan in the ledger has a line for what became of the indexes (cli/recorded_plan.cc).
LoadTraces traces_of_unfinished(mysql::Session& session, std::uint64_t load_id, const std::string& table) {
  const std::vector<mysql::Row> rows = session.query(
      fmt::format("SELECT EXISTS (SELECT 1 FROM `chatload_ranges` WHERE `load_id` = {0} AND"
                  " (`inserted` > 0 OR `updated` > 0 OR `duplicate` > 0)),"
                  " `plan` NOT LIKE '%\nindexes = \"defer\"\n%' AND {1} > `started_at` FROM `chatload_loads`"
                  " WHERE `load_id` = {0}",
                  load_id, table_time(table)));
  LoadTraces traces;
  if (rows.empty() || rows[0][0] != "1") return traces;
  traces.has_rows = true;
  traces.is_table_newer = rows[0][1] == "1";
  traces.is_table_empty = table::is_empty(session, table);
  return traces;
}

bool has_fewer_rows(mysql::Session& session, std::uint64_t load_id, const std::string& table) {
  constexpr std::uint64_t kRowsCounted = 10'000'000;  // 5 s
  const mysql::Row inserted =
      session
          .query(fmt::format("SELECT LEAST(SUM(`inserted`), {}) FROM `chatload_ranges` WHERE `load_id` = {}",
                             kRowsCounted, load_id))
          .at(0);
  const mysql::Row counted = session
                                 .query(fmt::format("SELECT COUNT(*) FROM (SELECT 1 FROM {} LIMIT {}) AS `some`",
                                                    mysql::quote_identifier(table), kRowsCounted))
                                 .at(0);
  return mysql::to_number(counted[0]) < mysql::to_number(inserted[0]);
}

DoneTraces traces_of_done(mysql::Session& session, std::uint64_t load_id, const std::string& table) {
  const std::vector<mysql::Row> rows = session.query(
      fmt::format("SELECT `inserted` > 0 OR `updated` > 0 OR `duplicate` > 0, `witnesses`,"
                  " IF(`table_made_at` IS NULL, {0} > `finished_at`, {0} <> `table_made_at`) FROM `chatload_loads`"
                  " WHERE `load_id` = {1}",
                  table_time(table), load_id));
  DoneTraces traces;
  if (rows.empty() || rows[0][0] != "1") return traces;
  traces.has_rows = true;
  traces.is_table_newer = rows[0][2] == "1";
  if (rows[0][1]) traces.kept = from_list(load_id, *rows[0][1]);
  traces.is_table_empty = table::is_empty(session, table);
  return traces;
}

}  // namespace chatload::ledger
