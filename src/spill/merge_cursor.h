// The rows of a stretch of keys, in order.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "parse/row_batch.h"
#include "spill/row_codec.h"
#include "spill/row_origin.h"
#include "spill/run_merger.h"
#include "spill/spill_store.h"

namespace chatload::spill {

// Rows with first <= key < end: in the order of their keys' bytes, those of one key as they stood in the input.
// Single-threaded; several at once over one store, each of which takes limits.merge_bytes / limits.cursors_max at most
// if the store was merged down. Throws EnvironmentError: the disk does not give back what was written.
//
// Opening one reads a block of every run, so a stretch should be much longer than that.
class MergeCursor {
 public:
  // An empty first: from the start; no end: to the end. The store must live on, unchanged.
  MergeCursor(const SpillStore& store, std::string_view first, std::optional<std::string> end);

  // Replaces rows and origins (one a row) by the next rows: rows_max at most, with bytes_max of text, but one row at
  // least. The texts are stored in rows.unescaped; rows.lines are the origins' lines. False when there are none left.
  bool next(parse::RowBatch& rows, std::vector<RowOrigin>& origins, std::size_t rows_max, std::size_t bytes_max);

 private:
  const RowCodec& codec_;
  std::optional<std::string> end_;
  RunMerger merger_;
};

}  // namespace chatload::spill
