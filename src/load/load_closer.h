// The end of a load: its sums in the ledger, its indexes, its last word.
#pragma once

#include <optional>
#include <string>

#include "base/errors.h"
#include "base/stop_signal.h"
#include "load/index_deferral.h"
#include "load/load_opener.h"
#include "load/witness_check.h"
#include "mysql/control_connection.h"
#include "pipeline/input_reader.h"
#include "report/live_stats.h"
#include "source/held_file.h"
#include "source/source_identity.h"

namespace chatload::load {

// Of one run of one input. Single-threaded; borrows all that it is given.
class LoadCloser {
 public:
  LoadCloser(const source::HeldFile& input, const OpenLoad& load, IndexDeferral& indexes, const WitnessCheck& witnesses,
             mysql::ControlConnection& control, report::LiveStats& stats, const StopSignal& stop);

  // All lines are in. source_id: --source-id. Throws SourceError where the source was changed while it was read, and
  // LoadError where the ledger's sums are not what this run and those before it have counted, and where the table has
  // lost rows meanwhile.
  void record_end(const source::SourceIdentity& identity, const std::optional<std::string>& source_id,
                  const pipeline::InputResult& result);

  // Builds the indexes, and only then marks the load as done. REQUIRES: record_end(), in this run or an earlier one.
  // Throws LoadError where the load is no longer this run's, or the server or the table has lost some of it.
  void finish(ExitCode exit_code);

 private:
  [[nodiscard]] bool is_same_content(const source::SourceIdentity& identity,
                                     const std::optional<std::string>& source_id, const std::string& digest) const;

  const source::HeldFile& input_;
  const OpenLoad& load_;
  IndexDeferral& indexes_;
  const WitnessCheck& witnesses_;
  mysql::ControlConnection& control_;
  report::LiveStats& stats_;
  const StopSignal& stop_;
};

}  // namespace chatload::load
