#include "ledger/range_recorder.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "ledger/line_failure.h"
#include "ledger/reject_sender.h"
#include "mysql/transaction.h"

namespace chatload::ledger {
namespace {

using spill::RangeEntry;

RangeRow row_of(const RangeEntry& range) {
  const parse::ParseCounts& parsed = range.counts;
  return {.key = range.key,
          .compressed_end = range.compressed_end,
          .record = {.begin = range.begin,
                     .length_bytes = range.length_bytes,
                     .digest = std::string(range.digest.data(), range.digest.size()),
                     .first_line = range.first_line,
                     .counts = {.lines = parsed.lines - parsed.valid,
                                .filtered = parsed.filtered,
                                .rejected = parsed.rejected(),
                                .blank = parsed.blank}}};
}

RecordedRanges recorded_now(const std::vector<RangeEntry>& ranges) {
  RecordedRanges recorded;
  for (const RangeEntry& range : ranges) {
    if (range.is_recorded) continue;
    recorded.counts += range.counts;
    recorded.bytes_decompressed += range.length_bytes;
    ++recorded.ranges;
  }
  recorded.counts.lines -= recorded.counts.valid;
  recorded.counts.valid = 0;
  return recorded;
}

}  // namespace

RangeRecorder::RangeRecorder(const mapping::Mapping& mapping, const RangeLedger& ledger, CommittedRanges& committed,
                             std::size_t statement_bytes_max, std::set<SourceOrdinal> left_out, const StopSignal& stop)
    : mapping_(mapping),
      ledger_(ledger),
      committed_(committed),
      statement_bytes_max_(statement_bytes_max),
      left_out_(std::move(left_out)),
      stop_(stop) {}

// Where one new range is there, all are: in a transaction of ours whose COMMIT arrived although its reply did not.
RecordedRanges RangeRecorder::record(mysql::Session& session, const spill::Run& group) {
  const std::vector<RangeEntry> ranges = ranges_of(group);
  if (ranges.empty()) return {};
  const auto is_recorded = [](const RangeEntry& range) { return range.is_recorded; };
  const bool is_new = insert(session, group, ranges);
  if (!is_new || std::any_of(ranges.begin(), ranges.end(), is_recorded)) require_recorded(session, ranges);
  for (const RangeEntry& range : ranges) committed_.add(range.key);
  return recorded_now(ranges);
}

std::vector<RangeEntry> RangeRecorder::ranges_of(const spill::Run& group) const {
  std::vector<RangeEntry> ranges;
  spill::RangeJournalReader reader(group);
  while (const std::optional<RangeEntry> range = reader.next_range()) {
    if (!left_out_.contains(range->key.source)) ranges.push_back(*range);
  }
  return ranges;
}

// False where they are there.
bool RangeRecorder::insert(mysql::Session& session, const spill::Run& group, const std::vector<RangeEntry>& ranges) {
  std::vector<RangeRow> rows;
  for (const RangeEntry& range : ranges) {
    if (!range.is_recorded) rows.push_back(row_of(range));
  }
  if (rows.empty()) return true;
  mysql::Transaction transaction(session);
  ledger_.hold(session, kControlSlot);
  if (!ledger_.claim(session, rows, session.statement_bytes_max(statement_bytes_max_))) return false;
  RejectSender rejects(session, mapping_, ledger_.load_id(), statement_bytes_max_);
  rejects.begin_transaction();
  spill::RangeJournalReader reader(group);
  while (const std::optional<RangeEntry> range = reader.next_range()) {
    if (left_out_.contains(range->key.source)) continue;
    while (const std::optional<parse::RawReject> reject = reader.next_reject()) {
      if (stop_.requested()) throw Interrupted();
      rejects.add(*reject);
    }
  }
  rejects.flush();
  transaction.commit();
  return true;
}

void RangeRecorder::require_recorded(mysql::Session& session, const std::vector<RangeEntry>& ranges) {
  std::vector<RangeKey> keys;
  keys.reserve(ranges.size());
  for (const RangeEntry& range : ranges) keys.push_back(range.key);
  const auto there = ledger_.find(session, keys);
  for (const RangeEntry& range : ranges) {
    const auto found = there.find(range.key);
    if (found == there.end()) throw range_lost(lines_from(range.first_line, range.counts.lines));
    if (!found->second.is_of_same_lines(row_of(range).record)) throw changed_source(ledger_.load_id(), found->second);
  }
}

}  // namespace chatload::ledger
