// A sorted run on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "spill/run_index.h"
#include "spill/spill_file.h"

namespace chatload::spill {

// Rows in order, in blocks (block.h) that stand one behind the other in a file. Move-only.
struct Run {
  std::shared_ptr<SpillFile> file;
  std::uint64_t begin = 0;  // in the file
  std::uint64_t end = 0;
  std::uint64_t rows = 0;
  std::size_t block_bytes_max = 0;  // of a block as it is in memory: more than kBlockBytes where one row is
  RunIndex index;

  Run() = default;
  Run(Run&&) noexcept = default;
  Run& operator=(Run&&) noexcept = default;

  [[nodiscard]] std::uint64_t bytes_on_disk() const { return end - begin; }
};

}  // namespace chatload::spill
