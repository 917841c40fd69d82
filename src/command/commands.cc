#include "command/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "base/stop_signal.h"
#include "command/print.h"
#include "command/reporting.h"
#include "command/with_session.h"
#include "ledger/schema.h"
#include "load/check.h"
#include "load/copy.h"
#include "load/loader.h"
#include "load/references.h"
#include "load/verdict.h"
#include "mapping/mapping.h"
#include "mysql/session.h"
#include "report/reject_writer.h"
#include "report/run_trace.h"
#include "report/summary.h"
#include "source/source_identity.h"
#include "table/table_info.h"

namespace chatload::command {
namespace {

// Beside the writers', of which a machine with many cores opens more than `ulimit -n` may allow.
// Of the ledger, the throttle, the beat, and the rejects or the index build.
constexpr std::size_t kConnectionsBesideWriters = 4;

load::Verdict load(const cli::LoadPlan& asked, const StopSignal& stop, report::RunTrace& trace) {
  cli::LoadPlan plan = asked;
  plan.report.progress.timeline = &trace.timeline;
  const load::ReferenceServer server{plan.write.endpoint, plan.ledger.retry_for};
  load::read_references(plan.read, &server, stop);
  require_free_descriptors(
      kDescriptorsOfCommand + kConnectionsBesideWriters + plan.write.connections + plan.write.throttle.replicas.size(),
      ", or lower --connections");
  return load::Loader(plan, stop, trace).run();
}

// Runs body, which returns a Verdict, with the file of --rejects.
template <typename Body>
load::Verdict with_rejects(const cli::ReportPlan& plan, Body body) {
  std::optional<report::RejectWriter> writer;
  if (plan.rejects) writer.emplace(*plan.rejects);
  load::Verdict verdict = body(writer ? &*writer : nullptr);
  try {
    if (writer) writer->close();
  } catch (const EnvironmentError& error) {
    log_error(error.what());
    verdict.worsen(report::RunStatus::kFailed, error.exit_code());  // the counts stand all the same
  }
  return verdict;
}

load::Verdict check(const cli::CheckPlan& asked, const StopSignal& stop) {
  cli::CheckPlan plan = asked;
  std::optional<load::ReferenceServer> server;
  if (plan.limits_from) server.emplace(load::ReferenceServer{*plan.limits_from, std::chrono::milliseconds(0)});
  load::read_references(plan.read, server ? &*server : nullptr, stop);
  mapping::Mapping mapping = *plan.read.mapping;
  if (plan.limits_from) {
    with_session(*plan.limits_from, mysql::kReadTimeoutSeconds, [&](mysql::Session& session) {
      static_cast<void>(table::inspect_table(session, mapping, OnDuplicate::kSkip));
    });
  }
  return with_rejects(plan.report,
                      [&](report::RejectWriter* rejects) { return load::check_inputs(plan, mapping, rejects, stop); });
}

// The last words of a run that did not finish. lines_done: of its inputs, by all runs.
void name_resume_command(const cli::LoadPlan& plan, ExitCode exit_code, std::uint64_t lines_done) {
  if (exit_code != ExitCode::kFailed && exit_code != ExitCode::kInterrupted && exit_code != ExitCode::kBudgetExceeded) {
    return;
  }
  const auto once = std::find_if(plan.inputs.begin(), plan.inputs.end(), source::is_read_once);
  if (!plan.ledger.source_id && once != plan.inputs.end()) {
    log_info(fmt::format("{} cannot be resumed. Give it a name with --source-id to make it resumable.",
                         *once == "-" ? "Standard input" : *once));
    if (plan.inputs.size() == 1) return;
  }
  const bool has_cause = exit_code != ExitCode::kInterrupted;
  if (lines_done == 0) {
    log_info(
        fmt::format("Nothing was loaded. {}: {}", has_cause ? "Fix the cause and run" : "Run", plan.resume_command));
  } else {
    log_info(fmt::format("{} lines are done. {}: {}", format_count(lines_done),
                         has_cause ? "Fix the cause and continue with" : "Continue with", plan.resume_command));
  }
}

}  // namespace

ExitCode run_load(const cli::LoadPlan& plan, const StopSignal& stop) {
  std::uint64_t lines_done = 0;
  ExitCode exit_code = ExitCode::kFailed;
  try {
    Reporting reporting(plan);
    exit_code = reporting.run([&] {
      load::Verdict verdict = load(plan, stop, reporting.trace());
      lines_done = verdict.counts.parsed.lines;
      return verdict;
    });
  } catch (const Error& error) {
    log_error(error.what());
    exit_code = error.exit_code();
  }
  name_resume_command(plan, exit_code, lines_done);
  return exit_code;
}

ExitCode run_check(const cli::CheckPlan& plan, const StopSignal& stop) {
  set_log_format(plan.report.log_format);
  return Reporting(plan).run([&] { return check(plan, stop); });
}

ExitCode run_copy(const cli::CopyPlan& asked, const StopSignal& stop) {
  set_log_format(asked.report.log_format);
  return Reporting(asked).run([&] {
    cli::CopyPlan plan = asked;
    load::read_references(plan.read, nullptr, stop);
    return with_rejects(plan.report, [&](report::RejectWriter* rejects) {
      return load::copy_inputs(plan, *plan.read.mapping, rejects, stop);
    });
  });
}

ExitCode run_schema(const cli::SchemaPlan& plan) {
  if (plan.action == cli::SchemaAction::kPrint) {
    print(ledger::schema_sql(*plan.mapping));
    return ExitCode::kLoaded;
  }
  with_session(*plan.endpoint, mysql::kNoReadTimeout, [&](mysql::Session& session) {
    if (plan.action == cli::SchemaAction::kCheck) return print(ledger::check_schema(session, *plan.mapping));
    print(ledger::apply_schema(
        session, *plan.mapping,
        plan.without_indexes ? ledger::MissingIndexes::kLeaveOut : ledger::MissingIndexes::kBuild));
  });
  return ExitCode::kLoaded;
}

}  // namespace chatload::command
