// What all loads of a command share: the connections to the server, the table, the figures for whoever watches. It
// knows no input.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "load/witness_check.h"
#include "load/writer_sessions.h"
#include "mapping/mapping.h"
#include "mysql/control_connection.h"
#include "mysql/retry_policy.h"
#include "mysql/session.h"
#include "mysql/throttle.h"
#include "pipeline/memory_plan.h"
#include "report/live_stats.h"
#include "report/reject_writer.h"
#include "report/run_trace.h"
#include "table/table_info.h"

namespace chatload::load {

// Single-threaded, but for what says otherwise; borrows all that it is given.
class Run {
 public:
  // Connects. Throws DatabaseError for a server, a table or a ledger that cannot be loaded into.
  Run(const cli::LoadPlan& plan, const StopSignal& stop, report::RunTrace& trace);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  [[nodiscard]] const cli::LoadPlan& plan() const { return plan_; }
  [[nodiscard]] const StopSignal& stop() const { return stop_; }
  [[nodiscard]] const mapping::Mapping& mapping() const { return mapping_; }
  [[nodiscard]] const table::TableInfo& table() const { return table_; }
  [[nodiscard]] mysql::RetryPolicy& retry() { return retry_; }
  [[nodiscard]] mysql::ControlConnection& control() { return *control_; }
  [[nodiscard]] WriterSessions& writers() { return writers_; }
  [[nodiscard]] const WitnessCheck& witnesses() const { return *witnesses_; }
  [[nodiscard]] report::LiveStats& stats() { return stats_; }
  [[nodiscard]] report::RunTrace& trace() { return trace_; }
  [[nodiscard]] report::RejectWriter* rejects() { return rejects_ ? &*rejects_ : nullptr; }  // --rejects, or null

  // A connection for rows, from any thread. Throws ConnectError.
  [[nodiscard]] mysql::Session connect() const;

  // Looks at the table for loads of that mode; it may have been altered since. Throws DatabaseError where it cannot be
  // loaded.
  void inspect(OnDuplicate mode);

  // The same for the next load of the command; says if fewer write from now on. name: of its sources.
  void inspect_again(const std::string& name);

  // What reads for this table: with the limits and the key that it has, and what the plan looks up.
  [[nodiscard]] cli::ReadPlan fitted(cli::ReadPlan read) const;

  // Connections that write into such a table, if the server gives as many, and as many as the account may have.
  [[nodiscard]] unsigned fitting_writers() const { return table_.can_write_in_parallel() ? fitting_connections_ : 1; }
  [[nodiscard]] unsigned allowed_writers() const { return writers_.allowed(fitting_writers()); }

 private:
  // prepare: settings of the session.
  [[nodiscard]] mysql::Session connect(const std::function<void(mysql::Session&)>& prepare) const;

  const cli::LoadPlan& plan_;
  const StopSignal& stop_;
  report::RunTrace& trace_;
  mysql::RetryPolicy retry_;
  unsigned fitting_connections_ = 1;  // that --memory has room for
  WriterSessions writers_;
  mapping::Mapping mapping_;
  table::TableInfo table_;
  std::unique_ptr<mysql::ControlConnection> control_;
  std::optional<WitnessCheck> witnesses_;
  report::LiveStats stats_;
  std::optional<report::RejectWriter> rejects_;
  std::optional<mysql::Throttle> throttle_;
};

}  // namespace chatload::load
