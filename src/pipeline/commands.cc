#include "pipeline/commands.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/stop_signal.h"
#include "parse/mapping.h"
#include "pipeline/input_runner.h"
#include "pipeline/memory_plan.h"
#include "report/live_stats.h"
#include "report/log.h"
#include "report/summary.h"
#include "write/schema.h"
#include "write/session.h"
#include "write/table_info.h"
#include "write/writer_pool.h"

namespace chatload::pipeline {
namespace {

// A lock that a writer meets is mostly held by another of ours that waits for it (write/range_scheduler.h), which gives
// way when the wait ends; InnoDB can leave such a lock on the gap beside a repeated id even under READ COMMITTED, seen
// once in 7,500 transactions of 64 KiB. With the server's default of 50 s a load would stand still that long.
constexpr std::string_view kShortLockWait = "SET SESSION innodb_lock_wait_timeout = 5";
// A server that has not answered an INSERT for this long is gone.
constexpr std::uint32_t kWriterReadTimeoutSeconds = 300;
constexpr std::uint32_t kNoReadTimeout = 0;

// Measures the command from construction on and reports it once, however it ends.
class Reporting {
 public:
  Reporting(report::RunKind kind, const std::vector<std::string>& inputs, const cli::ReportPlan& plan) : plan_(plan) {
    summary_.kind = kind;
    summary_.inputs = inputs;
  }

  // Runs body, which returns a Verdict. What it throws, before the first input, leaves a summary of status failed
  // behind.
  template <typename Body>
  ExitCode run(Body body) {
    Verdict verdict;
    try {
      verdict = body();
    } catch (const std::exception&) {
      write_failed_summary();
      throw;
    }
    summary_.status = verdict.status;
    summary_.counts = verdict.counts;
    summary_.seconds = seconds();
    if (plan_.summary) report::write_json(summary_, *plan_.summary);
    const std::string text = report::to_text(summary_);
    std::fwrite(text.data(), 1, text.size(), stdout);  // main looks whether standard output took it
    return verdict.exit_code;
  }

 private:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

  // What ended the run is the news; that its summary cannot be written either is said beside it.
  void write_failed_summary() noexcept {
    if (!plan_.summary) return;
    try {
      summary_.status = report::RunStatus::kFailed;
      summary_.seconds = seconds();
      report::write_json(summary_, *plan_.summary);
    } catch (const std::exception& error) {
      spdlog::error("{}", error.what());
    }
  }

  const cli::ReportPlan& plan_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  report::Summary summary_;
};

write::Session connect_writer(const write::Endpoint& endpoint) {
  write::Session session = write::Session::connect(endpoint, kWriterReadTimeoutSeconds);
  try {
    session.execute(kShortLockWait);
  } catch (const write::StatementError& error) {
    throw DatabaseError(fmt::format("{} refused a setting of the session ({}); run the same command again.",
                                    endpoint.display(), error.what()));
  }
  return session;
}

Verdict load(const cli::LoadPlan& plan) {
  const StopSignal stop;
  const write::Endpoint& endpoint = plan.write.endpoint;
  const MemoryPlan memory =
      plan_memory(plan.read.memory_bytes, plan.read.split, plan.read.threads, plan.write.connections);

  std::vector<write::Session> sessions;
  sessions.push_back(connect_writer(endpoint));
  if (sessions.front().server().read_only) {
    throw DatabaseError(
        fmt::format("{} is read-only; load into the primary server, or make this one writable", endpoint.display()));
  }
  parse::Mapping mapping = parse::chat_mapping();
  const write::TableInfo table = write::inspect_table(sessions.front(), mapping, plan.write.on_duplicate);
  if (!table.can_write_in_parallel() && plan.write.connections > 1) {
    spdlog::info("one connection writes in file order, because {}", table.why_not_in_parallel());
  }
  const unsigned connections = table.can_write_in_parallel() ? plan.write.connections : 1;
  while (sessions.size() < connections) {
    sessions.push_back(connect_writer(endpoint));
  }

  report::LiveStats stats;
  write::WriterPool pool(std::move(sessions), mapping, plan.write.on_duplicate, statement_bytes_max(plan.read.split),
                         stats.retries);
  const Destination destination{pool, plan.write.on_duplicate, table.can_write_in_parallel()};
  return InputRunner(plan.read, plan.report, memory.ranges_in_flight_max, mapping, &destination, stats, stop)
      .run(plan.inputs);
}

Verdict check(const cli::CheckPlan& plan) {
  const StopSignal stop;
  const MemoryPlan memory = plan_memory(plan.read.memory_bytes, plan.read.split, plan.read.threads, 0);
  parse::Mapping mapping = parse::chat_mapping();
  if (plan.limits_from) {
    write::Session session = write::Session::connect(*plan.limits_from, kWriterReadTimeoutSeconds);
    static_cast<void>(write::inspect_table(session, mapping, write::OnDuplicate::kSkip));
  }
  report::LiveStats stats;
  return InputRunner(plan.read, plan.report, memory.ranges_in_flight_max, mapping, nullptr, stats, stop)
      .run(plan.inputs);
}

}  // namespace

ExitCode run_load(const cli::LoadPlan& plan) {
  report::set_up_log(plan.report.log_format);
  return Reporting(report::RunKind::kLoad, plan.inputs, plan.report).run([&] { return load(plan); });
}

ExitCode run_check(const cli::CheckPlan& plan) {
  report::set_up_log(plan.report.log_format);
  return Reporting(report::RunKind::kCheck, plan.inputs, plan.report).run([&] { return check(plan); });
}

ExitCode run_schema(const cli::SchemaPlan& plan) {
  if (plan.action == cli::SchemaAction::kPrint) {
    fmt::print("{}", write::schema_sql());
    return ExitCode::kLoaded;
  }
  write::Session session = write::Session::connect(*plan.endpoint, kNoReadTimeout);
  if (plan.action == cli::SchemaAction::kApply) {
    fmt::print("{}", write::apply_schema(session));
    return ExitCode::kLoaded;
  }
  parse::Mapping mapping = parse::chat_mapping();
  fmt::print("{}", write::check_schema(session, mapping));
  return ExitCode::kLoaded;
}

}  // namespace chatload::pipeline
