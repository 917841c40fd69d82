// All rows of a store, in order.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "base/units.h"
#include "parse/row_batch.h"
#include "spill/row_codec.h"
#include "spill/row_origin.h"
#include "spill/run_merger.h"
#include "spill/spill_store.h"

namespace chatload::spill {

// Rows in the order of their keys' bytes, those of one key in the order of their sources and lines. Single-threaded;
// takes limits.merge_bytes at most if the store was merged down. Throws EnvironmentError: the disk does not give back
// what was written.
class MergeCursor {
 public:
  // The store must live on, unchanged. It can have no other cursor: what is read is given back to the file system.
  // left_out: sources whose rows are passed over.
  explicit MergeCursor(const SpillStore& store, std::set<SourceOrdinal> left_out = {});

  // Replaces rows and origins (one a row) by the next rows: up to the one with which their lines, each of them taken
  // for one of line_bytes_min or longer, come to line_bytes. The texts are stored in rows.unescaped; rows.lines are the
  // origins' lines. False when there are none left.
  bool next(parse::RowBatch& rows, std::vector<RowOrigin>& origins, std::size_t line_bytes,
            std::size_t line_bytes_min = 0);

 private:
  const RowCodec& codec_;
  const std::set<SourceOrdinal> left_out_;
  RunMerger merger_;
};

}  // namespace chatload::spill
