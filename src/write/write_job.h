// A parsed range on its way through the writers, and what became of it.
#pragma once

#include <cstdint>
#include <functional>

#include "base/units.h"
#include "parse/row_batch.h"
#include "write/write_order.h"

namespace chatload::write {

struct WriteResult {
  bool committed = false;  // the range's transaction is in the table; the counts below hold only then
  std::uint64_t inserted = 0;
  std::uint64_t updated = 0;
  std::uint64_t duplicate = 0;
};

// Move-only, reused from range to range. `parsed` owns what `order` refers to.
struct WriteJob {
  parse::ParsedRange parsed;
  LineNumber first_line;  // of the range, in the file
  WriteOrder order;
  WriteResult result;
  std::function<void(WriteJob&)> done;  // called by a writer thread once the job is committed or given up
};

}  // namespace chatload::write
