// A parsed range on its way through the writers, and what became of it.
#pragma once

#include <cstdint>
#include <exception>
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
  std::exception_ptr parse_failure;  // parsed and order are of no use then
  WriteResult result;
  // Called once by a writer thread when the job is committed or given up; from then on the job is not the writer's.
  std::function<void(WriteJob&)> done;
};

}  // namespace chatload::write
