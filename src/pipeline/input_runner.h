// Runs the inputs of a command one after the other and adds up what they came to.
#pragma once

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

  // Runs all inputs, in order. An input that fails is logged and does not stop the next, unless the database failed or
  // a signal came. Throws EnvironmentError where the reject file cannot be written.
  [[nodiscard]] Verdict run(const std::vector<std::string>& inputs);

 private:
  void run_one(const std::string& input, Verdict& verdict);
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
};

}  // namespace chatload::pipeline
