// The end of a load: what became of its sources, its sums in the ledger, its indexes, its last word.
#pragma once

#include "base/errors.h"
#include "load/index_deferral.h"
#include "load/load.h"
#include "load/run.h"
#include "load/run_load.h"

namespace chatload::load {

// Records how the sources ended. True where the load has all of its lines: its sums are recorded then, and only the
// indexes are left. Throws LoadError where the ledger's sums are not what this run and those before it have counted,
// and where the table has lost rows meanwhile.
[[nodiscard]] bool record_outcome(Run& run, const Load& load, const LoadOutcome& outcome);

// Builds the indexes, and only then marks the load as done. REQUIRES: record_outcome() was true, in this run or an
// earlier one. Throws LoadError where the load is no longer this run's, or the server or the table has lost some of it.
void finish_load(Run& run, const Load& load, IndexDeferral& indexes, ExitCode exit_code);

// As interrupted where it failed at nothing. For people and queries only, so one attempt must do: what counts is which
// ranges are there.
void mark_ended(Run& run, const Load& load, ExitCode exit_code);

}  // namespace chatload::load
