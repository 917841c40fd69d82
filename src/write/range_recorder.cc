#include "write/range_recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "write/reject_sender.h"
#include "write/write_failure.h"

namespace chatload::write {
namespace {

using spill::RangeEntry;

std::vector<RangeEntry> ranges_of(const spill::Run& group) {
  std::vector<RangeEntry> ranges;
  spill::RangeJournalReader reader(group);
  while (const std::optional<RangeEntry> range = reader.next_range()) ranges.push_back(*range);
  return ranges;
}

RangeRow row_of(const RangeEntry& range) {
  const parse::ParseCounts& parsed = range.counts;
  return {.number = range.number,
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

std::string lines_of(const RangeEntry& range) {
  return fmt::format("the lines {} to {}", range.first_line.value(),
                     range.first_line.value() + std::max<std::uint64_t>(range.counts.lines, 1) - 1);
}

RecordedRanges recorded_now(const std::vector<RangeEntry>& ranges) {
  RecordedRanges recorded;
  for (const RangeEntry& range : ranges) {
    if (range.is_recorded) continue;
    recorded.counts += range.counts;
    recorded.bytes_decompressed += range.length_bytes;
  }
  recorded.counts.lines -= recorded.counts.valid;
  recorded.counts.valid = 0;
  return recorded;
}

}  // namespace

RangeRecorder::RangeRecorder(const parse::Mapping& mapping, const RangeLedger& ledger, CommittedRanges& committed,
                             std::size_t statement_bytes_max)
    : mapping_(mapping), ledger_(ledger), committed_(committed), statement_bytes_max_(statement_bytes_max) {}

RecordedRanges RangeRecorder::record(Session& session, const spill::Run& group) {
  const std::vector<RangeEntry> ranges = ranges_of(group);
  Transaction transaction(session);
  ledger_.hold(session);
  const auto there = ledger_.find(session, ranges.front().number, ranges.back().number);
  std::vector<RangeRow> rows;
  RejectSender rejects(session, mapping_, ledger_.load_id(), statement_bytes_max_);
  rejects.begin_transaction();
  spill::RangeJournalReader reader(group);
  while (const std::optional<RangeEntry> range = reader.next_range()) {
    RangeRow row = row_of(*range);
    if (const auto found = there.find(range->number); found != there.end()) {
      if (!found->second.is_of_same_lines(row.record)) throw changed_source(ledger_.load_id(), found->second);
      continue;
    }
    if (range->is_recorded) throw range_lost(lines_of(*range));
    rows.push_back(std::move(row));
    while (const std::optional<spill::RejectEntry> reject = reader.next_reject()) rejects.add(*reject);
  }
  rejects.flush();
  ledger_.insert(session, rows, std::min(session.statement_bytes_max(), statement_bytes_max_));
  transaction.commit();
  for (const RangeEntry& range : ranges) committed_.add(range.number);
  return recorded_now(ranges);
}

}  // namespace chatload::write
