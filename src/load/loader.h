// chatload load: the inputs of a command → loads, opened, run and closed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "load/heartbeat.h"
#include "load/index_deferral.h"
#include "load/key_order_load.h"
#include "load/load.h"
#include "load/look_up.h"
#include "load/run.h"
#include "load/run_load.h"
#include "load/sharing.h"
#include "load/verdict.h"
#include "report/reject_sink.h"

namespace chatload::load {

// Single-threaded; borrows the plan and the stop.
class Loader {
 public:
  // Connects. Throws as Run does.
  Loader(const cli::LoadPlan& plan, const StopSignal& stop);

  // Looks the inputs up, goes on with the loads that have begun with some of them, and begins others for the rest. What
  // another run has is waited for when everything else is done. Throws nothing that an input or the database can cause:
  // it is logged, and in the verdict.
  [[nodiscard]] Verdict run();

 private:
  using Inputs = std::vector<std::size_t>;  // places among verdict_.inputs

  struct Finishing {
    Load load;
    ExitCode exit_code;
  };

  [[nodiscard]] Inputs run_round(const Inputs& inputs, bool is_patient);
  [[nodiscard]] LookUp look_up_and_lock(const Inputs& inputs, bool is_patient, Inputs& busy);
  [[nodiscard]] bool hold(const ledger::LoadRecord& load, const std::string& name, bool is_patient);
  [[nodiscard]] std::vector<LoadSource> sources_of(const Inputs& inputs);
  [[nodiscard]] bool is_dead(const ledger::LoadRecord& load);
  void share();
  void share_out(const Inputs& some, Sharing& sharing);
  void begin_shared(std::vector<NewSource> fresh, Sharing& sharing);
  void finish_shared(const std::string& lock_name, Sharing& sharing);
  void name_left(const Sharing& sharing);
  void count_done(const LookUp& look);
  void count_done(const ledger::LoadRecord& load, const Inputs& inputs);
  void count_same(const LookUp& look);
  void go_on(const LookUp& look, std::uint64_t load_id, std::vector<KnownSource> known, Inputs& again);
  void require_order(const std::string& name) const;
  void put_back(std::vector<NewSource> fresh, Inputs& again);
  void begin_all(std::vector<NewSource> fresh, Inputs& again);
  void begin(std::vector<NewSource>& group, Inputs& again);
  void take_on(Load load);
  void run_one(Load& load);
  void settle(Load& load, const LoadOutcome& outcome);
  bool finish_loads();
  void finish_all();
  void finish(const Finishing& one);
  [[nodiscard]] Inputs supersede();
  void take_counts(const Load& load);
  void try_export_rejects(const Load& load);

  // Runs body, which is about these inputs; what it throws is logged, and in the verdict. Where nothing more can be
  // begun then, goes_on_ becomes false.
  template <typename Body>
  void attempt(const Inputs& inputs, Body body);
  void fail(const std::string& sentence, report::RunStatus status, ExitCode exit_code);
  void count(std::uint64_t load_id, const report::RunCounts& counts);
  [[nodiscard]] bool may_begin() const;
  [[nodiscard]] std::string name_of(const Inputs& inputs) const;
  report::InputEnd& end_of(std::size_t input) { return verdict_.inputs.at(input); }

  const cli::LoadPlan& plan_;
  const StopSignal& stop_;
  Run run_;
  report::RejectReport rejects_;
  IndexDeferral indexes_;
  Verdict verdict_;
  bool goes_on_ = true;           // something more may be begun
  bool is_out_of_order_ = false;  // but nothing behind an input that failed, with --on-duplicate replace
  std::set<std::string> held_;    // locks of loads
  std::set<std::size_t> begun_;   // inputs of which this run has read some
  std::set<std::uint64_t> ours_;  // loads that this command has begun or gone on with
  std::map<std::uint64_t, report::RunCounts> counted_;  // by load: its part of the verdict's counts
  std::map<std::size_t, LookedAtInput> kept_;           // of inputs that can be read once, from a beginning that failed
  std::map<std::size_t, std::string> stream_digests_;   // of inputs that can be read once, and were read to be compared
  // That were opened to be looked up: what is waited for stays the same file, whatever becomes of its name.
  std::map<std::size_t, std::shared_ptr<const source::Input>> files_;
  std::vector<Finishing> finishing_;  // all lines are in
  std::vector<UnreadSource> unread_;
  // Loads by number, with their names. At the end, once: a load may be ended by another one, in supersede().
  std::map<std::uint64_t, std::string> rejects_owed_;
  // Of the load that is run, or was last: a file system may take seconds to free files of that size, and an end that
  // has to be in time has the books closed first.
  std::optional<Spill> spill_;
  std::optional<Heartbeat> heartbeat_;  // with --share
};

}  // namespace chatload::load
