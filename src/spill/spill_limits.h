// How much memory the stage takes, all of it counted, and when it compresses.
#pragma once

#include <cstddef>
#include <cstdint>

namespace chatload::spill {

struct SpillLimits {
  std::size_t buffer_bytes;  // of one RunBuilder: rows, sort entries, the block being filled, its compressed form
  std::size_t merge_bytes;   // of a MergeCursor, or of merge_down(); its rows are counted by whoever owns the RowBatch
  std::uint64_t plain_bytes = 0;  // blocks are not compressed until so many bytes are on disk
};

// The least limits with which rows of that many bytes of text can be spilled and merged; with less, RunBuilder::add()
// or SpillStore::merge_down() may throw.
[[nodiscard]] SpillLimits least_limits(std::size_t row_bytes_max, std::size_t columns);

}  // namespace chatload::spill
