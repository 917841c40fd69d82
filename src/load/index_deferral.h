// --indexes: the table's secondary indexes around the loads of a command.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/load_modes.h"
#include "base/stop_signal.h"
#include "cli/plan.h"
#include "mysql/control_connection.h"
#include "mysql/retry_policy.h"
#include "report/live_stats.h"
#include "table/deferred_indexes.h"

namespace chatload::load {

// Of one command, in this order: decide() where a load begins, prepare() before its first row, build() behind its last,
// and finish() when all loads have ended. Single-threaded; borrows all that it is given. All throw LoadError where
// another load is in the way, DatabaseError where the server refuses, and Interrupted.
class IndexDeferral {
 public:
  // make_room: closes what connections can be spared, since an account may have few; called before each build.
  IndexDeferral(const cli::LoadPlan& plan, std::string table, mysql::ControlConnection& control,
                std::function<void()> make_room, mysql::RetryPolicy& retry, report::LiveStats& stats,
                const StopSignal& stop);

  // What a load that begins does, and says why: kKeep, or kDefer once the indexes are noted and dropped; the control
  // connection then holds the table's lock. name: of its sources, for messages. source_bytes: of all of them, where
  // known.
  [[nodiscard]] IndexMode decide(const std::string& name, std::optional<std::uint64_t> source_bytes);

  // Before the first row of a load that decided so, in this run or an earlier one. Waits for a load that has the table
  // for itself, and builds what another one left out. REQUIRES: the load's row is in the ledger, and its lock held:
  // whoever takes the table's lock afterwards finds it there.
  void prepare(const std::string& name, IndexMode decided);

  // What prepare() left to be built; returns when all of it is there, and whether it was anything.
  bool build();

  // At the end of a command: the same, and of what earlier loads left out, unless somebody else has the table for
  // himself.
  void finish();

  // The indexes that are still to be built, "`site_id`, `timestamp`"; empty where there are none.
  [[nodiscard]] std::string owed() const { return table::names_of(owed_); }

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

  [[nodiscard]] Found look();
  [[nodiscard]] std::optional<std::string> why_keep(const Found& found,
                                                    std::optional<std::uint64_t> source_bytes) const;
  [[nodiscard]] std::optional<std::string> take_table_alone(bool waits_for_loads);
  [[noreturn]] void refuse_taken(const std::string& holder);
  void leave_table();
  [[nodiscard]] std::optional<std::string> drop();
  [[nodiscard]] std::optional<Refusal> drop_once(mysql::Session& session) const;
  [[nodiscard]] std::vector<table::IndexDefinition> missing();
  bool build_missing();
  void build_once(const std::vector<table::IndexDefinition>& indexes);
  void wait_after(const std::string& why, std::string_view remedy, bool may_pass,
                  mysql::RetryPolicy::Clock::time_point since, unsigned failures);
  [[nodiscard]] std::string why_build_waited() const;
  void look_at_wait(std::uint64_t connection_id);
  [[nodiscard]] bool had_to_wait_for_others();
  [[nodiscard]] std::chrono::seconds lock_wait() const;
  [[nodiscard]] mysql::ControlConnection::Wait table_wait() const;
  [[nodiscard]] mysql::ControlConnection::Say say_taken() const;
  [[nodiscard]] std::string who_has_table(const std::string& holder) const;
  [[nodiscard]] std::string subject(const std::vector<table::IndexDefinition>& indexes) const;

  const cli::LoadPlan& plan_;
  std::string name_;  // of the load that is prepared
  const std::string table_;
  mysql::ControlConnection& control_;
  const std::function<void()> make_room_;
  mysql::RetryPolicy& retry_;
  report::LiveStats& stats_;
  const StopSignal& stop_;
  std::string table_lock_;
  std::string build_lock_;
  bool has_table_ = false;  // the control connection wants, and has had, the table's lock
  std::vector<table::IndexDefinition> owed_;
  std::string build_waits_for_;  // as seen last in the build, half a sentence; empty where it did not wait
};

}  // namespace chatload::load
