#include "pipeline/range_settler.h"

#include <limits>
#include <string_view>

#include "report/reject_writer.h"

namespace chatload::pipeline {

using report::RejectSink;
using write::WriteJob;

RangeSettler::RangeSettler(const mapping::Mapping& mapping, report::LiveStats& stats, Fate fate)
    : mapping_(mapping), stats_(stats), fate_(fate) {}

void RangeSettler::add_rejects(WriteJob& job, SourceAccount& account) {
  if (account.budget_verdict || (!job.result.committed && !job.result.is_over_budget)) return;
  RejectSink& rejects = account.rejects;
  const bool is_within_budget = job.is_recorded ? add_recorded_rejects(job, rejects) : add_new_rejects(job, account);
  if (!is_within_budget) account.budget_verdict = rejects.verdict();
}

// Those whose lines nobody asked for count as the range's last. A range that is sorted was parsed again.
bool RangeSettler::add_recorded_rejects(WriteJob& job, RejectSink& rejects) {
  if (fate_ == Fate::kSorted) {
    return job.for_each_reject([&](const parse::RawReject& reject) { return rejects.add_recorded(reject.line); });
  }
  const write::WriteResult& result = job.result;
  const LineNumber last = job.first_line + (job.parsed.counts.lines - 1);
  for (std::uint64_t i = 0; i < result.counts.rejected; ++i) {
    if (!rejects.add_recorded(i < result.recorded_rejects.size() ? result.recorded_rejects[i] : last)) return false;
  }
  return true;
}

bool RangeSettler::add_new_rejects(WriteJob& job, SourceAccount& account) {
  auto refused = job.result.refused.begin();
  const auto add_refused_before = [&](LineNumber line) {
    for (; refused != job.result.refused.end() && refused->line < line; ++refused) {
      if (!add_refused(job, *refused, account)) return false;
    }
    return true;
  };
  return job.for_each_reject([&](const parse::RawReject& reject) {
    const std::string detail = reject.detail();
    return add_refused_before(reject.line) && add(report::record_of(reject, detail, mapping_), account.rejects);
  }) && add_refused_before(LineNumber(std::numeric_limits<std::uint64_t>::max()));
}

bool RangeSettler::add_refused(const WriteJob& job, const write::RefusedLine& refused, SourceAccount& account) {
  const split::Range& range = job.parsed.range;
  const auto name = account.names.find(refused.source);
  return add({.reason = parse::RejectReason::kRefusedByServer,
              .field = {},
              .detail = refused.detail,
              .line = refused.line,
              .offset = refused.offset,
              .raw = job.is_stretch() ? std::string_view()
                                      : range.bytes.view().text().substr(range.held_at(refused.offset - range.begin),
                                                                         refused.size_bytes)},
             account.rejects, name == account.names.end() ? std::string_view() : std::string_view(name->second));
}

bool RangeSettler::add(const report::RejectRecord& record, RejectSink& rejects, std::string_view input) {
  ++stats_.lines_rejected;
  return rejects.add(record, input);
}

void RangeSettler::count(const WriteJob& job, SourceAccount& account) {
  account.all_committed = account.all_committed && job.result.committed;
  if (!job.result.committed) return;
  report::RunCounts& counts = account.counts;
  if (fate_ != Fate::kWritten) {
    account.blank += job.parsed.counts.blank;
    stats_.rows_done += job.parsed.counts.valid;
    if (fate_ == Fate::kSorted) return;
    counts.parsed += job.parsed.counts;
    counts.bytes_decompressed += job.parsed.range.length_bytes();
    return;
  }
  const ledger::LineCounts& lines = job.result.counts;
  account.blank += lines.blank;
  stats_.rows_done += lines.inserted + lines.updated + lines.duplicate;
  if (job.is_recorded) return;
  ++account.new_ranges;
  const std::uint64_t refused = lines.rejected - job.parsed.counts.rejected();
  counts.parsed += job.parsed.counts;
  counts.parsed.valid -= refused;
  counts.parsed.rejected_by_reason[static_cast<std::size_t>(parse::RejectReason::kRefusedByServer)] += refused;
  counts.inserted += lines.inserted;
  counts.updated += lines.updated;
  counts.duplicate += lines.duplicate;
  counts.bytes_decompressed += job.parsed.range.length_bytes();
}

}  // namespace chatload::pipeline
