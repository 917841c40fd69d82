// chatload check: all inputs through the graph, one after the other, and no further than their counts.
#pragma once

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "load/verdict.h"
#include "mapping/mapping.h"
#include "report/reject_writer.h"

namespace chatload::load {

// mapping: with the limits that count. rejects: where all rejected lines go; may be null. What is wrong with an input
// is logged, and in the verdict; the others are read all the same. Throws UsageError where the plan does not fit
// --memory.
[[nodiscard]] Verdict check_inputs(const cli::CheckPlan& plan, const mapping::Mapping& mapping,
                                   report::RejectWriter* rejects, const StopSignal& stop);

}  // namespace chatload::load
