// chatload copy: all inputs through the graph, one after the other, and what is kept of them into gzip files.
#pragma once

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "load/verdict.h"
#include "mapping/mapping.h"
#include "report/reject_writer.h"

namespace chatload::load {

// mapping: with the limits that count. rejects: where all rejected lines go; may be null. The output is in its place
// only where all inputs were read to their ends. What is wrong with an input is logged, and in the verdict. Throws
// UsageError where the plan does not fit --memory, EnvironmentError where the output cannot be written, and SourceError
// for a line that cannot be copied as it is.
[[nodiscard]] Verdict copy_inputs(const cli::CopyPlan& plan, const mapping::Mapping& mapping,
                                  report::RejectWriter* rejects, const StopSignal& stop);

}  // namespace chatload::load
