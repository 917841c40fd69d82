// How many ranges may exist at once, so that the process stays within --memory.
#pragma once

#include <cstddef>
#include <optional>

#include "cli/plan.h"
#include "spill/spill_limits.h"
#include "split/line_splitter.h"

namespace chatload::pipeline {

struct MemoryPlan {
  std::size_t memory_bytes = 0;          // the bound
  std::size_t ranges_in_flight_max = 0;  // between the splitter and the end of their transaction
};

// The peak-memory sum, term by term, is in memory_plan.cc. memory_bytes: --memory where given; otherwise 256 MiB, or
// what two ranges need where --range-size and --max-line ask for more. connections: 0 for a check.
// Throws UsageError if not even two ranges fit into --memory.
[[nodiscard]] MemoryPlan plan_memory(std::optional<std::size_t> memory_bytes, split::SplitLimits limits,
                                     unsigned threads, unsigned connections);

// The same of a load in key order, which reads first and writes then.
struct KeyOrderMemoryPlan {
  std::size_t ranges_in_flight_max = 0;
  std::size_t stretches_in_flight_max = 0;
  spill::SpillLimits spill;
};
[[nodiscard]] KeyOrderMemoryPlan plan_key_order_memory(const cli::ReadPlan& read, unsigned connections,
                                                       std::size_t columns);

// read.split, its range_bytes halved until both plans above hold two ranges, down to 1 MiB, unless the user gave them.
[[nodiscard]] split::SplitLimits fitting_limits(const cli::ReadPlan& read, unsigned connections, std::size_t columns);

// The longest statement a writer builds: a row of a line of the maximal length has its text escaped, which at most
// doubles it.
[[nodiscard]] std::size_t statement_bytes_max(split::SplitLimits limits);

}  // namespace chatload::pipeline
