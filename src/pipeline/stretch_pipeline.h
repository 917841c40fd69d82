// Spilled rows in key order → stretches → the table.
//
// A stretch ends with the row at which its rows' lines come to range_bytes. So stretches depend on the input, the plan
// and range_bytes alone, as ranges do, and a run that resumes the load makes the same ones from a spill of its own; a
// digest in the ledger says so. Neighbouring stretches follow one another in key order: the rows of a transaction fill
// leaf pages that no other transaction writes but for the outermost.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/stop_signal.h"
#include "base/units.h"
#include "parse/mapping.h"
#include "pipeline/range_pipeline.h"
#include "report/live_stats.h"
#include "report/reject_sink.h"
#include "spill/spill_store.h"

namespace chatload::pipeline {

struct StretchOptions {
  RangeNumber first_number;            // of the first stretch: the one behind the last range
  std::size_t range_bytes = 0;         // split::SplitLimits
  std::size_t in_flight_max = 2;       // stretches
  std::uint64_t bytes_compressed = 0;  // of the whole input
};

// Writes all rows of the store, but for stretches that are committed already; ends like run_pipeline(). REQUIRES:
// rejects knows the end of the input.
[[nodiscard]] PipelineResult run_stretches(const spill::SpillStore& store, const StretchOptions& options,
                                           const parse::Mapping& mapping, const Writing& writing,
                                           report::RejectSink& rejects, report::LiveStats& stats,
                                           const StopSignal& stop);

}  // namespace chatload::pipeline
