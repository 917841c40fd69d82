// Where a row stood among the sources.
#pragma once

#include "base/units.h"
#include "parse/row_batch.h"

namespace chatload::spill {

// Decides the order of rows with equal keys: range, then line.line_index.
struct RowOrigin {
  RangeKey range;
  parse::LineSpan line;
};

}  // namespace chatload::spill
