#include "load/check.h"

#include "load/input_reader.h"
#include "pipeline/range_sinks.h"

namespace chatload::load {

Verdict check_inputs(const cli::CheckPlan& plan, const mapping::Mapping& mapping, report::RejectWriter* rejects,
                     const StopSignal& stop) {
  pipeline::CountingSink sink;
  return InputReader(plan.inputs, plan.read, plan.report, mapping, {}).run(sink, rejects, stop);
}

}  // namespace chatload::load
