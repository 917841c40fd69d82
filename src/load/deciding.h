// What the user has left to us, decided once for all runs of a load: the size of ranges, the order of rows, and how
// many sources one load takes on.
#pragma once

#include <cstddef>
#include <vector>

#include "cli/plan.h"
#include "load/load.h"
#include "load/look_up.h"
#include "load/run.h"

namespace chatload::load {

struct Decision {
  cli::LoadPlan plan;     // in which only the indexes are left to be decided
  std::size_t count = 0;  // of the sources, from the first: more do not fit where rows are sorted by key
};

// For a load that begins with these sources; says in one line which order it chose, and why. Throws UsageError and
// EnvironmentError where what was asked for does not fit into --memory or onto the disk.
[[nodiscard]] Decision decide(Run& run, const std::vector<LoadSource*>& sources);

// The plan of a load that claims its sources before it is decided: what was asked for, indexes kept.
[[nodiscard]] cli::LoadPlan undecided(Run& run);

// What decide() says, for a load that has begun so: into its plan and the ledger. Returns the inputs that do not fit
// and are no part of it any more.
[[nodiscard]] std::vector<std::size_t> decide_begun(Run& run, Load& load);

// Of a load that goes on in key order, and so sorts all of its sources again. Throws as decide() does. Nothing is known
// of what can be read once only.
void require_room(Run& run, const cli::LoadPlan& plan, const std::vector<LoadSource*>& sources);

}  // namespace chatload::load
