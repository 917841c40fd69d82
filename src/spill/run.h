// A sorted run on disk; or a group of the ranges' journal, whose records come in file order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "spill/spill_file.h"

namespace chatload::spill {

// Rows in order, in blocks (block.h) that stand one behind the other in a file.
struct Run {
  std::shared_ptr<SpillFile> file;
  std::uint64_t begin = 0;  // in the file
  std::uint64_t end = 0;
  std::uint64_t rows = 0;
  std::size_t block_bytes_max = 0;  // of a block as it is in memory: more than kBlockBytes where one row is

  [[nodiscard]] std::uint64_t bytes_on_disk() const { return end - begin; }
};

}  // namespace chatload::spill
