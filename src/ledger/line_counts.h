// What became of lines, in figures.
#pragma once

#include <cstdint>

namespace chatload::ledger {

// Lines by what became of them, as the ledger keeps them:
// lines = inserted + updated + duplicate + filtered + rejected + blank.
struct LineCounts {
  std::uint64_t lines = 0;
  std::uint64_t inserted = 0;
  std::uint64_t updated = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t filtered = 0;
  std::uint64_t rejected = 0;
  std::uint64_t blank = 0;

  bool operator==(const LineCounts&) const = default;
};

}  // namespace chatload::ledger
