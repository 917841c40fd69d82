// The ends of a command's loads: those of which all lines are in have their last word together, once the indexes are
// built, and only then are rejected lines exported.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "load/command_outcome.h"
#include "load/index_deferral.h"
#include "load/load.h"
#include "load/look_up.h"
#include "load/run.h"

namespace chatload::load {

// Single-threaded; borrows all that it is given.
class LoadEnds {
 public:
  LoadEnds(Run& run, IndexDeferral& indexes, CommandOutcome& outcome)
      : run_(run), indexes_(indexes), outcome_(outcome) {}

  // All lines of it are in. exit_code: what it is to say then.
  void add_written(Load load, ExitCode exit_code);
  // It is gone on with: what was to be its end is none.
  void take_back(std::uint64_t load_id);

  // It ends without all of its lines, or is to be gone on with by another run.
  void end_early(const Load& load, ExitCode exit_code);
  // The same of one whose failure is thrown.
  void end_failed(const Load& load, ExitCode exit_code);
  // The counts of its inputs, as the ledger has them, by all runs.
  void take_counts(const Load& load);

  // Which a load lacks, and another has read.
  void add_unread(const UnreadSource& source) { unread_.push_back(source); }
  [[nodiscard]] bool has_unread() const { return !unread_.empty(); }

  // Returns the inputs of loads that only lacked a source which another one has now, for the same run to end them.
  [[nodiscard]] Inputs supersede();

  // Whether all is well with those that were written.
  bool finish();

 private:
  struct Written {
    Load load;
    ExitCode exit_code;
  };

  void finish(const Written& one);
  void try_export_rejects(const Load& load);

  Run& run_;
  IndexDeferral& indexes_;
  CommandOutcome& outcome_;
  std::vector<Written> written_;
  std::vector<UnreadSource> unread_;
  // Loads by number, with their names. At the end, once: a load may be ended by another one, in supersede().
  std::map<std::uint64_t, std::string> rejects_owed_;
};

}  // namespace chatload::load
