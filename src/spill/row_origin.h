// Where a row stood in the input.
#pragma once

#include "base/units.h"
#include "parse/row_batch.h"

namespace chatload::spill {

// Decides the order of rows with equal keys: range, then line.line_index.
struct RowOrigin {
  RangeNumber range;
  parse::LineSpan line;
};

}  // namespace chatload::spill
