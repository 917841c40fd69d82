// Runs the inputs of a command one after the other and adds up what they came to.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/stop_signal.h"
#include "cli/plan.h"
#include "parse/mapping.h"
#include "pipeline/range_pipeline.h"
#include "report/live_stats.h"
#include "report/reject_writer.h"
#include "report/summary.h"

namespace chatload::pipeline {

// The verdict on a whole command.
struct Verdict {
  report::RunStatus status = report::RunStatus::kDone;
  ExitCode exit_code = ExitCode::kLoaded;
  report::RunCounts counts;
};

// Single-threaded; borrows all that it is given.
class InputRunner {
 public:
  InputRunner(const cli::ReadPlan& read, const cli::ReportPlan& report, std::size_t ranges_in_flight_max,
              const parse::Mapping& mapping, const Destination* destination, report::LiveStats& stats,
              const StopSignal& stop);

  // Runs all inputs, in order. What ends an input is logged and in the verdict. A file that is missing, damaged or over
  // its budget does not stop the next; a failed database, a reject file that cannot be written and a signal do.
  [[nodiscard]] Verdict run(const std::vector<std::string>& inputs);

 private:
  void run_one(const std::string& input, Verdict& verdict);
  void fail(const Error& error, Verdict& verdict) const;
  bool has_to_end(const std::vector<std::string>& inputs, std::size_t next, Verdict& verdict) const;
  void rethrow_database_failure(const std::string& input) const;
  void judge(const std::string& input, const PipelineResult& result, const report::RejectSink& rejects,
             Verdict& verdict) const;

  const cli::ReadPlan& read_;
  const cli::ReportPlan& report_;
  PipelineOptions options_;
  const parse::Mapping& mapping_;
  const Destination* destination_;
  report::LiveStats& stats_;
  const StopSignal& stop_;
  std::unique_ptr<report::RejectWriter> reject_writer_;
  bool environment_failed_ = false;  // the reject file, or the machine, takes no more
};

}  // namespace chatload::pipeline
