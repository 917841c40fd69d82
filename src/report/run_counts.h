// The final figures of a run, and whether they add up.
#pragma once

#include <cstdint>

#include "ledger/load_ledger.h"
#include "parse/outcome.h"

namespace chatload::report {

struct RunCounts {
  parse::ParseCounts parsed;  // parsed.valid is the sum of the three below once a load is done
  std::uint64_t inserted = 0;
  std::uint64_t updated = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t bytes_compressed = 0;
  std::uint64_t bytes_decompressed = 0;
  std::uint64_t files_written = 0;  // of a copy
  std::uint64_t bytes_written = 0;  // in them, compressed

  RunCounts& operator+=(const RunCounts& other);

  // lines = valid + filtered + rejected + blank, for a check or a copy.
  [[nodiscard]] bool check_adds_up() const;
};

// What the ledger has of a load, as a run counts it.
[[nodiscard]] RunCounts recorded_counts(const ledger::LoadTotals& totals);

}  // namespace chatload::report
