#include "pipeline/range_settler.h"

#include <limits>

namespace chatload::pipeline {

using write::WriteJob;

RangeSettler::RangeSettler(const parse::Mapping& mapping, report::RejectSink& rejects, report::LiveStats& stats,
                           Fate fate)
    : mapping_(mapping), rejects_(rejects), stats_(stats), fate_(fate) {}

void RangeSettler::add_rejects(WriteJob& job) {
  if (budget_verdict_ || (!job.result.committed && !job.result.is_over_budget)) return;
  const bool is_within_budget = job.is_recorded ? add_recorded_rejects(job) : add_new_rejects(job);
  if (!is_within_budget) budget_verdict_ = rejects_.verdict();
}

// Those whose lines nobody asked for count as the range's last. A range that is sorted was parsed again.
bool RangeSettler::add_recorded_rejects(WriteJob& job) {
  if (fate_ == Fate::kSorted) {
    return job.for_each_reject([&](const parse::RawReject& reject) { return rejects_.add_recorded(reject.line); });
  }
  const write::WriteResult& result = job.result;
  const LineNumber last = job.first_line + (job.parsed.counts.lines - 1);
  for (std::uint64_t i = 0; i < result.counts.rejected; ++i) {
    if (!rejects_.add_recorded(i < result.recorded_rejects.size() ? result.recorded_rejects[i] : last)) return false;
  }
  return true;
}

bool RangeSettler::add_new_rejects(WriteJob& job) {
  auto refused = job.result.refused.begin();
  const auto add_refused_before = [&](LineNumber line) {
    for (; refused != job.result.refused.end() && refused->line < line; ++refused) {
      if (!add_refused(job, *refused)) return false;
    }
    return true;
  };
  return job.for_each_reject([&](const parse::RawReject& reject) {
    return add_refused_before(reject.line) && add_reject(reject);
  }) && add_refused_before(LineNumber(std::numeric_limits<std::uint64_t>::max()));
}

bool RangeSettler::add_reject(const parse::RawReject& reject) {
  const std::string detail = reject.detail();
  return add(report::record_of(reject, detail, mapping_));
}

bool RangeSettler::add_refused(const WriteJob& job, const write::RefusedLine& refused) {
  const split::Range& range = job.parsed.range;
  return add({.reason = parse::RejectReason::kRefusedByServer,
              .field = {},
              .detail = refused.detail,
              .line = refused.line,
              .offset = refused.offset,
              .raw = job.is_stretch() ? std::string_view()
                                      : range.bytes.view().text().substr(range.held_at(refused.offset - range.begin),
                                                                         refused.size_bytes)});
}

bool RangeSettler::add(const report::RejectRecord& record) {
  ++stats_.lines_rejected;
  return rejects_.add(record);
}

void RangeSettler::count(const WriteJob& job) {
  ++stats_.ranges_done;
  all_committed_ = all_committed_ && job.result.committed;
  if (!job.result.committed) return;
  if (fate_ != Fate::kWritten) {
    blank_ += job.parsed.counts.blank;
    stats_.rows_done += job.parsed.counts.valid;
    if (fate_ == Fate::kSorted) return;
    counts_.parsed += job.parsed.counts;
    counts_.bytes_decompressed += job.parsed.range.length_bytes();
    return;
  }
  const ledger::LineCounts& lines = job.result.counts;
  blank_ += lines.blank;
  stats_.rows_done += lines.inserted + lines.updated + lines.duplicate;
  if (job.is_recorded) return;
  const std::uint64_t refused = lines.rejected - job.parsed.counts.rejected();
  counts_.parsed += job.parsed.counts;
  counts_.parsed.valid -= refused;
  counts_.parsed.rejected_by_reason[static_cast<std::size_t>(parse::RejectReason::kRefusedByServer)] += refused;
  counts_.inserted += lines.inserted;
  counts_.updated += lines.updated;
  counts_.duplicate += lines.duplicate;
  counts_.bytes_decompressed += job.parsed.range.length_bytes();
}

}  // namespace chatload::pipeline
