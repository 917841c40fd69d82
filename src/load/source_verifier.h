// A source that may have changed since a load began, against the load's ranges.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "ledger/range_ledger.h"
#include "ledger/source_ledger.h"
#include "load/run.h"
#include "load/source.h"
#include "mysql/control_connection.h"
#include "source/input.h"

namespace chatload::load {

// Reads the input up to the last committed range and compares the bytes of each with its record. The ranges in between
// are written afterwards, so this must come first: comparing on the way would be too late for those. source_read
// becomes the compressed bytes read. Returns only when all are compared; throws Interrupted, SourceError where other
// bytes stand, and what reading the input throws.
void require_recorded_bytes(const source::Input& input, const cli::ReadPlan& read, const ledger::RangeLedger& ledger,
                            SourceOrdinal source, const ledger::CommittedRanges& committed,
                            mysql::ControlConnection& control, std::atomic<std::uint64_t>& source_read,
                            const StopSignal& stop);

// How many ranges of a source of some load are committed, where the file has the bytes of them all; else nothing. plan:
// that load's. Throws DatabaseError and Interrupted.
[[nodiscard]] std::optional<std::uint64_t> ranges_with_equal_bytes(Run& run, const LoadSource& file,
                                                                   const cli::LoadPlan& plan,
                                                                   const ledger::SourceRecord& source);

}  // namespace chatload::load
