// One input → its pipeline, watched by a progress line.
#pragma once

#include <string>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "parse/mapping.h"
#include "pipeline/range_pipeline.h"
#include "report/live_stats.h"
#include "report/reject_sink.h"

namespace chatload::pipeline {

struct InputResult {
  PipelineResult pipeline;    // its budget verdict is that at the end, too
  std::string source_digest;  // of the compressed bytes that were read (base/digest.h)
};

// Opens, reads and runs one input. Throws SourceError and CorruptInputError for an input
// that cannot be opened or begun.
[[nodiscard]] InputResult read_input(const std::string& input, const cli::ReadPlan& read,
                                     report::ProgressOptions progress, const parse::Mapping& mapping,
                                     std::size_t ranges_in_flight_max, const Destination& destination,
                                     report::RejectSink& rejects, report::LiveStats& stats, const StopSignal& stop);

}  // namespace chatload::pipeline
