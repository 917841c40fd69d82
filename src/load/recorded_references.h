// The data of lookups that a load began with.
#pragma once

#include "cli/plan.h"
#include "ledger/load_ledger.h"
#include "load/load.h"
#include "load/run.h"

namespace chatload::load {

// Keeps in the ledger what the plan's lookups have, as far as --lookup-store allows.
void keep_references(Run& run, const cli::LoadPlan& plan);

// The plan of this run with the data that the load began with, where that has changed since and the ledger has it. What
// it does not have stays as it is now; cli::resumed_plan() refuses that. Throws UsageError where the data of then and
// of now do not fit into half of --memory together, LoadError where the ledger is damaged, DatabaseError.
[[nodiscard]] cli::LoadPlan with_recorded_references(Run& run, const ledger::LoadRecord& load);

// A line for each lookup for which the load has other data than this run has read.
void say_what_has_changed(const Run& run, const Load& load);

}  // namespace chatload::load
