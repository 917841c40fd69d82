// Which ids of some rows the table has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>

#include "parse/mapping.h"
#include "parse/row_batch.h"
#include "write/statement_builder.h"

namespace chatload::write {

// Ids as the table spells them.
using Ids = std::set<std::string, std::less<>>;

// Makes the statements that ask. Pure; single-threaded.
class IdLookup {
 public:
  // MariaDB makes a join of a list of 1,000 (in_predicate_conversion_threshold).
  static constexpr std::size_t kRowsMax = 500;

  explicit IdLookup(const parse::Mapping& mapping);

  // Replaces sql by a query for those ids that are there of rows order[0], order[1], … as far as the limits allow, and
  // returns how many rows those are: at least one, or none where the first alone is longer than bytes_max. Locks
  // nothing. REQUIRES: order is not empty; limits.rows_max is kRowsMax at most.
  [[nodiscard]] std::size_t find(const parse::RowBatch& rows, std::span<const std::uint32_t> order,
                                 StatementLimits limits, std::string& sql) const;

  // Replaces sql by a query for those of the ids that are still there; their rows stay until the transaction ends.
  void hold(const Ids& ids, std::string& sql) const;

 private:
  std::size_t key_column_;
  std::string head_;
};

}  // namespace chatload::write
