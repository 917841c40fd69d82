#include "ledger/load_ledger.h"

#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "ledger/ledger_input.h"
#include "ledger/range_ledger.h"
#include "mysql/sql_text.h"

namespace chatload::ledger {
namespace {

constexpr std::uint64_t kRangesInADelete = 10'000;
// Of a load's totals, in the order in which they are read.
constexpr std::array<std::string_view, 10> kTotals = {
    "ranges",   "lines",    "inserted", "updated",          "duplicate",
    "filtered", "rejected", "blank",    "bytes_compressed", "bytes_decompressed"};

// A state that nobody wrote is taken for one that proves nothing: what is committed is looked up.
LoadState state_of(std::string_view text) {
  for (const LoadState state : {LoadState::kRunning, LoadState::kDone, LoadState::kFailed}) {
    if (text == to_string(state)) return state;
  }
  return LoadState::kInterrupted;
}

std::string text_or_null(const std::string& text) { return text.empty() ? "NULL" : mysql::quote_text(text); }

std::vector<LoadRecord> load_records(mysql::Session& session, const std::string& where) {
  std::vector<LoadRecord> loads;
  for (const mysql::Row& row :
       session.query("SELECT `load_id`, `attempt`, `state`, `owner`, `plan`, `limits`, `source_stamp`, `source_digest`,"
                     " `exit_code`, `superseded_by`, `runner`, `lock_name` FROM `chatload_loads` WHERE " +
                     where)) {
    loads.push_back({.load_id = mysql::to_number(row[0]),
                     .attempt = mysql::to_number(row[1]),
                     .state = state_of(row[2].value_or("")),
                     .owner = row[3].value_or(""),
                     .runner = row[10].value_or(""),
                     .plan = row[4].value_or(""),
                     .limits = row[5].value_or(""),
                     .source_stamp = row[6].value_or(""),
                     .source_digest = row[7].value_or(""),
                     .exit_code = static_cast<int>(mysql::to_number(row[8])),
                     .is_superseded = row[9].has_value(),
                     .lock_name = row[11].value_or("")});
  }
  return loads;
}

bool changes_one(mysql::Session& session, const std::string& sql) { return session.update(sql).affected_rows == 1; }

// A sum of its own could overflow.
void require_sum(std::uint64_t load_id, const LineCounts& counts) {
  std::uint64_t left = counts.lines;
  for (const std::uint64_t outcome :
       {counts.inserted, counts.updated, counts.duplicate, counts.filtered, counts.rejected, counts.blank}) {
    if (outcome > left) throw damaged_ledger(load_id, fmt::format("its {} lines have more outcomes", counts.lines));
    left -= outcome;
  }
  if (left > 0) throw damaged_ledger(load_id, fmt::format("{} of its {} lines have no outcome", left, counts.lines));
}

LoadTotals totals_of(mysql::Session& session, std::uint64_t load_id, const std::string& sql) {
  const mysql::Row row = session.query(sql).at(0);
  LoadTotals totals;
  for (std::size_t i = 0; i < kTotals.size(); ++i) {
    static_cast<void>(ledger_number(row[i], load_id, fmt::format("`{}`", kTotals[i])));
  }
  totals.ranges = mysql::to_number(row[0]);
  totals.counts = line_counts(row, 1);
  totals.bytes_compressed = mysql::to_number(row[8]);
  totals.bytes_decompressed = mysql::to_number(row[9]);
  require_sum(load_id, totals.counts);
  if (totals.counts.rejected == 0) return totals;
  for (const mysql::Row& reason : session.query(fmt::format(
           "SELECT `reason`, COUNT(*) FROM `chatload_rejects` WHERE `load_id` = {} GROUP BY `reason`", load_id))) {
    const auto known = parse::reject_reason(reason[0].value_or(""));
    if (known) totals.rejected_by_reason[static_cast<std::size_t>(*known)] = mysql::to_number(reason[1]);
  }
  return totals;
}

}  // namespace

std::string_view to_string(LoadState state) {
  switch (state) {
    case LoadState::kRunning: return "running";
    case LoadState::kDone: return "done";
    case LoadState::kFailed: return "failed";
    case LoadState::kInterrupted: return "interrupted";
  }
  return "";
}

std::vector<LoadRecord> find_loads(mysql::Session& session, const LoadKey& key) {
  return load_records(session, "`source_key` = " + mysql::quote_text(key.source_key) + " AND `target_table` = " +
                                   mysql::quote_text(key.table) + " ORDER BY `attempt` DESC");
}

// The name is compared byte by byte, whatever collation the column has.
std::vector<LoadRecord> find_partial_loads(mysql::Session& session, const std::string& table, std::uint64_t load_id) {
  return load_records(
      session, fmt::format("`target_table` = {0} AND `load_id` <> {1} AND `state` <> 'done' AND `superseded_by` IS NULL"
                           " AND `source_key` LIKE 'file:%' AND CAST(`source` AS BINARY) ="
                           " (SELECT CAST(o.`source` AS BINARY) FROM `chatload_loads` AS o WHERE o.`load_id` = {1})"
                           " AND (`source_bytes` = 0 OR EXISTS (SELECT 1 FROM `chatload_ranges` AS r"
                           " WHERE r.`load_id` = `chatload_loads`.`load_id`))"
                           " ORDER BY `load_id`",
                           mysql::quote_text(table), load_id));
}

bool disown(mysql::Session& session, const LoadRecord& load) {
  const std::string where = fmt::format(
      " WHERE `load_id` = {} AND `state` <> 'done' AND `superseded_by` IS NULL"
      " AND `owner` IN ({}, '')",
      load.load_id, mysql::quote_text(load.owner));
  session.execute("UPDATE `chatload_loads` SET `owner` = ''" + where);
  return !session.query("SELECT 1 FROM `chatload_loads`" + where).empty();
}

void supersede(mysql::Session& session, std::uint64_t load_id, std::uint64_t by_load_id) {
  session.execute(
      fmt::format("UPDATE `chatload_loads` SET `superseded_by` = {} WHERE `load_id` = {} AND `owner` = ''"
                  " AND `superseded_by` IS NULL",
                  by_load_id, load_id));
}

// The runs of what is superseded are shut out first, so that no crash in between leaves two runs that write. The lost
// reply to an INSERT leaves a row that is ours: it is found by its owner.
std::optional<std::uint64_t> begin_load(mysql::Session& session, const LoadKey& key, const LoadSetup& setup,
                                        const Runner& runner, std::uint64_t attempt,
                                        const std::vector<LoadRecord>& superseded) {
  for (const LoadRecord& load : superseded) {
    session.execute(fmt::format("UPDATE `chatload_loads` SET `owner` = '' WHERE `load_id` = {}", load.load_id));
  }
  try {
    session.execute(fmt::format(
        "INSERT INTO `chatload_loads` (`target_table`, `source`, `source_key`, `attempt`, `source_stamp`,"
        " `source_bytes`, `plan`, `limits`, `owner`, `runner`, `lock_name`, `state`, `started_at`)"
        " VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, 'running', UTC_TIMESTAMP(6))",
        mysql::quote_text(key.table), mysql::quote_text(runner.source), mysql::quote_text(key.source_key), attempt,
        text_or_null(setup.source_stamp), setup.source_bytes ? std::to_string(*setup.source_bytes) : "NULL",
        mysql::quote_text(setup.plan), mysql::quote_text(setup.limits), mysql::quote_text(runner.owner),
        mysql::quote_text(runner.name), mysql::quote_text(setup.lock_name)));
  } catch (const mysql::StatementError& error) {
    if (classify(error) != mysql::ErrorClass::kDuplicateKey) throw;
  }
  const std::vector<mysql::Row> rows = session.query(
      "SELECT `load_id` FROM `chatload_loads` WHERE `source_key` = " + mysql::quote_text(key.source_key) +
      " AND `target_table` = " + mysql::quote_text(key.table) + " AND `owner` = " + mysql::quote_text(runner.owner));
  if (rows.empty()) return std::nullopt;
  const std::uint64_t load_id = mysql::to_number(rows.front()[0]);
  for (const LoadRecord& load : superseded) {
    session.execute(fmt::format("UPDATE `chatload_loads` SET `owner` = '', `superseded_by` = {} WHERE `load_id` = {}",
                                load_id, load.load_id));
  }
  return load_id;
}

bool take_over(mysql::Session& session, const LoadRecord& load, const Runner& runner) {
  return changes_one(session,
                     fmt::format("UPDATE `chatload_loads` SET `owner` = {}, `runner` = {}, `source` = {},"
                                 " `state` = 'running', `finished_at` = NULL, `exit_code` = NULL"
                                 " WHERE `load_id` = {} AND `owner` = {} AND `state` <> 'done'"
                                 " AND `superseded_by` IS NULL",
                                 mysql::quote_text(runner.owner), mysql::quote_text(runner.name),
                                 mysql::quote_text(runner.source), load.load_id, mysql::quote_text(load.owner)));
}

LoadTotals read_totals(mysql::Session& session, std::uint64_t load_id) {
  LoadTotals totals = totals_of(
      session, load_id,
      fmt::format("SELECT COUNT(*), COALESCE(SUM(`lines`), 0), COALESCE(SUM(`inserted`), 0),"
                  " COALESCE(SUM(`updated`), 0), COALESCE(SUM(`duplicate`), 0), COALESCE(SUM(`filtered`), 0),"
                  " COALESCE(SUM(`rejected`), 0), COALESCE(SUM(`blank`), 0), COALESCE(MAX(`compressed_end`), 0),"
                  " COALESCE(SUM(`length_bytes`), 0) FROM `chatload_ranges` WHERE `load_id` = {}",
                  load_id));
  const auto& by_reason = totals.rejected_by_reason;
  const std::uint64_t kept = std::accumulate(by_reason.begin(), by_reason.end(), std::uint64_t{0});
  if (kept != totals.counts.rejected) {
    throw damaged_ledger(
        load_id, fmt::format("of {} rejected lines it has {} in chatload_rejects", totals.counts.rejected, kept));
  }
  return totals;
}

LoadTotals read_final_totals(mysql::Session& session, std::uint64_t load_id) {
  return totals_of(session, load_id,
                   fmt::format("SELECT `ranges`, `lines`, `inserted`, `updated`, `duplicate`, `filtered`, `rejected`,"
                               " `blank`, `bytes_compressed`, `bytes_decompressed` FROM `chatload_loads`"
                               " WHERE `load_id` = {}",
                               load_id));
}

void record_end(mysql::Session& session, std::uint64_t load_id, const std::string& owner, const LoadEnd& end) {
  const LineCounts& counts = end.totals.counts;
  session.execute(
      fmt::format("UPDATE `chatload_loads` SET `source_stamp` = {}, `source_digest` = {}, `ranges` = {}, `lines` = {},"
                  " `inserted` = {}, `updated` = {}, `duplicate` = {}, `filtered` = {}, `rejected` = {}, `blank` = {},"
                  " `bytes_compressed` = {}, `bytes_decompressed` = {} WHERE `load_id` = {} AND `owner` = {}",
                  text_or_null(end.source_stamp), text_or_null(end.source_digest), end.totals.ranges, counts.lines,
                  counts.inserted, counts.updated, counts.duplicate, counts.filtered, counts.rejected, counts.blank,
                  end.totals.bytes_compressed, end.totals.bytes_decompressed, load_id, mysql::quote_text(owner)));
}

void forget_end(mysql::Session& session, std::uint64_t load_id, const std::string& owner) {
  session.execute(
      fmt::format("UPDATE `chatload_loads` SET `source_digest` = NULL, `ranges` = NULL"
                  " WHERE `load_id` = {} AND `owner` = {}",
                  load_id, mysql::quote_text(owner)));
}

bool mark_done(mysql::Session& session, std::uint64_t load_id, const std::string& owner, int exit_code) {
  return changes_one(
      session,
      fmt::format("UPDATE `chatload_loads` SET `state` = 'done', `finished_at` = UTC_TIMESTAMP(6), `exit_code` = {0}"
                  " WHERE `load_id` = {1} AND `owner` = {2}"
                  " AND `ranges` = (SELECT COUNT(*) FROM `chatload_ranges` WHERE `load_id` = {1})",
                  exit_code, load_id, mysql::quote_text(owner)));
}

bool mark_ended(mysql::Session& session, std::uint64_t load_id, const std::string& owner, LoadState state,
                int exit_code) {
  return changes_one(session, fmt::format("UPDATE `chatload_loads` SET `state` = '{}', `exit_code` = {},"
                                          " `finished_at` = UTC_TIMESTAMP(6) WHERE `load_id` = {} AND `owner` = {}"
                                          " AND `state` <> 'done'",
                                          to_string(state), exit_code, load_id, mysql::quote_text(owner)));
}

void record_stamp(mysql::Session& session, std::uint64_t load_id, const std::string& source_stamp) {
  session.execute(fmt::format("UPDATE `chatload_loads` SET `source_stamp` = {} WHERE `load_id` = {}",
                              text_or_null(source_stamp), load_id));
}

// Asks for the state each time: a server that lost the mark in a failover keeps the ranges.
void compact(mysql::Session& session, std::uint64_t load_id) {
  const std::string sql = fmt::format(
      "DELETE FROM `chatload_ranges` WHERE `load_id` = {0} AND"
      " (SELECT `state` FROM `chatload_loads` WHERE `chatload_loads`.`load_id` = {0}) = 'done'"
      " ORDER BY `range_number` LIMIT {1}",
      load_id, kRangesInADelete);
  while (session.update(sql).affected_rows == kRangesInADelete) {
  }
}

std::optional<std::string> why_commits_may_be_lost(mysql::Session& session) {
  const mysql::Row row = session.query("SELECT @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog").at(0);
  std::string why;
  const auto add = [&](const std::string& cause) { why += (why.empty() ? "" : " and ") + cause; };
  const auto must_be_one = [&](const char* variable, const std::optional<std::string>& value) {
    add(fmt::format("{0} is {1} (SET GLOBAL {0} = 1)", variable, value.value_or("unknown")));
  };
  // 3 is MariaDB's, and flushes more often than 1.
  if (row[0] != "1" && row[0] != "3") must_be_one("innodb_flush_log_at_trx_commit", row[0]);
  if (row[1] != "0" && row[1] != "OFF" && row[2] != "1") must_be_one("sync_binlog", row[2]);
  for (const mysql::Row& status : session.query("SHOW GLOBAL STATUS LIKE 'Innodb_redo_log_enabled'")) {
    if (status[1] == "OFF") add("its redo log is switched off (ALTER INSTANCE ENABLE INNODB REDO_LOG)");
  }
  return why.empty() ? std::nullopt : std::optional(why);
}

}  // namespace chatload::ledger
