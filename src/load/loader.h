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
#include "load/command_outcome.h"
#include "load/heartbeat.h"
#include "load/index_deferral.h"
#include "load/key_order_load.h"
#include "load/load.h"
#include "load/load_ends.h"
#include "load/load_locks.h"
#include "load/look_up.h"
#include "load/run.h"
#include "load/run_load.h"
#include "load/sharing.h"
#include "load/verdict.h"
#include "report/reject_sink.h"
#include "report/run_trace.h"

namespace chatload::load {

// Single-threaded; borrows all that it is given.
class Loader {
 public:
  // Connects. Throws as Run does.
  Loader(const cli::LoadPlan& plan, const StopSignal& stop, report::RunTrace& trace);

  // Looks the inputs up, goes on with the loads that have begun with some of them, and begins others for the rest. What
  // another run has is waited for when everything else is done. Throws nothing that an input or the database can cause:
  // it is logged, and in the verdict.
  [[nodiscard]] Verdict run();

 private:
  [[nodiscard]] Inputs run_round(const Inputs& inputs, bool is_patient);
  [[nodiscard]] LookUp look_up_and_lock(const Inputs& inputs, bool is_patient, Inputs& busy);
  [[nodiscard]] std::vector<LoadSource> sources_of(const Inputs& inputs);
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

  const cli::LoadPlan& plan_;
  const StopSignal& stop_;
  Run run_;
  report::RejectReport rejects_;
  IndexDeferral indexes_;
  CommandOutcome outcome_;
  LoadLocks locks_;
  LoadEnds ends_;
  std::set<std::uint64_t> ours_;                       // loads that this command has begun or gone on with
  std::map<std::size_t, LookedAtInput> kept_;          // of inputs that can be read once, from a beginning that failed
  std::map<std::size_t, std::string> stream_digests_;  // of inputs that can be read once, and were read to be compared
  // That were opened to be looked up: what is waited for stays the same file, whatever becomes of its name.
  std::map<std::size_t, std::shared_ptr<const source::Input>> files_;
  // Of the load that is run, or was last: a file system may take seconds to free files of that size, and an end that
  // has to be in time has the books closed first.
  std::optional<Spill> spill_;
  std::optional<Heartbeat> heartbeat_;  // with --share
};

}  // namespace chatload::load
