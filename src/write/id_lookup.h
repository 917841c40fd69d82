// Which ids of some rows the table has, and which of them it calls equal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping.h"
#include "mysql/session.h"
#include "parse/row_batch.h"
#include "write/statement_builder.h"

namespace chatload::write {

// Ids as the table spells them.
using Ids = std::set<std::string, std::less<>>;

// What the table says of one of the rows that were asked for.
struct IdMatch {
  std::size_t first = 0;             // the place, among those rows, of the first one whose id it calls equal
  std::optional<std::string> there;  // the equal id that it has, as it spells it
};

// Makes the statements that ask. Pure; single-threaded.
class IdLookup {
 public:
  // MariaDB makes a join of a list of 1,000 (in_predicate_conversion_threshold).
  static constexpr std::size_t kRowsMax = 500;

  // key_is_bytes: no two ids are equal but those of the same bytes. REQUIRES: the key is one text.
  IdLookup(const mapping::Mapping& mapping, std::string_view key_index, mysql::Server server, bool key_is_bytes);

  // Replaces sql by a query for those ids that are there of rows order[0], order[1], … as far as the limits allow, and
  // returns how many rows those are: at least one, or none where the first alone is longer than bytes_max. Locks
  // nothing. REQUIRES: order is not empty; limits.rows_max is kRowsMax at most.
  [[nodiscard]] std::size_t find(const parse::RowBatch& rows, std::span<const std::uint32_t> order,
                                 StatementLimits limits, std::string& sql) const;

  // The same by a query for an IdMatch of each row, compared as the key compares, and what its result says. Nothing
  // where the key's character set lacks one of the ids.
  [[nodiscard]] std::size_t match(const parse::RowBatch& rows, std::span<const std::uint32_t> order,
                                  StatementLimits limits, std::string& sql) const;
  [[nodiscard]] std::optional<std::vector<IdMatch>> matches(const parse::RowBatch& rows,
                                                            std::span<const std::uint32_t> order,
                                                            std::span<const mysql::Row> result) const;

  // What the result of find() or hold() says.
  [[nodiscard]] static Ids ids_of(std::span<const mysql::Row> result);

  // Replaces sql by a query for those of the ids that are still there; their rows stay until the transaction ends.
  void hold(const Ids& ids, std::string& sql) const;

 private:
  template <typename Append>
  std::size_t build(const parse::RowBatch& rows, std::span<const std::uint32_t> order, StatementLimits limits,
                    std::string_view tail, std::string& sql, Append append) const;

  std::size_t key_column_;
  bool key_is_bytes_;
  std::string head_;
  std::string match_head_, match_row_, match_tail_;
};

}  // namespace chatload::write
