// chatload load, one input at a time: opens its load, writes what is missing, and closes the books.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "ledger/load_ledger.h"
#include "load/first_lines.h"
#include "load/index_deferral.h"
#include "load/input_runner.h"
#include "load/key_order_load.h"
#include "load/load_closer.h"
#include "load/load_opener.h"
#include "load/witness_check.h"
#include "load/writer_sessions.h"
#include "mysql/control_connection.h"
#include "mysql/retry_policy.h"
#include "mysql/session.h"
#include "mysql/throttle.h"
#include "parse/mapping.h"
#include "pipeline/input_reader.h"
#include "pipeline/memory_plan.h"
#include "report/live_stats.h"
#include "report/reject_sink.h"
#include "report/reject_writer.h"
#include "source/held_file.h"
#include "table/table_info.h"

namespace chatload::load {

// Single-threaded; borrows the plan and the stop.
class LoadRunner {
 public:
  // Connects. Throws DatabaseError for a server, a table or a ledger that cannot be loaded into.
  LoadRunner(const cli::LoadPlan& plan, const StopSignal& stop);

  // A RunInput (input_runner.h).
  void run(const std::string& input, Verdict& verdict);

  // After the last input, if all went well: builds the indexes that an earlier load left out, where no input has.
  void mend_indexes();

  // At the end: makes the --rejects file whole.
  void close();

 private:
  [[nodiscard]] mysql::Session connect_writer() const;
  void inspect(OnDuplicate mode);
  void inspect_again(const std::string& input);
  [[nodiscard]] unsigned fitting_writers() const;
  void count(std::uint64_t load_id, const report::RunCounts& counts, Verdict& verdict);
  void count_done(const std::string& input, const DoneLoad& load, Verdict& verdict);
  void go_on(const source::HeldFile& file, const source::SourceIdentity& identity, const OpenLoad& load,
             LookedAtInput looked_at, Verdict& verdict);
  [[nodiscard]] write::RowTransport choose_transport(const std::string& input, const OpenLoad& load);
  void say_if_fewer(const std::string& input, const pipeline::MemoryPlan& memory) const;
  [[nodiscard]] pipeline::InputResult write_rows(const source::HeldFile& file, const source::SourceIdentity& identity,
                                                 const OpenLoad& load, std::unique_ptr<source::ByteSource> bytes,
                                                 report::RejectSink& rejects);
  void finish(const source::HeldFile& file, const OpenLoad& load, bool has_rejects, Verdict& verdict);
  [[nodiscard]] LoadCloser closer(const source::HeldFile& file, const OpenLoad& load);
  void mark_ended(const OpenLoad& load, ledger::LoadState state, ExitCode exit_code);
  void say_what_is_owed() const;
  void export_rejects(const std::string& input, std::uint64_t load_id, bool is_patient);
  void export_rejects_after_failure(const std::string& input, std::uint64_t load_id);

  const cli::LoadPlan& plan_;
  const StopSignal& stop_;
  mysql::RetryPolicy retry_;
  unsigned fitting_connections_ = 1;  // that --memory has room for
  WriterSessions writers_;
  parse::Mapping mapping_;
  table::TableInfo table_;
  std::atomic<std::uint64_t> respelled_ = 0;            // of the input that is run (write/write_context.h)
  std::map<std::uint64_t, report::RunCounts> counted_;  // by load: its part of the verdict's counts
  std::unique_ptr<mysql::ControlConnection> control_;
  std::optional<WitnessCheck> witnesses_;
  std::optional<IndexDeferral> indexes_;  // of the input that is run, or was last
  report::LiveStats stats_;
  std::unique_ptr<report::RejectWriter> reject_writer_;
  std::optional<mysql::Throttle> throttle_;
  // Of the input that is run, or was last: a file system may take seconds to free files of that size, and an end that
  // has to be in time has the books closed first.
  std::optional<Spill> spill_;
};

}  // namespace chatload::load
