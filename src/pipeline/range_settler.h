// What became of ranges and stretches → counts and rejects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mapping/mapping.h"
#include "pipeline/source_account.h"
#include "report/live_stats.h"
#include "report/reject_sink.h"
#include "report/run_counts.h"
#include "write/write_job.h"

namespace chatload::pipeline {

// What becomes of a range's rows.
enum class Fate { kCounted, kSorted, kWritten };

// Single-threaded; borrows all that it is given. Ranges come in the order of their source, so that the verdict of its
// reject budget depends on the source alone; stretches, which come behind them, in any.
class RangeSettler {
 public:
  RangeSettler(const mapping::Mapping& mapping, report::LiveStats& stats, Fate fate);

  // Adds the rejects of a range that is committed, or that was given up because of them: those of the parser and of the
  // server, merged in file order, as far as the budget allows. Throws EnvironmentError (RejectSink).
  void add_rejects(write::WriteJob& job, SourceAccount& account);

  // Adds the range to the counts if it is committed, and if this run is why. One that is sorted has not come so far: it
  // is in the figures for whoever watches alone.
  void count(const write::WriteJob& job, SourceAccount& account);

 private:
  [[nodiscard]] bool add_recorded_rejects(write::WriteJob& job, report::RejectSink& rejects);
  [[nodiscard]] bool add_new_rejects(write::WriteJob& job, SourceAccount& account);
  [[nodiscard]] bool add_refused(const write::WriteJob& job, const write::RefusedLine& refused, SourceAccount& account);
  [[nodiscard]] bool add(const report::RejectRecord& record, report::RejectSink& rejects, std::string_view input = {});

  const mapping::Mapping& mapping_;
  report::LiveStats& stats_;
  const Fate fate_;
};

}  // namespace chatload::pipeline
