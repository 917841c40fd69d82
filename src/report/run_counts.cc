#include "report/run_counts.h"

namespace chatload::report {

RunCounts& RunCounts::operator+=(const RunCounts& other) {
  parsed += other.parsed;
  inserted += other.inserted;
  updated += other.updated;
  duplicate += other.duplicate;
  bytes_compressed += other.bytes_compressed;
  bytes_decompressed += other.bytes_decompressed;
  files_written += other.files_written;
  bytes_written += other.bytes_written;
  return *this;
}

bool RunCounts::check_adds_up() const {
  return parsed.lines == parsed.valid + parsed.filtered + parsed.rejected() + parsed.blank;
}

RunCounts recorded_counts(const ledger::LoadTotals& totals) {
  const ledger::LineCounts& counts = totals.counts;
  return {.parsed = {.lines = counts.lines,
                     .valid = counts.inserted + counts.updated + counts.duplicate,
                     .filtered = counts.filtered,
                     .blank = counts.blank,
                     .rejected_by_reason = totals.rejected_by_reason},
          .inserted = counts.inserted,
          .updated = counts.updated,
          .duplicate = counts.duplicate,
          .bytes_compressed = totals.bytes_compressed,
          .bytes_decompressed = totals.bytes_decompressed,
          .files_written = 0,
          .bytes_written = 0};
}

}  // namespace chatload::report
