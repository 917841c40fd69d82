#include "ledger/source_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/errors.h"
#include "ledger/range_ledger.h"
#include "mysql/sql_text.h"
#include "mysql/transaction.h"

namespace chatload::ledger {
namespace {

using mysql::quote_text;
using mysql::quote_text_or_null;
using mysql::Row;
using mysql::Session;

// Of rows of values: reaching it ends a statement. Each row of a UNION takes the server some time to plan.
constexpr std::size_t kValuesBytes = std::size_t{128} * 1024;

SourceState source_state(std::string_view text) {
  for (const SourceState state : {SourceState::kDone, SourceState::kFailed, SourceState::kReleased}) {
    if (text == to_string(state)) return state;
  }
  return SourceState::kWaiting;
}

// Of the eight cells from `first` on; nothing before they are summed up.
std::optional<SourceLines> lines_of(const Row& row, std::size_t first) {
  if (!row[first] || !row[first + 1]) return std::nullopt;
  const auto number = [&](std::size_t cell) {
    return row[first + cell] ? std::optional(mysql::to_number(row[first + cell])) : std::nullopt;
  };
  return SourceLines{.lines = mysql::to_number(row[first]),
                     .valid = mysql::to_number(row[first + 1]),
                     .filtered = mysql::to_number(row[first + 2]),
                     .rejected = mysql::to_number(row[first + 3]),
                     .blank = mysql::to_number(row[first + 4]),
                     .inserted = number(5),
                     .updated = number(6),
                     .duplicate = number(7)};
}

std::vector<SourceRecord> source_records(Session& session, const std::string& where) {
  std::vector<SourceRecord> sources;
  session.for_each(
      "SELECT s.`load_id`, s.`source`, s.`source_key`, s.`attempt`, s.`name`, s.`name_digest`, s.`stamp`, s.`digest`,"
      " s.`state`, s.`why`, s.`superseded_by`, s.`lines`, s.`valid`, s.`filtered`, s.`rejected`,"
      " s.`blank`, s.`inserted`, s.`updated`, s.`duplicate`, s.`bytes` FROM `chatload_sources` AS s WHERE " +
          where,
      [&](const Row& row) {
        sources.push_back({.load_id = mysql::to_number(row[0]),
                           .source = SourceOrdinal(mysql::to_number(row[1])),
                           .key = row[2].value_or(""),
                           .attempt = mysql::to_number(row[3]),
                           .name = row[4].value_or(""),
                           .name_digest = row[5].value_or(""),
                           .stamp = row[6].value_or(""),
                           .digest = row[7].value_or(""),
                           .state = source_state(row[8].value_or("")),
                           .why = row[9].value_or(""),
                           .is_superseded = row[10].has_value(),
                           .lines = lines_of(row, 11),
                           .bytes = row[19] ? std::optional(mysql::to_number(row[19])) : std::nullopt});
      });
  return sources;
}

std::string list_of(std::span<const std::string> texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + quote_text(text);
  return list;
}

// "s.`load_id` = 7 AND …": where its owner owns it.
std::string of_owner(std::uint64_t load_id, const std::string& owner) {
  return fmt::format(
      "s.`load_id` = {0} AND EXISTS (SELECT 1 FROM `chatload_loads` AS l WHERE l.`load_id` = {0} AND l.`owner` = {1})",
      load_id, quote_text(owner));
}

constexpr std::string_view kLacksRanges = "s.`ranges` <> COALESCE(r.`there`, 0)";

// "`chatload_sources` AS s LEFT JOIN …": with how many of their ranges the ledger has.
std::string with_ranges_there(std::uint64_t load_id) {
  return fmt::format(
      "`chatload_sources` AS s LEFT JOIN (SELECT `source`, COUNT(*) AS `there` FROM `chatload_ranges`"
      " WHERE `load_id` = {} GROUP BY `source`) AS r ON r.`source` = s.`source`",
      load_id);
}

// UPDATE chatload_sources with a row of values each, in statements that fit into any packet: the first row of each
// names the columns of the derived table `v`.
template <typename Item, typename Values>
void update_each(Session& session, std::uint64_t load_id, const std::string& owner, std::span<const Item> items,
                 std::string_view set, Values values) {
  const std::size_t bytes_max = session.statement_bytes_max(kValuesBytes) / 2;
  std::string rows;
  const auto send = [&] {
    if (rows.empty()) return;
    session.execute(
        fmt::format("UPDATE `chatload_sources` AS s JOIN ({}) AS v ON v.`source` = s.`source` SET {} WHERE {}",
                    std::exchange(rows, {}), set, of_owner(load_id, owner)));
  };
  for (const Item& item : items) {
    if (rows.size() > bytes_max) send();
    rows += (rows.empty() ? "SELECT " : " UNION ALL SELECT ") + values(item, rows.empty());
  }
  send();
}

void end_each(Session& session, std::uint64_t load_id, const std::string& owner, SourceState state,
              std::span<const SourceFailure> failures) {
  update_each(session, load_id, owner, failures, fmt::format("s.`state` = '{}', s.`why` = v.`why`", to_string(state)),
              [](const SourceFailure& failure, bool names) {
                return fmt::format("{}{}, {}{}", failure.source.value(), names ? " AS `source`" : "",
                                   quote_text(failure.why), names ? " AS `why`" : "");
              });
}

}  // namespace

std::string_view to_string(SourceState state) {
  switch (state) {
    case SourceState::kWaiting: return "waiting";
    case SourceState::kDone: return "done";
    case SourceState::kFailed: return "failed";
    case SourceState::kReleased: return "released";
  }
  return "";
}

std::vector<SourceRecord> find_by_names(Session& session, const std::string& table,
                                        std::span<const std::string> name_digests) {
  return source_records(session,
                        fmt::format("s.`target_table` = {} AND s.`name_digest` IN ({}) ORDER BY s.`load_id` DESC",
                                    quote_text(table), list_of(name_digests)));
}

std::vector<SourceRecord> find_by_keys(Session& session, const std::string& table, std::span<const std::string> keys) {
  return source_records(session,
                        fmt::format("s.`target_table` = {} AND s.`source_key` IN ({}) ORDER BY s.`attempt` DESC",
                                    quote_text(table), list_of(keys)));
}

std::vector<SourceRecord> find_of_load(Session& session, std::uint64_t load_id) {
  return source_records(session, fmt::format("s.`load_id` = {} ORDER BY s.`source`", load_id));
}

// An older chatload kept no digest of the name: there it is compared byte by byte, whatever collation the column has.
std::vector<SourceRecord> find_partial_sources(Session& session, const std::string& table, std::uint64_t load_id) {
  const std::string conditions = fmt::format(
      "s.`target_table` = {0} AND s.`load_id` <> {1} AND s.`state` <> 'done' AND s.`superseded_by` IS NULL"
      " AND (s.`source_key` LIKE 'file:%' OR s.`source_key` LIKE 'name:%')"
      " AND (s.`state` IN ('failed', 'released') OR s.`bytes` = 0 OR EXISTS (SELECT 1 FROM `chatload_ranges` AS r"
      " WHERE r.`load_id` = s.`load_id` AND r.`source` = s.`source`))",
      quote_text(table), load_id);
  const std::string done = fmt::format("o.`load_id` = {} AND o.`state` = 'done'", load_id);
  std::vector<SourceRecord> sources = source_records(
      session, fmt::format("s.`name_digest` IN (SELECT o.`name_digest` FROM `chatload_sources` AS o WHERE {}) AND {}"
                           " ORDER BY s.`load_id`, s.`source`",
                           done, conditions));
  std::vector<SourceRecord> older = source_records(
      session, fmt::format("s.`name_digest` IS NULL AND {} AND EXISTS (SELECT 1 FROM `chatload_sources` AS o WHERE {}"
                           " AND CAST(o.`name` AS BINARY) = CAST(s.`name` AS BINARY)) ORDER BY s.`load_id`, s.`source`",
                           conditions, done));
  std::move(older.begin(), older.end(), std::back_inserter(sources));
  return sources;
}

void record_place(Session& session, const SourceRecord& source) {
  session.execute(
      fmt::format("UPDATE `chatload_sources` SET `stamp` = {}, `name` = {}, `name_digest` = {}"
                  " WHERE `load_id` = {} AND `source` = {}",
                  quote_text_or_null(source.stamp), quote_text(source.name), quote_text(source.name_digest),
                  source.load_id, source.source.value()));
}

void record_stamp(Session& session, std::uint64_t load_id, SourceOrdinal source, const std::string& stamp) {
  session.execute(fmt::format("UPDATE `chatload_sources` SET `stamp` = {} WHERE `load_id` = {} AND `source` = {}",
                              quote_text(stamp), load_id, source.value()));
}

void identify(Session& session, std::uint64_t load_id, const std::string& owner, SourceOrdinal source,
              const SourceClaim& claim) {
  session.execute(
      fmt::format("UPDATE `chatload_sources` AS s SET s.`source_key` = {}, s.`attempt` = {}, s.`stamp` = {}, s.`bytes` "
                  "= {}, s.`state` = 'waiting',"
                  " s.`why` = NULL WHERE s.`source` = {} AND {}",
                  quote_text(claim.key), claim.attempt, quote_text_or_null(claim.stamp),
                  claim.bytes ? std::to_string(*claim.bytes) : "NULL", source.value(), of_owner(load_id, owner)));
}

void record_ends(Session& session, std::uint64_t load_id, const std::string& owner, std::span<const SourceEnd> ends) {
  update_each(session, load_id, owner, ends,
              "s.`state` = 'done', s.`why` = NULL, s.`stamp` = IF(v.`stamp` = '', NULL, v.`stamp`),"
              " s.`digest` = v.`digest`, s.`bytes` = v.`bytes`, s.`ranges` = v.`ranges`,"
              " s.`lines` = v.`lines`",
              [](const SourceEnd& end, bool names) {
                return fmt::format(
                    fmt::runtime(names ? "{} AS `source`, {} AS `stamp`, {} AS `digest`, {} AS `bytes`, {} AS `ranges`,"
                                         " {} AS `lines`"
                                       : "{}, {}, {}, {}, {}, {}"),
                    end.source.value(), quote_text(end.stamp), quote_text(end.digest), end.bytes, end.ranges,
                    end.lines);
              });
}

void record_failures(Session& session, std::uint64_t load_id, const std::string& owner,
                     std::span<const SourceFailure> failures) {
  end_each(session, load_id, owner, SourceState::kFailed, failures);
}

void release(Session& session, std::uint64_t load_id, const std::string& owner,
             std::span<const SourceFailure> released) {
  end_each(session, load_id, owner, SourceState::kReleased, released);
}

void freeze(Session& session, std::uint64_t load_id, const std::string& owner,
            std::span<const SourceFailure> released) {
  mysql::Transaction transaction(session);
  session.execute(
      fmt::format("UPDATE `chatload_loads` SET `frozen_at` = UTC_TIMESTAMP(6) WHERE `load_id` = {}"
                  " AND `owner` = {} AND `frozen_at` IS NULL",
                  load_id, quote_text(owner)));
  RangeLedger(load_id, owner).hold(session, kControlSlot);
  release(session, load_id, owner, released);
  transaction.commit();
}

void reopen_incomplete(Session& session, std::uint64_t load_id, const std::string& owner) {
  session.execute(fmt::format("UPDATE {} SET s.`state` = 'waiting' WHERE s.`state` = 'done' AND {} AND {}",
                              with_ranges_there(load_id), kLacksRanges, of_owner(load_id, owner)));
}

std::uint64_t count_incomplete(Session& session, std::uint64_t load_id) {
  return mysql::to_number(session
                              .query(fmt::format("SELECT COUNT(*) FROM {} WHERE s.`load_id` = {} AND s.`superseded_by`"
                                                 " IS NULL AND s.`state` <> 'released' AND (s.`state` <> 'done' OR {})",
                                                 with_ranges_there(load_id), load_id, kLacksRanges))
                              .at(0)
                              .at(0));
}

std::uint64_t source_bytes(Session& session, std::uint64_t load_id) {
  return mysql::to_number(
      session
          .query(fmt::format("SELECT COALESCE(SUM(`bytes`), 0) FROM `chatload_sources` WHERE `load_id` = {}"
                             " AND `state` = 'done'",
                             load_id))
          .at(0)
          .at(0));
}

// What was refused while stretches were written is in no range, so that rejected lines are counted one by one. The
// lines of a source that is not read to its end are those of its ranges; of one that was sorted, or was let go of
// before it had any, nobody knows.
void sum_up(Session& session, std::uint64_t load_id, const std::string& owner) {
  constexpr std::string_view kLines = "IF(s.`state` = 'done', s.`lines`, COALESCE(r.`lines`, 0))";
  session.execute(fmt::format(
      "UPDATE `chatload_sources` AS s JOIN `chatload_loads` AS l ON l.`load_id` = s.`load_id` LEFT JOIN"
      " (SELECT `source`, SUM(`lines`) AS `lines`, SUM(`inserted`) AS `inserted`, SUM(`updated`) AS `updated`,"
      " SUM(`duplicate`) AS `duplicate`, SUM(`filtered`) AS `filtered`, SUM(`blank`) AS `blank` FROM `chatload_ranges`"
      " WHERE `load_id` = {0} AND `source` > 0 GROUP BY `source`) AS r ON r.`source` = s.`source` LEFT JOIN"
      " (SELECT `source`, COUNT(*) AS `rejected` FROM `chatload_rejects` WHERE `load_id` = {0} GROUP BY `source`) AS j"
      " ON j.`source` = s.`source` SET s.`filtered` = COALESCE(r.`filtered`, 0), s.`blank` = COALESCE(r.`blank`, 0),"
      " s.`rejected` = COALESCE(j.`rejected`, 0), s.`valid` = {1} - COALESCE(r.`filtered`, 0) - COALESCE(r.`blank`, 0)"
      " - COALESCE(j.`rejected`, 0), s.`inserted` = IF(l.`order` = 'file', COALESCE(r.`inserted`, 0), NULL),"
      " s.`updated` = IF(l.`order` = 'file', COALESCE(r.`updated`, 0), NULL),"
      " s.`duplicate` = IF(l.`order` = 'file', COALESCE(r.`duplicate`, 0), NULL), s.`lines` = {1}"
      " WHERE (s.`state` = 'done' OR l.`order` = 'file' AND (s.`state` <> 'released' OR r.`lines` IS NOT NULL))"
      " AND l.`load_id` = {0}"
      " AND l.`owner` = {2}",
      load_id, kLines, quote_text(owner)));
}

}  // namespace chatload::ledger
