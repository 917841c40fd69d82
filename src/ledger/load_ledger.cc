#include "ledger/load_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "ledger/ledger_input.h"
#include "ledger/range_ledger.h"
#include "ledger/witnesses.h"
#include "mysql/sql_text.h"
#include "mysql/transaction.h"

namespace chatload::ledger {
namespace {

using mysql::quote_text;
using mysql::quote_text_or_null;
using mysql::Row;
using mysql::Session;
using mysql::to_number;

constexpr std::uint64_t kRangesInADelete = 10'000;
constexpr std::size_t kSourcesStatementBytes = std::size_t{512} * 1024;  // reaching it ends one
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

bool changes_one(Session& session, const std::string& sql) { return session.update(sql).affected_rows == 1; }

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

LoadTotals totals_of(Session& session, std::uint64_t load_id, const std::string& sql) {
  const Row row = session.query(sql).at(0);
  LoadTotals totals;
  for (std::size_t i = 0; i < kTotals.size(); ++i) {
    static_cast<void>(ledger_number(row[i], load_id, fmt::format("`{}`", kTotals[i])));
  }
  totals.ranges = to_number(row[0]);
  totals.counts = line_counts(row, 1);
  totals.bytes_compressed = to_number(row[8]);
  totals.bytes_decompressed = to_number(row[9]);
  require_sum(load_id, totals.counts);
  if (totals.counts.rejected == 0) return totals;
  for (const Row& reason : session.query(fmt::format(
           "SELECT `reason`, COUNT(*) FROM `chatload_rejects` WHERE `load_id` = {} GROUP BY `reason`", load_id))) {
    const auto known = parse::reject_reason(reason[0].value_or(""));
    if (known) totals.rejected_by_reason[static_cast<std::size_t>(*known)] = to_number(reason[1]);
  }
  return totals;
}

// Rows in several statements, so that a load of many sources fits into any packet; in the order of their keys, so that
// two runs that want the same ones wait for one another, and do not meet in a deadlock.
void insert_sources(Session& session, std::uint64_t load_id, const std::string& table,
                    std::span<const SourceClaim> sources) {
  constexpr std::string_view kHead =
      "INSERT INTO `chatload_sources` (`load_id`, `source`, `target_table`, `source_key`, `attempt`, `name`,"
      " `name_digest`, `stamp`, `bytes`, `state`, `why`) VALUES ";
  const std::size_t bytes_max = session.statement_bytes_max(kSourcesStatementBytes);
  std::vector<std::size_t> places(sources.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(sources[a].key, sources[a].attempt) < std::tie(sources[b].key, sources[b].attempt);
  });
  std::string sql;
  for (const std::size_t place : places) {
    const SourceClaim& source = sources[place];
    const std::string row = fmt::format(
        "({}, {}, {}, {}, {}, {}, {}, {}, {}, '{}', {})", load_id, place + 1, quote_text(table), quote_text(source.key),
        source.attempt, quote_text(source.name), quote_text(source.name_digest), quote_text_or_null(source.stamp),
        source.bytes ? std::to_string(*source.bytes) : "NULL",
        to_string(source.why.empty() ? SourceState::kWaiting : SourceState::kFailed), quote_text_or_null(source.why));
    if (!sql.empty() && sql.size() + row.size() + 1 > bytes_max) session.execute(std::exchange(sql, {}));
    sql += sql.empty() ? std::string(kHead) : ",";
    sql += row;
  }
  if (!sql.empty()) session.execute(sql);
}

void supersede_all(Session& session, std::uint64_t by_load_id, const PutAside& put_aside) {
  for (std::span<const SourceOrdinal> left = put_aside.sources; !left.empty();) {
    const auto some = left.first(std::min(left.size(), kSourcesAtOnce));
    left = left.subspan(some.size());
    std::string list;
    for (const SourceOrdinal source : some) list += fmt::format("{}{}", list.empty() ? "" : ", ", source.value());
    session.execute(
        fmt::format("UPDATE `chatload_sources` SET `superseded_by` = {} WHERE `load_id` = {}"
                    " AND `source` IN ({})",
                    by_load_id, put_aside.load_id, list));
  }
  if (put_aside.with_its_load) {
    session.execute(
        fmt::format("UPDATE `chatload_sources` SET `state` = 'released' WHERE `load_id` = {}"
                    " AND `superseded_by` IS NULL",
                    put_aside.load_id));
  }
  session.execute(
      fmt::format("UPDATE `chatload_loads` SET `superseded_by` = {0} WHERE `load_id` = {1}"
                  " AND `superseded_by` IS NULL AND ({2} OR NOT EXISTS (SELECT 1 FROM `chatload_sources`"
                  " WHERE `load_id` = {1} AND `superseded_by` IS NULL AND `state` <> 'released'))",
                  by_load_id, put_aside.load_id, put_aside.with_its_load ? 1 : 0));
}

std::string_view first_beat(const Runner& runner) { return runner.beats ? "0" : "NULL"; }

void make_fences(Session& session, std::uint64_t load_id, const Runner& runner) {
  std::string rows;
  for (std::uint32_t slot = 0; slot < runner.slots; ++slot) {
    rows += fmt::format("{}({}, {}, {}, 0)", rows.empty() ? "" : ", ", load_id, slot, quote_text(runner.owner));
  }
  session.execute("INSERT INTO `chatload_fences` (`load_id`, `slot`, `token`, `transactions`) VALUES " + rows);
}

// A run of ours that has lost the reply to its COMMIT has begun it already.
std::optional<std::uint64_t> find_own(Session& session, const Runner& runner) {
  const std::vector<Row> rows =
      session.query("SELECT `load_id` FROM `chatload_loads` WHERE `owner` = " + quote_text(runner.owner));
  return rows.empty() ? std::nullopt : std::optional(to_number(rows.front()[0]));
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

std::vector<LoadRecord> find_loads(Session& session, std::span<const std::uint64_t> load_ids) {
  std::vector<LoadRecord> loads;
  if (load_ids.empty()) return loads;
  for (const Row& row : session.query(fmt::format(
           "SELECT `load_id`, `state`, `owner`, `runner`, `plan`, `limits`, `exit_code`, `superseded_by`, `frozen_at`,"
           " `all_read_at`, `lock_name`, `target_table`, IS_USED_LOCK(`lock_name`) <> CONNECTION_ID(), `beat`,"
           " TIMESTAMPDIFF(MICROSECOND, '1970-01-01', `started_at`) FROM `chatload_loads`"
           " WHERE `load_id` IN ({}) ORDER BY `load_id`",
           fmt::join(load_ids, ", ")))) {
    loads.push_back({.load_id = to_number(row[0]),
                     .state = state_of(row[1].value_or("")),
                     .owner = row[2].value_or(""),
                     .runner = row[3].value_or(""),
                     .plan = row[4].value_or(""),
                     .limits = row[5].value_or(""),
                     .exit_code = static_cast<int>(to_number(row[6])),
                     .is_superseded = row[7].has_value(),
                     .is_frozen = row[8].has_value(),
                     .all_read = row[9].has_value(),
                     .lock_name = row[10].value_or(""),
                     .table = row[11].value_or(""),
                     .is_locked = row[12] == "1",
                     .started_microseconds = static_cast<std::int64_t>(to_number(row[14])),
                     .beat = row[13] ? std::optional(to_number(row[13])) : std::nullopt});
  }
  return loads;
}

std::optional<LoadRecord> find_load(Session& session, std::uint64_t load_id) {
  std::vector<LoadRecord> loads = find_loads(session, std::span(&load_id, 1));
  return loads.empty() ? std::nullopt : std::optional(std::move(loads.front()));
}

void remove_fences(Session& session, std::uint64_t load_id) {
  session.execute(fmt::format("DELETE FROM `chatload_fences` WHERE `load_id` = {}", load_id));
}

bool disown(Session& session, const LoadRecord& load) {
  const std::string where = fmt::format(
      " WHERE `load_id` = {} AND `state` <> 'done' AND `superseded_by` IS NULL"
      " AND `owner` IN ({}, '')",
      load.load_id, quote_text(load.owner));
  mysql::Transaction transaction(session);
  session.execute("UPDATE `chatload_loads` SET `owner` = ''" + where);
  if (session.query("SELECT 1 FROM `chatload_loads`" + where).empty()) return false;
  remove_fences(session, load.load_id);
  transaction.commit();
  return true;
}

void supersede(Session& session, std::uint64_t by_load_id, const PutAside& put_aside) {
  mysql::Transaction transaction(session);
  supersede_all(session, by_load_id, put_aside);
  transaction.commit();
}

std::optional<std::uint64_t> begin_load(Session& session, const LoadSetup& setup, const Runner& runner,
                                        std::span<const SourceClaim> sources, std::span<const PutAside> put_aside) {
  if (const auto begun = find_own(session, runner)) return begun;
  mysql::Transaction transaction(session);
  try {
    session.execute(fmt::format(
        "INSERT INTO `chatload_loads` (`target_table`, `source`, `plan`, `limits`, `order`, `owner`, `runner`,"
        " `lock_name`, `beat`, `state`, `started_at`) VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, 'running',"
        " UTC_TIMESTAMP(6))",
        quote_text(setup.table), quote_text(runner.sources), quote_text(setup.plan), quote_text(setup.limits),
        quote_text(setup.order), quote_text(runner.owner), quote_text(runner.name), quote_text(setup.lock_name),
        first_beat(runner)));
    const std::optional<std::uint64_t> load_id = find_own(session, runner);
    make_fences(session, load_id.value(), runner);
    insert_sources(session, *load_id, setup.table, sources);
    for (const PutAside& one : put_aside) supersede_all(session, *load_id, one);
    transaction.commit();
    return load_id;
  } catch (const mysql::StatementError& error) {
    if (classify(error) != mysql::ErrorClass::kDuplicateKey) throw;
    return std::nullopt;
  }
}

bool take_over(Session& session, const LoadRecord& load, const Runner& runner) {
  mysql::Transaction transaction(session);
  session.execute(
      fmt::format("UPDATE `chatload_loads` SET `owner` = {}, `runner` = {}, `source` = {}, `beat` = {},"
                  " `state` = 'running', `finished_at` = NULL, `exit_code` = NULL WHERE `load_id` = {} AND `owner` = {}"
                  " AND `state` <> 'done' AND `superseded_by` IS NULL",
                  quote_text(runner.owner), quote_text(runner.name), quote_text(runner.sources), first_beat(runner),
                  load.load_id, quote_text(load.owner)));
  if (find_own(session, runner) != load.load_id) return false;
  remove_fences(session, load.load_id);
  make_fences(session, load.load_id, runner);
  transaction.commit();
  return true;
}

void beat(Session& session, std::uint64_t load_id, const std::string& owner) {
  session.execute(fmt::format("UPDATE `chatload_loads` SET `beat` = `beat` + 1 WHERE `load_id` = {} AND `owner` = {}",
                              load_id, quote_text(owner)));
}

void record_decision(Session& session, std::uint64_t load_id, const std::string& owner, const std::string& plan,
                     const std::string& order, std::size_t sources) {
  mysql::Transaction transaction(session);
  session.execute(
      fmt::format("UPDATE `chatload_loads` SET `plan` = {}, `order` = {} WHERE `load_id` = {} AND `owner` = {}",
                  quote_text(plan), quote_text(order), load_id, quote_text(owner)));
  RangeLedger(load_id, owner).hold(session, kControlSlot);
  session.execute(
      fmt::format("DELETE FROM `chatload_sources` WHERE `load_id` = {} AND `source` > {}", load_id, sources));
  transaction.commit();
}

LoadTotals read_totals(Session& session, std::uint64_t load_id) {
  LoadTotals totals = totals_of(
      session, load_id,
      fmt::format("SELECT COUNT(*), COALESCE(SUM(`lines`), 0), COALESCE(SUM(`inserted`), 0),"
                  " COALESCE(SUM(`updated`), 0), COALESCE(SUM(`duplicate`), 0), COALESCE(SUM(`filtered`), 0),"
                  " COALESCE(SUM(`rejected`), 0), COALESCE(SUM(`blank`), 0), (SELECT COALESCE(SUM(`end`), 0) FROM"
                  " (SELECT MAX(`compressed_end`) AS `end` FROM `chatload_ranges` WHERE `load_id` = {0}"
                  " AND `kind` = 'range' GROUP BY `source`) AS `ends`),"
                  " COALESCE(SUM(`length_bytes`), 0) FROM `chatload_ranges` WHERE `load_id` = {0}",
                  load_id));
  const auto& by_reason = totals.rejected_by_reason;
  const std::uint64_t kept = std::accumulate(by_reason.begin(), by_reason.end(), std::uint64_t{0});
  if (kept != totals.counts.rejected) {
    throw damaged_ledger(
        load_id, fmt::format("of {} rejected lines it has {} in chatload_rejects", totals.counts.rejected, kept));
  }
  return totals;
}

LoadTotals read_final_totals(Session& session, std::uint64_t load_id) {
  return totals_of(session, load_id,
                   fmt::format("SELECT `ranges`, `lines`, `inserted`, `updated`, `duplicate`, `filtered`, `rejected`,"
                               " `blank`, `bytes_compressed`, `bytes_decompressed` FROM `chatload_loads`"
                               " WHERE `load_id` = {}",
                               load_id));
}

void record_end(Session& session, std::uint64_t load_id, const std::string& owner, const LoadTotals& totals) {
  const LineCounts& counts = totals.counts;
  session.execute(fmt::format(
      "UPDATE `chatload_loads` SET `all_read_at` = COALESCE(`all_read_at`, UTC_TIMESTAMP(6)), `ranges` = {},"
      " `lines` = {}, `inserted` = {}, `updated` = {}, `duplicate` = {}, `filtered` = {}, `rejected` = {}, `blank` = "
      "{},"
      " `bytes_compressed` = {}, `bytes_decompressed` = {} WHERE `load_id` = {} AND `owner` = {}",
      totals.ranges, counts.lines, counts.inserted, counts.updated, counts.duplicate, counts.filtered, counts.rejected,
      counts.blank, totals.bytes_compressed, totals.bytes_decompressed, load_id, quote_text(owner)));
}

void record_sums(Session& session, std::uint64_t load_id, const std::string& owner, LoadTotals& totals) {
  sum_up(session, load_id, owner);
  keep_witnesses(session, load_id, owner);
  totals.bytes_compressed = source_bytes(session, load_id);
  record_end(session, load_id, owner, totals);
}

void forget_end(Session& session, std::uint64_t load_id, const std::string& owner) {
  session.execute(
      fmt::format("UPDATE `chatload_loads` SET `all_read_at` = NULL, `ranges` = NULL WHERE `load_id` = {}"
                  " AND `owner` = {}",
                  load_id, quote_text(owner)));
}

bool mark_done(Session& session, std::uint64_t load_id, const std::string& owner, int exit_code) {
  return changes_one(
      session,
      fmt::format("UPDATE `chatload_loads` SET `state` = 'done', `finished_at` = UTC_TIMESTAMP(6), `exit_code` = {0}"
                  " WHERE `load_id` = {1} AND `owner` = {2}"
                  " AND `ranges` = (SELECT COUNT(*) FROM `chatload_ranges` WHERE `load_id` = {1})",
                  exit_code, load_id, quote_text(owner)));
}

bool mark_ended(Session& session, std::uint64_t load_id, const std::string& owner, LoadState state, int exit_code) {
  return changes_one(session, fmt::format("UPDATE `chatload_loads` SET `state` = '{}', `exit_code` = {},"
                                          " `finished_at` = UTC_TIMESTAMP(6) WHERE `load_id` = {} AND `owner` = {}"
                                          " AND `state` <> 'done'",
                                          to_string(state), exit_code, load_id, quote_text(owner)));
}

// Asks for the state each time: a server that lost the mark in a failover keeps the ranges, and the fences with them.
void compact(Session& session, std::uint64_t load_id) {
  const std::string sql = fmt::format(
      "DELETE FROM `chatload_ranges` WHERE `load_id` = {0} AND"
      " (SELECT `state` FROM `chatload_loads` WHERE `chatload_loads`.`load_id` = {0}) = 'done'"
      " ORDER BY `source`, `range_number` LIMIT {1}",
      load_id, kRangesInADelete);
  while (session.update(sql).affected_rows == kRangesInADelete) {
  }
  session.execute(
      fmt::format("DELETE FROM `chatload_fences` WHERE `load_id` = {0} AND"
                  " (SELECT `state` FROM `chatload_loads` WHERE `chatload_loads`.`load_id` = {0}) = 'done'",
                  load_id));
}

std::optional<std::string> why_commits_may_be_lost(Session& session) {
  const Row row = session.query("SELECT @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog").at(0);
  std::string why;
  const auto add = [&](const std::string& cause) { why += (why.empty() ? "" : " and ") + cause; };
  const auto must_be_one = [&](const char* variable, const std::optional<std::string>& value) {
    add(fmt::format("{0} is {1} (SET GLOBAL {0} = 1)", variable, value.value_or("unknown")));
  };
  // 3 is MariaDB's, and flushes more often than 1.
  if (row[0] != "1" && row[0] != "3") must_be_one("innodb_flush_log_at_trx_commit", row[0]);
  if (row[1] != "0" && row[1] != "OFF" && row[2] != "1") must_be_one("sync_binlog", row[2]);
  for (const Row& status : session.query("SHOW GLOBAL STATUS LIKE 'Innodb_redo_log_enabled'")) {
    if (status[1] == "OFF") add("its redo log is switched off (ALTER INSTANCE ENABLE INNODB REDO_LOG)");
  }
  return why.empty() ? std::nullopt : std::optional(why);
}

}  // namespace chatload::ledger
