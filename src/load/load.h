// A load that this run owns, and how it comes to own it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/plan.h"
#include "ledger/load_ledger.h"
#include "load/look_up.h"
#include "load/run.h"
#include "load/source.h"

namespace chatload::load {

struct Load {
  std::uint64_t id = 0;
  std::string owner;                         // our token in its row
  std::string name;                          // of all its sources, for messages
  cli::LoadPlan plan;                        // with the settings that the ledger has of it
  ledger::LoadTotals before = {};            // what earlier runs have committed
  std::vector<LoadSource> sources = {};      // that this command has named, in the load's order
  std::vector<SourceOrdinal> left_out = {};  // sources that are not done, and that it has not named
  bool is_again = false;    // an earlier attempt was put aside (--restart, --reload), whose rows may be in the table
  bool is_frozen = false;   // in key order: nothing of it may be left out any more
  bool is_written = false;  // all lines are in: what is left are the indexes and the ledger's last word
};

[[nodiscard]] Inputs inputs_of(const Load& load);

// Throws where a load cannot go on by that plan now.
using Check = std::function<void(const cli::LoadPlan& plan, std::vector<LoadSource>& sources)>;

// Begins a load by that plan, in which nothing is left to be decided. Nothing where another run has one of the sources
// meanwhile: they are left as they are then. lock_name: the load's, held by the control connection.
[[nodiscard]] std::optional<Load> begin_load(Run& run, std::vector<NewSource>& fresh, const std::string& lock_name,
                                             cli::LoadPlan plan);

// Goes on with one. Nothing where it changed hands meanwhile. REQUIRES: the control connection holds its lock.
// Throws LoadError where the load does not fit this run, or a source that it needs is not there, and UsageError where
// its recorded settings are others than those that were given.
[[nodiscard]] std::optional<Load> resume_load(Run& run, const ledger::LoadRecord& record,
                                              std::vector<KnownSource> known, const Check& check);

// As the ledger has it: "key", or "file" of what is not decided, too.
[[nodiscard]] std::string_view order_of_rows(const cli::LoadPlan& plan);

// Takes the named lock of a load that is about to begin, and returns its name. name: of its sources, for messages.
// Throws LoadError where the server does not give it.
[[nodiscard]] std::string take_new_lock(Run& run, const std::string& name);

}  // namespace chatload::load
