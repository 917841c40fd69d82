// The flow graph: one decoded stream → ranges → rows → the table, a spill, or only their counts.
//
//   input_node    limiter   multifunction   sequencer   async_node             multifunction_node
//   split ───────►tokens───►parse + order──►by number──►number, hand over─────►settle
//   serial        ▲         parallel                    serial, file order;    serial, file order
//                 │                                     writers' own threads          │
//                 └──────────────────────── a token back ─────────────────────────────┘
//
// A range is one WriteJob from split to settle; there are ranges_in_flight_max of them, reused. The limiter's tokens
// come back from settle, so a slow database stops the splitter and memory stays flat. A range that the ledger has
// already goes the same way, but is not parsed: its lines are counted, and a writer compares it with its record.
//
// In key order there are no writers yet: the parser spills the rows, those of recorded ranges too, and settle keeps the
// rest of the range in a journal. The server has no part in it, so its speed and its absences are no matter.
// key_order_load.h takes it from there. A parser whose buffer is full writes its run when the range is on its way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <variant>

#include "base/stop_signal.h"
#include "inflate/decoded_stream.h"
#include "parse/mapping.h"
#include "parse/row_filter.h"
#include "report/live_stats.h"
#include "report/reject_sink.h"
#include "report/run_counts.h"
#include "spill/range_journal.h"
#include "spill/spill_store.h"
#include "split/line_splitter.h"
#include "write/writer_pool.h"

namespace chatload::pipeline {

// To the table.
struct Writing {
  write::WriterPool& pool;
  const ledger::CommittedRanges& committed;
  bool parallel;  // TableInfo::can_write_in_parallel()
};

// To where they are sorted.
struct Sorting {
  spill::SpillStore& rows;
  spill::RangeJournal& ranges;  // and their rejected lines
  const ledger::CommittedRanges& committed;
};

// No further.
struct Counting {};

// Where rows go.
using Destination = std::variant<Counting, Writing, Sorting>;

struct PipelineOptions {
  split::SplitLimits limits;
  unsigned threads = 1;
  std::size_t ranges_in_flight_max = 2;
};

struct PipelineResult {
  report::RunCounts counts;                   // of the ranges committed or counted by this run; of none that is sorted
  std::uint64_t lines = 0;                    // of all ranges, those of earlier runs too
  std::uint64_t blank = 0;                    // of all ranges that are done
  std::uint64_t ranges = 0;                   // that were cut
  bool interrupted = false;                   // a signal came before the end
  std::optional<std::string> budget_verdict;  // why the reject budget ended the run
  std::exception_ptr failure;                 // what else ended it

  // Nothing did: the input was read to its end.
  [[nodiscard]] bool is_whole() const { return !interrupted && !budget_verdict && !failure; }
};

// Runs one input to its end, a signal, an exceeded budget or a failure; ranges in flight are drained in every case.
// Throws nothing that a line, the input or the database can cause: see the result.
[[nodiscard]] PipelineResult run_pipeline(inflate::DecodedStream& stream, const PipelineOptions& options,
                                          const parse::Mapping& mapping, const parse::RowFilter& filter,
                                          const Destination& destination, report::RejectSink& rejects,
                                          report::LiveStats& stats, const StopSignal& stop);

}  // namespace chatload::pipeline
