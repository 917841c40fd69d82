// One input → its pipeline, watched by a progress line.
#pragma once

#include <memory>
#include <string>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "parse/mapping.h"
#include "pipeline/range_pipeline.h"
#include "report/live_stats.h"
#include "report/reject_sink.h"
#include "source/byte_source.h"

namespace chatload::pipeline {

struct InputResult {
  PipelineResult pipeline;    // its budget verdict is that at the end, too
  std::string source_digest;  // of the compressed bytes that were read (base/digest.h)
};

// Reads and runs one input. Throws SourceError and CorruptInputError for one that cannot be begun.
[[nodiscard]] InputResult read_input(std::unique_ptr<source::ByteSource> input, const cli::ReadPlan& read,
                                     report::ProgressOptions progress, const parse::Mapping& mapping,
                                     std::size_t ranges_in_flight_max, const Destination& destination,
                                     report::RejectSink& rejects, report::LiveStats& stats, const StopSignal& stop);

}  // namespace chatload::pipeline
