// A record's value → what a lookup has for it.
#pragma once

#include <optional>
#include <vector>

#include "mapping/mapping.h"
#include "parse/line_walker.h"
#include "parse/outcome.h"
#include "parse/row_batch.h"

namespace chatload::parse {

// Single-threaded. Borrows the mapping, whose lookups are read; cells borrow from those.
class LookupReader {
 public:
  explicit LookupReader(const mapping::Mapping& mapping);

  // A record begins.
  void begin() { is_filtered_ = false; }

  // Sets the cell, or returns the reason. REQUIRES: the column is looked up, and the value neither missing nor null.
  [[nodiscard]] std::optional<RejectReason> read(std::size_t column, const JsonValue& value, TextArena& made,
                                                 Cell& cell);

  // Whether a lookup that filters has no row for a value of the record.
  [[nodiscard]] bool is_filtered() const { return is_filtered_; }

 private:
  const mapping::Mapping& mapping_;
  std::vector<mapping::Column> columns_;  // as they take texts
  bool is_filtered_ = false;
};

}  // namespace chatload::parse
