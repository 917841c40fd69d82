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

  RunCounts& operator+=(const RunCounts& other);

  // lines = inserted + updated + duplicate + filtered + rejected + blank, for a load of whole ranges.
  [[nodiscard]] bool load_adds_up() const;
  // lines = valid + filtered + rejected + blank, for a check.
  [[nodiscard]] bool check_adds_up() const;
};

// What the ledger has of a load, as a run counts it.
[[nodiscard]] RunCounts recorded_counts(const ledger::LoadTotals& totals);

}  // namespace chatload::report
