// What a run leaves behind when it has ended, however it ends: the summary, the report and the metrics.
#pragma once

#include <chrono>
#include <exception>
#include <string>
#include <vector>

#include "base/errors.h"
#include "cli/plan.h"
#include "load/verdict.h"
#include "report/html_report.h"
#include "report/run_trace.h"
#include "report/summary.h"

namespace chatload::command {

// Measures a command from construction on. Single-threaded; borrows the plan.
class Reporting {
 public:
  // Removes the summary and the page of an earlier run.
  explicit Reporting(const cli::LoadPlan& plan);
  explicit Reporting(const cli::CheckPlan& plan);
  explicit Reporting(const cli::CopyPlan& plan);

  // What the run is to fill.
  [[nodiscard]] report::RunTrace& trace() { return trace_; }

  // Runs body, which returns a Verdict, writes what was asked for and prints the counts. What cannot be written is
  // logged, and is in the exit code. What body throws, before the first input, is passed on once that is written.
  template <typename Body>
  ExitCode run(Body body) {
    load::Verdict verdict;
    try {
      verdict = body();
    } catch (const Interrupted& error) {
      end_without_verdict(report::RunStatus::kInterrupted, error.exit_code(), error.what());
      throw;
    } catch (const Error& error) {
      end_without_verdict(report::RunStatus::kFailed, error.exit_code(), error.what());
      throw;
    } catch (const std::exception& error) {
      end_without_verdict(report::RunStatus::kFailed, ExitCode::kFailed, error.what());
      throw;
    }
    return end(verdict);
  }

 private:
  Reporting(report::RunKind kind, const std::vector<std::string>& inputs, const cli::ReportPlan& plan,
            const cli::LoadPlan* load);

  ExitCode end(const load::Verdict& verdict);
  void end_without_verdict(report::RunStatus status, ExitCode exit_code, const std::string& why);
  ExitCode write_all(ExitCode exit_code, const std::string& why);
  [[nodiscard]] report::ReportFacts facts(ExitCode exit_code, const std::string& why) const;
  void add_ledger(report::ReportFacts& facts) const;

  const cli::ReportPlan& plan_;
  const cli::LoadPlan* const load_;  // null where the command is no load
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
  report::RunTrace trace_;
  report::Summary summary_;
};

}  // namespace chatload::command
