// Spilled rows in key order → stretches → the table.
//
// A stretch ends with the row at which its rows' lines come to range_bytes (spill/merge_cursor.h). So stretches depend
// on the sources, the plan and range_bytes alone, as ranges do, and a run that resumes the load makes the same ones
// from a spill of its own; a digest in the ledger says so. Neighbouring stretches follow one another in key order: the
// rows of a transaction fill leaf pages that no other transaction writes but for the outermost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <set>

#include "base/stop_signal.h"
#include "base/units.h"
#include "ledger/range_ledger.h"
#include "mapping/mapping.h"
#include "pipeline/source_account.h"
#include "report/live_stats.h"
#include "spill/spill_store.h"
#include "split/range_splitter.h"
#include "write/writer_pool.h"

namespace chatload::pipeline {

struct StretchOptions {
  split::SplitLimits limits;
  std::size_t in_flight_max = 2;       // stretches
  std::uint64_t bytes_compressed = 0;  // of all sources
  std::set<SourceOrdinal> left_out;    // sources whose rows are not written
};

struct StretchResult {
  bool interrupted = false;    // a signal came before the end
  std::exception_ptr failure;  // what else ended it, but for the budget and the pool's own failure
};

// Writes all rows of the store, but for stretches that are committed already. What became of them is in the account,
// which is the load's. REQUIRES: the account's rejects know the end of the sources.
[[nodiscard]] StretchResult run_stretches(const spill::SpillStore& store, const StretchOptions& options,
                                          const mapping::Mapping& mapping, write::WriterPool& pool,
                                          const ledger::CommittedRanges& committed, SourceAccount& account,
                                          report::LiveStats& stats, const StopSignal& stop);

}  // namespace chatload::pipeline
