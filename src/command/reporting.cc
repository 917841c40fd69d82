#include "command/reporting.h"

#include <sys/resource.h>

#include <cstdint>

#include "base/log.h"
#include "command/print.h"
#include "report/metrics.h"

namespace chatload::command {
namespace {

std::uint64_t peak_memory_bytes() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace

Reporting::Reporting(report::RunKind kind, const std::vector<std::string>& inputs, const cli::ReportPlan& plan,
                     const cli::LoadPlan* load)
    : plan_(plan), load_(load) {
  summary_.kind = kind;
  for (const std::string& input : inputs) summary_.inputs.push_back({.name = input});
  if (plan_.summary) report::remove_json(*plan_.summary);
}

Reporting::Reporting(const cli::LoadPlan& plan) : Reporting(report::RunKind::kLoad, plan.inputs, plan.report, &plan) {}
Reporting::Reporting(const cli::CheckPlan& plan)
    : Reporting(report::RunKind::kCheck, plan.inputs, plan.report, nullptr) {}
Reporting::Reporting(const cli::CopyPlan& plan)
    : Reporting(report::RunKind::kCopy, plan.inputs, plan.report, nullptr) {}

ExitCode Reporting::end(const load::Verdict& verdict) {
  summary_.status = verdict.status;
  summary_.counts = verdict.counts;
  summary_.inputs = verdict.inputs;
  summary_.this_run = verdict.this_run;
  summary_.duplicates = verdict.duplicates;
  const ExitCode exit_code = write_all(verdict.exit_code);
  print(report::to_text(summary_));
  return exit_code;
}

// What ended the run is the news; that its files cannot be written either is said beside it.
void Reporting::end_without_verdict(report::RunStatus status, ExitCode exit_code) {
  summary_.status = status;
  static_cast<void>(write_all(exit_code));
}

// The metrics come last: they have the exit code, which a file that cannot be written makes worse.
ExitCode Reporting::write_all(ExitCode exit_code) {
  summary_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const auto attempt = [&](const auto& write) {
    try {
      write();
    } catch (const Error& error) {
      log_error(error.what());
      exit_code = worse(exit_code, error.exit_code());
    }
  };
  if (plan_.summary) attempt([&] { report::write_json(summary_, *plan_.summary); });
  if (plan_.metrics) {
    attempt([&] {
      report::write_metrics(summary_,
                            {.table = load_->read.mapping->table,
                             .source_id = load_->ledger.source_id,
                             .started = started_,
                             .exit_code = exit_code,
                             .peak_memory_bytes = peak_memory_bytes(),
                             .trace = trace_},
                            *plan_.metrics);
    });
  }
  return exit_code;
}

}  // namespace chatload::command
