// A load whose row says running while nobody holds its lock is one whose run died without a word; so is one in whose
// place another began.
//
// Forgetting goes in steps that each commit, since a load can have millions of rejects, and one transaction of that
// size would hold up the purge of everything else. So the first step disowns the load: a run that comes after does not
// find it (its sources' keys are nobody's), and one that wakes from a long sleep may not write to it (its owner is
// nobody). A forgetting that is cut short leaves such a load in the list, to be forgotten again.
#include "ledger/load_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/errors.h"
#include "ledger/load_ledger.h"
#include "ledger/load_lock.h"
#include "ledger/range_ledger.h"
#include "mysql/runner_name.h"
#include "mysql/sql_text.h"
#include "mysql/transaction.h"

namespace chatload::ledger {
namespace {

constexpr std::uint64_t kRowsInADelete = 1000;

// done: the load's own totals, since its ranges may be gone. A load in key order is half done when its ranges are
// recorded, which is once all are sorted, and no stretch is written.
constexpr std::string_view kList =
    "SELECT l.`load_id`, l.`state`, l.`state` = 'running' AND"
    " (l.`superseded_by` IS NOT NULL OR IS_USED_LOCK(l.`lock_name`) IS NULL), l.`source`,"
    " l.`target_table`, s.`attempt`, DATE_FORMAT(l.`started_at`, '%Y-%m-%dT%H:%i:%s.%fZ'),"
    " DATE_FORMAT(l.`finished_at`, '%Y-%m-%dT%H:%i:%s.%fZ'), s.`bytes`,"
    " IF(l.`order` = 'key', (r.`read_end` + r.`written_end`) / 2, r.`read_end`), l.`exit_code`,"
    " l.`superseded_by`, l.`runner`,"
    " IF(l.`state` = 'done', l.`lines`, r.`lines`), IF(l.`state` = 'done', l.`inserted`, r.`inserted`),"
    " IF(l.`state` = 'done', l.`updated`, r.`updated`), IF(l.`state` = 'done', l.`duplicate`, r.`duplicate`),"
    " IF(l.`state` = 'done', l.`filtered`, r.`filtered`), IF(l.`state` = 'done', l.`rejected`, r.`rejected`),"
    " IF(l.`state` = 'done', l.`blank`, r.`blank`), s.`sources`, s.`failed`"
    " FROM `chatload_loads` AS l LEFT JOIN"
    " (SELECT `load_id`, SUM(IF(`kind` = 'range', `end`, 0)) AS `read_end`,"
    " SUM(IF(`kind` = 'range', 0, `end`)) AS `written_end`, SUM(`lines`) AS `lines`,"
    " SUM(`inserted`) AS `inserted`, SUM(`updated`) AS `updated`, SUM(`duplicate`) AS `duplicate`,"
    " SUM(`filtered`) AS `filtered`, SUM(`rejected`) AS `rejected`, SUM(`blank`) AS `blank` FROM"
    " (SELECT `load_id`, `kind`, MAX(`compressed_end`) AS `end`, SUM(`lines`) AS `lines`,"
    " SUM(`inserted`) AS `inserted`, SUM(`updated`) AS `updated`, SUM(`duplicate`) AS `duplicate`,"
    " SUM(`filtered`) AS `filtered`, SUM(`rejected`) AS `rejected`, SUM(`blank`) AS `blank`"
    " FROM `chatload_ranges` GROUP BY `load_id`, `source`, `kind`) AS q GROUP BY `load_id`) AS r"
    " ON r.`load_id` = l.`load_id` LEFT JOIN"
    " (SELECT `load_id`, COUNT(*) AS `sources`, SUM(`state` IN ('failed', 'released') AND `superseded_by` IS NULL) AS "
    "`failed`,"
    " MAX(`attempt`) AS `attempt`, SUM(IF(`state` = 'released', 0, `bytes`)) AS `bytes` FROM `chatload_sources`"
    " GROUP BY `load_id`) AS s ON s.`load_id` = l.`load_id` ORDER BY l.`load_id`";

std::optional<std::uint64_t> optional_number(const std::optional<std::string>& cell) {
  return cell ? std::optional(mysql::to_number(cell)) : std::nullopt;
}

std::optional<double> done_share(bool is_done, const std::optional<std::string>& bytes,
                                 const std::optional<std::string>& bytes_done) {
  if (is_done) return 1;
  if (mysql::to_number(bytes) == 0) return std::nullopt;
  return std::min(1.0,
                  static_cast<double>(mysql::to_number(bytes_done)) / static_cast<double>(mysql::to_number(bytes)));
}

LoadEntry entry_of(const mysql::Row& row) {
  LoadEntry entry{.load = mysql::to_number(row[0]),
                  .state = row[1].value_or(""),
                  .source = row[3].value_or(""),
                  .target_table = row[4].value_or(""),
                  .attempt = mysql::to_number(row[5]),
                  .started_at = row[6].value_or(""),
                  .finished_at = row[7],
                  .done_share = done_share(row[1] == "done", row[8], row[9]),
                  .counts = line_counts(row, 13),
                  .exit_code = optional_number(row[10]),
                  .superseded_by = optional_number(row[11]),
                  .runner = mysql::shown_runner(row[12].value_or("")),
                  .sources = mysql::to_number(row[20]),
                  .sources_failed = mysql::to_number(row[21])};
  // What an earlier run of it ended with is past.
  if (entry.state == "running") {
    entry.finished_at.reset();
    entry.exit_code.reset();
  }
  if (mysql::to_number(row[2]) == 1) entry.state = "interrupted";
  return entry;
}

[[noreturn]] void refuse_unknown(std::uint64_t load) {
  throw DatabaseError("The ledger has no load " + std::to_string(load) + "; `chatload loads` lists those that it has.");
}

}  // namespace

std::vector<LoadEntry> LoadCatalog::list() {
  std::vector<LoadEntry> entries;
  session_.for_each(kList, [&](const mysql::Row& row) { entries.push_back(entry_of(row)); });
  return entries;
}

LoadEntry LoadCatalog::find(std::uint64_t load) {
  std::vector<LoadEntry> entries = list();
  const auto entry =
      std::find_if(entries.begin(), entries.end(), [&](const LoadEntry& one) { return one.load == load; });
  if (entry == entries.end()) refuse_unknown(load);
  return std::move(*entry);
}

std::vector<PastLoad> LoadCatalog::past_loads(const std::string& table, std::uint64_t load, std::size_t count) {
  std::vector<PastLoad> loads;
  for (const mysql::Row& row : session_.query(fmt::format(
           "SELECT `load_id`, IF(`state` = 'running' AND IS_USED_LOCK(`lock_name`) IS NULL, 'interrupted', `state`),"
           " DATE_FORMAT(`started_at`, '%Y-%m-%dT%H:%i:%sZ'),"
           " TIMESTAMPDIFF(MICROSECOND, `started_at`, `finished_at`), `inserted` + `updated` + `duplicate`, `rejected`"
           " FROM `chatload_loads` WHERE `target_table` = {} AND `load_id` <= {}"
           " AND (`superseded_by` IS NULL OR `load_id` = {}) ORDER BY `load_id` DESC LIMIT {}",
           mysql::quote_text(table), load, load, count))) {
    const auto microseconds = optional_number(row[3]);
    loads.push_back({.load = mysql::to_number(row[0]),
                     .state = row[1].value_or(""),
                     .started_at = row[2].value_or(""),
                     .seconds = microseconds ? std::optional(static_cast<double>(*microseconds) / 1e6) : std::nullopt,
                     .rows = optional_number(row[4]),
                     .rejected = optional_number(row[5])});
  }
  std::reverse(loads.begin(), loads.end());
  return loads;
}

LoadName LoadCatalog::name_of(std::uint64_t load) {
  const auto rows = session_.query("SELECT `source`, `state` = 'done' FROM `chatload_loads` WHERE `load_id` = " +
                                   std::to_string(load));
  if (rows.empty()) refuse_unknown(load);
  return {load, rows[0][0].value_or(""), rows[0][1] == "1"};
}

std::vector<LoadName> LoadCatalog::with_rows_in(const std::string& table) {
  std::vector<LoadName> loads;
  for (const mysql::Row& row : session_.query(
           "SELECT `load_id`, `source`, `state` = 'done' FROM `chatload_loads` AS l WHERE `target_table` = " +
           mysql::quote_text(table) +
           " AND `superseded_by` IS NULL AND `owner` <> 'nobody'"
           " AND (`state` = 'done' AND (`inserted` > 0 OR `updated` > 0 OR `duplicate` > 0) OR EXISTS (SELECT 1 FROM"
           " `chatload_ranges` AS r WHERE r.`load_id` = l.`load_id`"
           " AND (r.`inserted` > 0 OR r.`updated` > 0 OR r.`duplicate` > 0)))"
           " ORDER BY `load_id`")) {
    loads.push_back({mysql::to_number(row[0]), row[1].value_or(""), row[2] == "1"});
  }
  return loads;
}

std::vector<SourceRecord> LoadCatalog::sources_of(std::uint64_t load) {
  static_cast<void>(name_of(load));
  return find_of_load(session_, load);
}

// Another load may have sources in place of some of its own, and others beside them.
std::vector<ForgottenLoad> LoadCatalog::forget(std::uint64_t load) {
  mysql::require_row_log(session_);
  const auto locks =
      session_.query("SELECT `lock_name` FROM `chatload_loads` WHERE `load_id` = " + std::to_string(load));
  if (locks.empty()) refuse_unknown(load);
  const LoadLock lock(session_, load, locks[0][0].value_or(""), "forgotten");
  std::vector<ForgottenLoad> forgotten;
  for (const mysql::Row& earlier : session_.query(fmt::format(
           "SELECT l.`load_id`, l.`source` FROM `chatload_loads` AS l WHERE l.`load_id` <> {0} AND l.`superseded_by`"
           " IS NOT NULL AND EXISTS (SELECT 1 FROM `chatload_sources` AS a JOIN `chatload_sources` AS s ON"
           " s.`target_table` = a.`target_table` AND s.`source_key` = a.`source_key` AND s.`attempt` > a.`attempt`"
           " WHERE a.`load_id` = l.`load_id` AND s.`load_id` = {0}) ORDER BY l.`load_id`",
           load))) {
    forgotten.push_back(forget_one(mysql::to_number(earlier[0]), earlier[1].value_or("")));
  }
  forgotten.push_back(forget_one(load, name_of(load).source));
  return forgotten;
}

std::vector<std::uint64_t> LoadCatalog::older_than(std::chrono::seconds age) {
  std::vector<std::uint64_t> loads;
  const auto rows = session_.query(
      "SELECT `load_id` FROM `chatload_loads` WHERE IS_USED_LOCK(`lock_name`) IS NULL"
      " AND IF(`state` = 'running', `started_at`, COALESCE(`finished_at`, `started_at`)) < UTC_TIMESTAMP(6) - "
      "INTERVAL " +
      std::to_string(age.count()) + " SECOND ORDER BY `load_id`");
  loads.reserve(rows.size());
  for (const mysql::Row& row : rows) loads.push_back(mysql::to_number(row[0]));
  return loads;
}

ForgottenLoad LoadCatalog::forget_one(std::uint64_t load, const std::string& source) {
  const std::string id = std::to_string(load);
  {
    mysql::Transaction transaction(session_);
    session_.update("UPDATE `chatload_loads` SET `owner` = 'nobody' WHERE `load_id` = " + id);
    remove_fences(session_, load);
    transaction.commit();
  }
  session_.update(
      "UPDATE `chatload_sources` SET `name_digest` = NULL, `source_key` = CONCAT('forgotten:', `load_id`,"
      " ':', `source`) WHERE `load_id` = " +
      id);
  ForgottenLoad forgotten{.load = load, .source = source, .ranges = 0, .rejects = 0};
  forgotten.rejects = delete_rows("`chatload_rejects`", "`source`, `line`", load);
  forgotten.ranges = delete_rows("`chatload_ranges`", "`source`, `range_number`", load);
  delete_rows("`chatload_sources`", "`source`", load);
  session_.update("DELETE FROM `chatload_loads` WHERE `load_id` = " + id);
  return forgotten;
}

std::uint64_t LoadCatalog::delete_rows(const std::string& table, const std::string& key, std::uint64_t load) {
  const std::string statement = "DELETE FROM " + table + " WHERE `load_id` = " + std::to_string(load) + " ORDER BY " +
                                key + " LIMIT " + std::to_string(kRowsInADelete);
  std::uint64_t deleted = 0;
  while (const std::uint64_t rows = session_.update(statement).affected_rows) deleted += rows;
  return deleted;
}

}  // namespace chatload::ledger
