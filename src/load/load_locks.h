// The named locks of the loads that a command goes on with: one run at a time is at a load.
#pragma once

#include <set>
#include <string>

#include "ledger/load_ledger.h"
#include "load/run.h"

namespace chatload::load {

// A courtesy: what keeps another run from writing is the owner in the load's row. Single-threaded; borrows the run,
// whose control connection holds the locks.
class LoadLocks {
 public:
  explicit LoadLocks(Run& run) : run_(run) {}

  [[nodiscard]] bool has(const ledger::LoadRecord& load) const { return held_.contains(load.lock_name); }

  // One that the control connection holds.
  void add(const std::string& lock_name) { held_.insert(lock_name); }

  // Takes the lock of a load once its run is dead. False where another run has it, and there is something else to do
  // first; where not, is_patient waits for it as --wait-lock has it, and throws LoadError then. name: of the inputs,
  // for messages. Throws Interrupted after a stop.
  [[nodiscard]] bool take(const ledger::LoadRecord& load, const std::string& name, bool is_patient);

 private:
  [[nodiscard]] bool is_dead(const ledger::LoadRecord& load);

  Run& run_;
  std::set<std::string> held_;
};

}  // namespace chatload::load
