#include "pipeline/recorded_counts.h"

namespace chatload::pipeline {

report::RunCounts recorded_counts(const write::LoadTotals& totals) {
  report::RunCounts counts;
  const write::LineCounts& lines = totals.counts;
  counts.parsed.lines = lines.lines;
  counts.parsed.valid = lines.inserted + lines.updated + lines.duplicate;
  counts.parsed.filtered = lines.filtered;
  counts.parsed.blank = lines.blank;
  counts.parsed.rejected_by_reason = totals.rejected_by_reason;
  counts.inserted = lines.inserted;
  counts.updated = lines.updated;
  counts.duplicate = lines.duplicate;
  counts.bytes_compressed = totals.bytes_compressed;
  counts.bytes_decompressed = totals.bytes_decompressed;
  return counts;
}

}  // namespace chatload::pipeline
