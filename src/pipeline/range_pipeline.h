// The flow graph: the ranges of some sources → rows → a sink: the table, a spill, a copy, or only their counts.
//
//   input_node    limiter   multifunction   sequencer   async_node             multifunction_node
//   split ───────►tokens───►parse───────────►by place───►number, hand over─────►settle
//   serial        ▲         parallel                    serial, in order;      serial, in order
//                 │                                     writers' own threads          │
//                 └──────────────────────── a token back ─────────────────────────────┘
//
// A range is one RangeJob from split to settle; there are ranges_in_flight_max of them, reused. The limiter's tokens
// come back from settle, so a slow database stops the splitter and memory stays flat. A range that the ledger has
// already goes the same way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>

#include "base/stop_signal.h"
#include "mapping/mapping.h"
#include "parse/row_filter.h"
#include "pipeline/range_feed.h"
#include "pipeline/range_sink.h"
#include "report/live_stats.h"
#include "split/line_splitter.h"

namespace chatload::pipeline {

struct PipelineOptions {
  split::SplitLimits limits;
  unsigned threads = 1;
  std::size_t ranges_in_flight_max = 2;  // at least 2; of the full size, or packs of smaller ones
};

// What ended the whole of it. What became of each source is in its account.
struct PipelineResult {
  bool interrupted = false;    // a signal came before the end
  std::exception_ptr failure;  // what else ended it

  // Nothing did: the feed was read to its end.
  [[nodiscard]] bool is_whole() const { return !interrupted && !failure; }
};

// Runs the feed to its end, a signal or a failure; ranges in flight are drained in every case. Throws nothing that a
// line, a source or the database can cause: see the result and the accounts.
[[nodiscard]] PipelineResult run_pipeline(RangeFeed& feed, RangeSink& sink, const PipelineOptions& options,
                                          const mapping::Mapping& mapping, const parse::RowFilter& filter,
                                          report::LiveStats& stats, const StopSignal& stop);

}  // namespace chatload::pipeline
