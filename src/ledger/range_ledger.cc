#include "ledger/range_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "ledger/ledger_input.h"
#include "mysql/runner_name.h"
#include "mysql/sql_text.h"

namespace chatload::ledger {
namespace {

// In front of the last committed range: more than any --memory has in flight.
constexpr std::uint64_t kMissingMax = std::uint64_t{1} << 24;

constexpr std::string_view kRecordCells =
    "`begin_byte`, `length_bytes`, `digest`, `first_line`, `lines`, `inserted`, `updated`, `duplicate`, `filtered`,"
    " `rejected`, `blank`";

std::string_view kind_of(RangeKey key) { return key.source == SourceOrdinal(0) ? "'stretch'" : "'range'"; }

// Of those cells from `first` on.
RangeRecord range_record(const mysql::Row& row, std::size_t first) {
  RangeRecord record;
  record.begin = ByteOffset(mysql::to_number(row[first]));
  record.length_bytes = mysql::to_number(row[first + 1]);
  record.digest = row[first + 2].value_or("");
  record.first_line = LineNumber(mysql::to_number(row[first + 3]));
  record.counts = line_counts(row, first + 4);
  return record;
}

}  // namespace

LineCounts line_counts(const mysql::Row& row, std::size_t first) {
  return {.lines = mysql::to_number(row[first]),
          .inserted = mysql::to_number(row[first + 1]),
          .updated = mysql::to_number(row[first + 2]),
          .duplicate = mysql::to_number(row[first + 3]),
          .filtered = mysql::to_number(row[first + 4]),
          .rejected = mysql::to_number(row[first + 5]),
          .blank = mysql::to_number(row[first + 6])};
}

bool RangeRecord::has_bytes_of(const split::Range& range, std::string_view range_digest) const {
  return begin == range.begin && length_bytes == range.length_bytes() && digest == range_digest;
}

bool RangeRecord::is_of_same_lines(const RangeRecord& other) const {
  return begin == other.begin && length_bytes == other.length_bytes && digest == other.digest &&
         first_line == other.first_line && counts.lines == other.counts.lines;
}

SourceError changed_source(std::uint64_t load_id, const RangeRecord& record) {
  if (record.length_bytes == 0) {
    return SourceError(fmt::format(
        "This is not the file that load {} started with: sorted by key, its rows are not those written so far. "
        "Restore the old file, or start over with --restart.",
        load_id));
  }
  return SourceError(fmt::format(
      "This is not the file that load {} started with: it differs within {} bytes from line {} on (byte {} of the "
      "decompressed stream). Restore the old file, or start over with --restart.",
      load_id, record.length_bytes, record.first_line.value(), record.begin.value()));
}

RangeLedger::RangeLedger(std::uint64_t load_id, std::string owner) : load_id_(load_id), owner_(std::move(owner)) {}

void RangeLedger::hold(mysql::Session& session, std::uint32_t slot) const {
  const std::string sql = fmt::format(
      "UPDATE `chatload_fences` SET `transactions` = `transactions` + 1 WHERE `load_id` = {} AND `slot` = {}"
      " AND `token` = {}",
      load_id_, slot, mysql::quote_text(owner_));
  if (session.update(sql).affected_rows != 1) refuse_hold(session);
}

void RangeLedger::refuse_hold(mysql::Session& session) const {
  const std::vector<mysql::Row> rows =
      session.query(fmt::format("SELECT `runner` FROM `chatload_loads` WHERE `load_id` = {}", load_id_));
  if (rows.empty()) {
    throw LoadError(
        fmt::format("Load {} is no longer in chatload_loads: it was deleted, or the server lost it; compare the table "
                    "with the file, then load the file again.",
                    load_id_));
  }
  throw LoadError(
      fmt::format("Another run ({}) has taken load {} over, so this one writes nothing more; let that one finish, or "
                  "run the same command again.",
                  mysql::shown_runner(rows.front().at(0).value_or("unknown")), load_id_));
}

std::optional<RangeRecord> RangeLedger::find(mysql::Session& session, RangeKey key) const {
  const std::vector<mysql::Row> rows =
      session.query(fmt::format("SELECT {} FROM `chatload_ranges`{}", kRecordCells, where(key)));
  return rows.empty() ? std::nullopt : std::optional(range_record(rows.front(), 0));
}

std::string RangeLedger::where(RangeKey key) const {
  return fmt::format(" WHERE `load_id` = {} AND `source` = {} AND `range_number` = {}", load_id_, key.source.value(),
                     key.number.value());
}

// Their sources may have other ranges, and there may be other sources between them.
std::map<RangeKey, RangeRecord> RangeLedger::find(mysql::Session& session, std::span<const RangeKey> keys) const {
  const RangeKey first = keys.front();
  const RangeKey last = keys.back();
  std::map<RangeKey, RangeRecord> records;
  session.for_each(fmt::format("SELECT `source`, `range_number`, {} FROM `chatload_ranges` WHERE `load_id` = {}"
                               " AND `source` BETWEEN {} AND {} AND (`source` > {} OR `range_number` >= {})"
                               " AND (`source` < {} OR `range_number` <= {})",
                               kRecordCells, load_id_, first.source.value(), last.source.value(), first.source.value(),
                               first.number.value(), last.source.value(), last.number.value()),
                   [&](const mysql::Row& row) {
                     const RangeKey key{SourceOrdinal(mysql::to_number(row[0])), RangeNumber(mysql::to_number(row[1]))};
                     if (std::binary_search(keys.begin(), keys.end(), key)) records.emplace(key, range_record(row, 2));
                   });
  return records;
}

bool RangeLedger::claim(mysql::Session& session, std::span<const RangeRow> ranges, std::size_t bytes_max) const {
  try {
    send_rows(session, "INSERT", ranges, bytes_max);
    return true;
  } catch (const mysql::StatementError& error) {
    if (classify(error) == mysql::ErrorClass::kDuplicateKey) return false;
    throw;
  }
}

// REPLACE: the rows are our own, and the table has no other key. It is the one statement with which both servers change
// many rows, each to something else, and look at no other row, which might be locked.
void RangeLedger::record(mysql::Session& session, std::span<const RangeRow> ranges, std::size_t bytes_max) const {
  send_rows(session, "REPLACE", ranges, bytes_max);
}

void RangeLedger::send_rows(mysql::Session& session, std::string_view verb, std::span<const RangeRow> ranges,
                            std::size_t bytes_max) const {
  const std::string head = fmt::format(
      "{} INTO `chatload_ranges` (`load_id`, `source`, `range_number`, `kind`, `compressed_end`, {}, `witness`) "
      "VALUES ",
      verb, kRecordCells);
  std::string sql = head;
  for (const RangeRow& range : ranges) {
    const RangeRecord& record = range.record;
    const LineCounts& counts = record.counts;
    const std::string row =
        fmt::format("({},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{})", load_id_, range.key.source.value(),
                    range.key.number.value(), kind_of(range.key), range.compressed_end, record.begin.value(),
                    record.length_bytes, mysql::quote_text(record.digest), record.first_line.value(), counts.lines,
                    counts.inserted, counts.updated, counts.duplicate, counts.filtered, counts.rejected, counts.blank,
                    range.witness ? mysql::quote_text(*range.witness) : "NULL");
    const bool is_first = sql.size() == head.size();
    if (!is_first && sql.size() + 1 + row.size() > bytes_max) {
      session.execute(sql);
      sql = head + row;
    } else {
      sql += is_first ? row : "," + row;
    }
  }
  session.execute(sql);
}

RecordedFront RangeLedger::front(mysql::Session& session, SourceOrdinal source, std::uint64_t ranges) const {
  const mysql::Row row =
      session
          .query(fmt::format("SELECT SUM(`length_bytes`), SUM(`lines`), SUM(`rejected`), SUM(`blank`)"
                             " FROM `chatload_ranges` WHERE `load_id` = {} AND `source` = {} AND `range_number` < {}",
                             load_id_, source.value(), ranges))
          .at(0);
  return {.ranges = ranges,
          .end = ByteOffset(mysql::to_number(row[0])),
          .lines = mysql::to_number(row[1]),
          .rejected = mysql::to_number(row[2]),
          .blank = mysql::to_number(row[3])};
}

std::vector<LineNumber> RangeLedger::rejected_lines(mysql::Session& session, SourceOrdinal source, LineNumber first,
                                                    std::uint64_t count, std::size_t rejects_max) const {
  std::vector<LineNumber> lines;
  for (const mysql::Row& row : session.query(
           fmt::format("SELECT `line` FROM `chatload_rejects` WHERE `load_id` = {} AND `source` = {} AND `line` >= {}"
                       " AND `line` < {} ORDER BY `line` LIMIT {}",
                       load_id_, source.value(), first.value(), first.value() + count, rejects_max))) {
    lines.emplace_back(mysql::to_number(row[0]));
  }
  return lines;
}

std::uint64_t count_ranges(mysql::Session& session, std::uint64_t load_id, SourceOrdinal source) {
  const auto rows = session.query(fmt::format(
      "SELECT COUNT(*) FROM `chatload_ranges` WHERE `load_id` = {} AND `source` = {}", load_id, source.value()));
  return mysql::to_number(rows.at(0).at(0));
}

// Ranges are committed out of order only as far as there are some in flight, so that a number far behind the others is
// none of ours. The bits take no memory for it.
CommittedRanges::CommittedRanges(mysql::Session& session, std::uint64_t load_id) : load_id_(load_id) {
  RangeKey last;
  std::uint64_t before = 0;
  session.for_each(fmt::format("SELECT `source`, `range_number` FROM `chatload_ranges` WHERE `load_id` = {}"
                               " ORDER BY `source`, `range_number`",
                               load_id_),
                   [&](const mysql::Row& row) {
                     const RangeKey key{SourceOrdinal(ledger_number(row[0], load_id_, "`source`")),
                                        RangeNumber(ledger_number(row[1], load_id_, "`range_number`"))};
                     if (key.source != std::exchange(last, key).source) before = 0;
                     if (key.number.value() - before > kMissingMax) {
                       throw damaged_ledger(load_id_, fmt::format("it has a range {}, but no more than {} before that",
                                                                  key.number.value(), before));
                     }
                     ++before;
                     add(key);
                   });
}

void CommittedRanges::add(RangeKey key) {
  const std::lock_guard lock(mutex_);
  std::vector<bool>& of_source = committed_[key.source];
  if (key.number.value() >= of_source.size()) of_source.resize(key.number.value() + 1);
  of_source[key.number.value()] = true;
}

bool CommittedRanges::contains(RangeKey key) const {
  const std::lock_guard lock(mutex_);
  return has(committed_, key);
}

std::uint64_t CommittedRanges::count(SourceOrdinal source) const {
  const std::lock_guard lock(mutex_);
  const auto of_source = committed_.find(source);
  return of_source == committed_.end() ? 0 : count_of(of_source->second);
}

std::uint64_t CommittedRanges::count_front(SourceOrdinal source) const {
  const std::lock_guard lock(mutex_);
  const auto of_source = committed_.find(source);
  if (of_source == committed_.end()) return 0;
  const auto& ranges = of_source->second;
  return static_cast<std::uint64_t>(std::find(ranges.begin(), ranges.end(), false) - ranges.begin());
}

void CommittedRanges::require_all(mysql::Session& session) const {
  BySource missing;
  {
    const std::lock_guard lock(mutex_);
    missing = committed_;
  }
  std::uint64_t count = 0;
  for (const auto& [source, ranges] : missing) count += count_of(ranges);
  std::uint64_t missing_count = count;
  session.for_each(fmt::format("SELECT `source`, `range_number` FROM `chatload_ranges` WHERE `load_id` = {}", load_id_),
                   [&](const mysql::Row& row) {
                     const RangeKey key{SourceOrdinal(mysql::to_number(row[0])), RangeNumber(mysql::to_number(row[1]))};
                     if (!has(missing, key)) return;
                     missing[key.source][key.number.value()] = false;
                     --missing_count;
                   });
  if (missing_count == 0) return;
  throw LoadError(fmt::format(
      "The server has lost {} of the {} ranges whose commit it had acknowledged for load {}. A failover to a "
      "replica that lags does that, or a crash without innodb_flush_log_at_trx_commit = 1. Run the same command "
      "again to load them once more.",
      missing_count, count, load_id_));
}

bool CommittedRanges::has(const BySource& ranges, RangeKey key) {
  const auto of_source = ranges.find(key.source);
  return of_source != ranges.end() && key.number.value() < of_source->second.size() &&
         of_source->second[key.number.value()];
}

std::uint64_t CommittedRanges::count_of(const std::vector<bool>& ranges) {
  return static_cast<std::uint64_t>(std::count(ranges.begin(), ranges.end(), true));
}

}  // namespace chatload::ledger
