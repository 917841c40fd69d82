// --indexes: the table's secondary indexes around the loads of a command.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/load_modes.h"
#include "base/stop_signal.h"
#include "cli/plan.h"
#include "load/index_build.h"
#include "load/table_lock.h"
#include "mysql/control_connection.h"
#include "mysql/retry_policy.h"
#include "report/live_stats.h"
#include "table/deferred_indexes.h"

namespace chatload::load {

// With --share nothing is dropped and nothing built, because no run knows whether it is the last one: finish() only
// looks what is owed.
//
// Of one command, in this order: decide() where a load begins, prepare() before its first row, build() behind its last,
// and finish() when all loads have ended. Single-threaded; borrows all that it is given. All throw LoadError where
// another load is in the way, DatabaseError where the server refuses, and Interrupted.
class IndexDeferral {
 public:
  // make_room: closes what connections can be spared, since an account may have few; called before each build.
  IndexDeferral(const cli::LoadPlan& plan, std::string table, mysql::ControlConnection& control,
                std::function<void()> make_room, mysql::RetryPolicy& retry, report::LiveStats& stats,
                const StopSignal& stop);

  // What a load that begins does, and says why: kKeep, or kDefer once the indexes are noted and dropped; the table's
  // lock is held then. name: of its sources, for messages. source_bytes: of all of them, where known.
  [[nodiscard]] IndexMode decide(const std::string& name, std::optional<std::uint64_t> source_bytes);

  // Before the first row of a load that decided so, in this run or an earlier one. Waits for a load that has the table
  // for itself, and builds what another one left out. REQUIRES: the load's row is in the ledger, and its lock held:
  // whoever takes the table's lock afterwards finds it there.
  void prepare(const std::string& name, IndexMode decided);

  // What prepare() left to be built; returns when all of it is there, and whether it was anything.
  bool build(const std::string& name);

  // At the end of a command: the same, and of what earlier loads left out, unless somebody else has the table for
  // himself.
  void finish(const std::string& name);

  // The indexes that are still to be built, "`site_id`, `timestamp`"; empty where there are none.
  [[nodiscard]] std::string owed() const { return table::names_of(build_.missing()); }

 private:
  struct Found {
    std::vector<table::IndexDefinition> indexes;  // that can be left out, or are already
    bool table_is_empty = false;
  };
  // Why indexes stay where they are.
  struct Refusal {
    std::string why;
    bool may_pass = false;
  };

  [[nodiscard]] bool is_shared() const { return plan_.ledger.share_bytes.has_value(); }
  [[nodiscard]] Found look();
  [[nodiscard]] std::optional<std::string> why_keep(const Found& found,
                                                    std::optional<std::uint64_t> source_bytes) const;
  [[nodiscard]] std::optional<std::string> drop();
  [[nodiscard]] std::optional<Refusal> drop_once(mysql::Session& session) const;

  const cli::LoadPlan& plan_;
  const std::string table_;
  mysql::ControlConnection& control_;
  mysql::RetryPolicy& retry_;
  const StopSignal& stop_;
  TableLock lock_;
  IndexBuild build_;
};

}  // namespace chatload::load
