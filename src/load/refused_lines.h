// The input again, for the texts of refused lines that the ledger misses (ledger/missing_raw.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "ledger/range_ledger.h"
#include "mysql/control_connection.h"
#include "source/held_file.h"

namespace chatload::load {

// Reads the input up to the last of them, and not at all where none is missing. await_clearance: called before each
// transaction. source_read becomes the compressed bytes read. Throws what reading the input throws, SourceError where
// other bytes stand than the ledger knows, and Interrupted after a stop.
void fill_refused_lines(const source::HeldFile& input, const cli::ReadPlan& read, const ledger::RangeLedger& ledger,
                        mysql::ControlConnection& control, const std::function<void()>& await_clearance,
                        std::atomic<std::uint64_t>& source_read, const StopSignal& stop);

}  // namespace chatload::load
