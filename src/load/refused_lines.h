// The sources again, for the texts of refused lines that the ledger misses (ledger/missing_raw.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "ledger/range_ledger.h"
#include "load/source.h"
#include "mysql/control_connection.h"

namespace chatload::load {

// Reads the sources that have some, each up to the last of them, and no other. A source that is not there any more, or
// has other bytes than the ledger knows, leaves the texts out, and is said. await_clearance: called before each
// transaction. source_read becomes the compressed bytes read. Throws Interrupted after a stop.
void fill_refused_lines(std::span<LoadSource* const> sources, const cli::ReadPlan& read,
                        const ledger::RangeLedger& ledger, mysql::ControlConnection& control,
                        const std::function<void()>& await_clearance, std::atomic<std::uint64_t>& source_read,
                        const StopSignal& stop);

}  // namespace chatload::load
