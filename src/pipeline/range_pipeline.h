// The flow graph: one decoded stream → ranges → rows → the table (or only their counts).
//
//   input_node    limiter   function_node   sequencer   async_node             function_node
//   split ───────►tokens───►parse + order──►by number──►account, hand over────►finish
//   serial        ▲         parallel                    serial, file order;    serial │
//                 │                                     writers' own threads          │
//                 └──────────────────────── a token back ─────────────────────────────┘
//
// A range is one WriteJob from split to finish; there are ranges_in_flight_max of them, reused. The limiter's tokens
// come back from finish, so a slow database stops the splitter and memory stays flat.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>

#include "base/stop_signal.h"
#include "inflate/decoded_stream.h"
#include "parse/mapping.h"
#include "parse/row_filter.h"
#include "report/live_stats.h"
#include "report/reject_sink.h"
#include "report/run_counts.h"
#include "split/line_splitter.h"
#include "write/writer_pool.h"

namespace chatload::pipeline {

// Where the rows go.
struct Destination {
  write::WriterPool& pool;
  write::OnDuplicate mode;
  bool parallel;  // TableInfo::can_write_in_parallel()
};

struct PipelineOptions {
  split::SplitLimits limits;
  unsigned threads = 1;
  std::size_t ranges_in_flight_max = 2;
};

struct PipelineResult {
  report::RunCounts counts;                   // of the ranges done: committed, or counted by a check
  bool interrupted = false;                   // a signal came before the end
  std::optional<std::string> budget_verdict;  // why the reject budget ended the run
  std::exception_ptr failure;                 // what else ended it
};

// Runs one input to its end, a signal, an exceeded budget or a failure; ranges in flight are drained in every case.
// destination: null for a check. Throws nothing that a line, the input or the database can cause: see the result.
[[nodiscard]] PipelineResult run_pipeline(inflate::DecodedStream& stream, const PipelineOptions& options,
                                          const parse::Mapping& mapping, const parse::RowFilter& filter,
                                          const Destination* destination, report::RejectSink& rejects,
                                          report::LiveStats& stats, const StopSignal& stop);

}  // namespace chatload::pipeline
