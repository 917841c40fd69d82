// An input → its load in the ledger: one to begin, to go on with, or that is done.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "ledger/load_ledger.h"
#include "load/witness_check.h"
#include "mysql/control_connection.h"
#include "report/live_stats.h"
#include "source/held_file.h"
#include "source/source_identity.h"

namespace chatload::load {

// A load that this run owns.
struct OpenLoad {
  std::uint64_t load_id = 0;
  std::string owner;          // our token in its row
  cli::LoadPlan plan;         // with the settings that the ledger has of it
  ledger::LoadTotals before;  // what earlier runs have committed
  // They may have read other bytes: the file was touched since, or is another one of equal size, head and tail.
  bool is_source_in_doubt = false;
  bool is_again = false;    // an earlier attempt was put aside (--restart, --reload), whose rows may be in the table
  bool is_written = false;  // all lines are in: what is left are the indexes and the ledger's last word
};

// A load that was done before, by content.
struct DoneLoad {
  std::uint64_t load_id = 0;
  int exit_code = 0;
};

// Single-threaded; borrows all that it is given.
class LoadOpener {
 public:
  using Decide = std::function<cli::LoadPlan(const cli::LoadPlan& plan)>;
  using Check = std::function<void(const cli::LoadPlan& plan)>;
  using IsRun = std::function<bool(std::uint64_t load_id)>;

  // limits: what the table's columns hold, as text.
  // decide: a plan → the plan for a new load of the source, in which nothing is left to be decided.
  // check: throws where a load cannot go on by that plan now.
  // witnesses: of the table.
  // is_run: whether this command had the load before, by an input of the same bytes: --restart and --reload leave it
  // be.
  LoadOpener(const cli::LoadPlan& plan, std::string table, std::string limits, Decide decide, Check check,
             const WitnessCheck& witnesses, IsRun is_run, mysql::ControlConnection& control, report::LiveStats& stats,
             const StopSignal& stop);

  // Takes the load's named lock, which the control connection then holds, and looks it up.
  // Throws LoadError where another run holds the lock, the load does not fit this run, or is done and the table lacks
  // its rows, UsageError where its recorded settings are others than those that were given, and Interrupted after a
  // stop.
  [[nodiscard]] std::variant<OpenLoad, DoneLoad> open(const source::HeldFile& file,
                                                      const source::SourceIdentity& identity);

 private:
  struct Source {
    const source::HeldFile& file;
    const source::SourceIdentity& identity;
    ledger::LoadKey key;
    std::string lock_name;
    ledger::Runner runner;
  };

  // The newest load of the source that counts, and what --restart or --reload puts aside for it.
  struct Found {
    std::optional<ledger::LoadRecord> done;
    std::optional<ledger::LoadRecord> unfinished;
    std::vector<ledger::LoadRecord> put_aside;
    std::uint64_t attempts = 0;
  };

  void take_lock(const Source& source);
  [[nodiscard]] Found find(const Source& source);
  [[nodiscard]] bool is_content_of(const ledger::LoadRecord& load, const Source& source);
  void take_end_or_forget_it(OpenLoad& load, bool is_same_content);
  [[nodiscard]] std::optional<OpenLoad> resume(const ledger::LoadRecord& record, const Source& source);
  [[nodiscard]] std::optional<OpenLoad> begin(const Found& found, const Source& source);

  const cli::LoadPlan& plan_;
  const std::string table_;
  const std::string limits_;
  const Decide decide_;
  const Check check_;
  const WitnessCheck& witnesses_;
  const IsRun is_run_;
  mysql::ControlConnection& control_;
  report::LiveStats& stats_;
  const StopSignal& stop_;
};

}  // namespace chatload::load
