#include "command/reporting.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include "base/log.h"
#include "base/quantity.h"
#include "base/terminal_text.h"
#include "command/load_report.h"
#include "command/print.h"
#include "command/with_session.h"
#include "report/metrics.h"
#include "source/source_identity.h"

namespace chatload::command {
namespace {

constexpr std::size_t kFileNameBytesMax = 255;
// For each answer of the server: the run is over, and whoever started it waits for its end.
constexpr std::uint32_t kLedgerTimeoutSeconds = 2;

std::uint64_t peak_memory_bytes() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

// The sentence that ended a run, or the first of those that ended a part of it.
std::string failure_of(const std::string& why, const KeptLog& log) {
  if (!why.empty()) return why;
  for (const auto* events : {&log.first, &log.last}) {
    const auto error =
        std::find_if(events->begin(), events->end(), [](const LogEvent& one) { return one.level == LogLevel::kError; });
    if (error != events->end()) return error->message;
  }
  return "";
}

std::vector<std::uint64_t> loads_of(const std::vector<report::InputEnd>& inputs) {
  std::set<std::uint64_t> loads;
  for (const report::InputEnd& input : inputs) {
    if (input.load) loads.insert(*input.load);
  }
  return {loads.begin(), loads.end()};
}

// Those that hold of this run alone; the ledger has the others.
std::vector<report::Setting> settings_of(const cli::LoadPlan& plan, const report::RunTrace& trace) {
  std::vector<report::Setting> settings = {{"chatload", CHATLOAD_VERSION, ""}};
  if (!trace.server.empty()) settings.push_back({"server", trace.server, ""});
  settings.push_back({"database", plan.write.endpoint.display(), ""});
  for (const report::Choice& choice : trace.choices) settings.push_back({choice.name, choice.value, choice.why});
  settings.push_back({"memory", format_size(plan.read.memory_bytes.value_or(cli::kMemoryBytesDefault)), ""});
  settings.push_back({"retry-for", format_duration(plan.ledger.retry_for), ""});
  return settings;
}

}  // namespace

Reporting::Reporting(report::RunKind kind, const std::vector<std::string>& inputs, const cli::ReportPlan& plan,
                     const cli::LoadPlan* load)
    : plan_(plan), load_(load) {
  summary_.kind = kind;
  for (const std::string& input : inputs) summary_.inputs.push_back({.name = input});
  if (plan_.summary) report::remove_earlier(*plan_.summary);
  if (plan_.page) report::remove_earlier(*plan_.page);
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
  const ExitCode exit_code = write_all(verdict.exit_code, "");
  print(report::to_text(summary_));
  return exit_code;
}

// What ended the run is the news; that its files cannot be written either is said beside it.
void Reporting::end_without_verdict(report::RunStatus status, ExitCode exit_code, const std::string& why) {
  summary_.status = status;
  static_cast<void>(write_all(exit_code, why));
}

// The metrics come last: they have the exit code, which a file that cannot be written makes worse.
ExitCode Reporting::write_all(ExitCode exit_code, const std::string& why) {
  summary_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const auto attempt = [&](const auto& write) {
    try {
      write();
    } catch (const Error& error) {
      log_error(error.what());
      exit_code = worse(exit_code, error.exit_code());
    } catch (const std::exception& error) {
      log_error(error.what());
      exit_code = worse(exit_code, ExitCode::kFailed);
    }
  };
  if (plan_.summary) attempt([&] { report::write_json(summary_, *plan_.summary); });
  if (plan_.page) attempt([&] { report::write_html(facts(exit_code, why), *plan_.page); });
  if (plan_.metrics) {
    attempt([&] {
      report::write_metrics(summary_,
                            {.table = load_->read.mapping->table,
                             .file = terminal_text(plan_.metrics->filename().string(), kFileNameBytesMax),
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

report::ReportFacts Reporting::facts(ExitCode exit_code, const std::string& why) const {
  report::ReportFacts facts;
  facts.table = load_->read.mapping->table;
  facts.state = to_string(summary_.status);
  facts.exit_code = exit_code;
  facts.log = kept_log();
  facts.failure = exit_code > ExitCode::kLoadedWithRejects ? failure_of(why, facts.log) : "";
  facts.loads = loads_of(summary_.inputs);
  facts.seconds = summary_.seconds;
  facts.started = utc_text(started_);
  facts.ended = utc_text(std::chrono::system_clock::now());
  facts.counts = summary_.counts;
  facts.this_run = summary_.this_run;
  facts.samples = trace_.timeline.samples();
  const auto phase_seconds = trace_.timeline.phase_seconds();
  for (std::size_t phase = 0; phase < report::kPhaseCount; ++phase) {
    if (phase_seconds.at(phase) > 0) {
      facts.phases.emplace_back(static_cast<report::Phase>(phase), phase_seconds.at(phase));
    }
  }
  facts.slow = trace_.slow.list();
  facts.inputs = summary_.inputs;
  facts.settings = settings_of(*load_, trace_);
  add_ledger(facts);
  const bool is_read_once = std::any_of(load_->inputs.begin(), load_->inputs.end(), source::is_read_once);
  add_next_step(facts, load_->write.endpoint.display(), load_->resume_command,
                load_->ledger.source_id.has_value() || !is_read_once);
  return facts;
}

// A run that was stopped has to end within seconds, so it asks nothing.
void Reporting::add_ledger(report::ReportFacts& facts) const {
  if (facts.loads.empty()) return;
  if (facts.exit_code == ExitCode::kInterrupted) {
    facts.unknown.push_back(
        fmt::format("What the ledger knows: the run was stopped before it could ask. `chatload report {}` does.",
                    facts.loads.back()));
    return;
  }
  try {
    with_session(load_->write.endpoint, kLedgerTimeoutSeconds,
                 [&](mysql::Session& session) { add_ledger_facts(session, facts); });
  } catch (const Error& error) {
    facts.unknown.push_back(fmt::format("What the ledger knows: {}", error.what()));
  }
}

}  // namespace chatload::command
