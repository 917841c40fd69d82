// What became of a run's ranges and stretches → its counts and its rejects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "parse/mapping.h"
#include "report/live_stats.h"
#include "report/reject_sink.h"
#include "report/run_counts.h"
#include "write/write_job.h"

namespace chatload::pipeline {

// What becomes of a range's rows.
enum class Fate { kCounted, kSorted, kWritten };

// Single-threaded; borrows all that it is given. Ranges come in file order, so that the verdict of the reject budget
// depends on the file alone; stretches, which come behind them, in any.
class RangeSettler {
 public:
  RangeSettler(const parse::Mapping& mapping, report::RejectSink& rejects, report::LiveStats& stats, Fate fate);

  // Adds the rejects of a range that is committed, or that was given up because of them: those of the parser and of the
  // server, merged in file order, as far as the budget allows. Throws EnvironmentError (RejectSink).
  void add_rejects(write::WriteJob& job);

  // Adds the range to the counts if it is committed, and if this run is why. One that is sorted has not come so far: it
  // is in the figures for whoever watches alone.
  void count(const write::WriteJob& job);

  [[nodiscard]] const report::RunCounts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t blank() const { return blank_; }  // of earlier runs' ranges too
  [[nodiscard]] bool all_committed() const { return all_committed_; }
  // Why the budget ends the run.
  [[nodiscard]] const std::optional<std::string>& budget_verdict() const { return budget_verdict_; }

 private:
  [[nodiscard]] bool add_recorded_rejects(write::WriteJob& job);
  [[nodiscard]] bool add_new_rejects(write::WriteJob& job);
  [[nodiscard]] bool add_reject(const parse::RawReject& reject);
  [[nodiscard]] bool add_refused(const write::WriteJob& job, const write::RefusedLine& refused);
  [[nodiscard]] bool add(const report::RejectRecord& record);

  const parse::Mapping& mapping_;
  report::RejectSink& rejects_;
  report::LiveStats& stats_;
  const Fate fate_;

  report::RunCounts counts_;
  std::uint64_t blank_ = 0;
  bool all_committed_ = true;
  std::optional<std::string> budget_verdict_;
};

}  // namespace chatload::pipeline
