// What the ledger has of a load, as a run counts it.
#pragma once

#include "report/run_counts.h"
#include "write/load_ledger.h"

namespace chatload::pipeline {

[[nodiscard]] report::RunCounts recorded_counts(const write::LoadTotals& totals);

}  // namespace chatload::pipeline
