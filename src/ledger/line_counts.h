// What became of lines, in figures.
#pragma once

#include <cstdint>
#include <optional>

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

  [[nodiscard]] bool add_up() const { return lines == inserted + updated + duplicate + filtered + rejected + blank; }

  bool operator==(const LineCounts&) const = default;
};

// The same of one source. The last three are of a load in file order: in key order they are the load's alone.
struct SourceLines {
  std::uint64_t lines = 0;
  std::uint64_t valid = 0;
  std::uint64_t filtered = 0;
  std::uint64_t rejected = 0;
  std::uint64_t blank = 0;
  std::optional<std::uint64_t> inserted;
  std::optional<std::uint64_t> updated;
  std::optional<std::uint64_t> duplicate;
};

}  // namespace chatload::ledger
