// Which valid records are loaded; the others are counted as filtered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping.h"
#include "parse/row_batch.h"

namespace chatload::parse {

// A record passes if it passes each of these.
struct RowFilter {
  std::vector<mapping::Condition> only;     // columns of the mapping, each once
  std::vector<mapping::Bound> bounds = {};  // of columns of the mapping
  std::int64_t since_seconds = INT64_MIN;   // inclusive, epoch seconds; for mappings that name a time
  std::int64_t until_seconds = INT64_MAX;   // exclusive

  // The values that a column may have; empty: any.
  [[nodiscard]] std::span<const std::string> values_of(std::string_view column) const;
  // Instead of what there is for the column; none: any.
  void set_values(std::string_view column, std::vector<std::string> values);

  [[nodiscard]] bool has_times() const { return since_seconds != INT64_MIN || until_seconds != INT64_MAX; }
};

// What the mapping says, and no times; what no flag says instead.
[[nodiscard]] RowFilter filter_of(const mapping::Mapping& mapping);
[[nodiscard]] RowFilter bounds_of(const mapping::Mapping& mapping);

// A filter for the rows of a mapping. Immutable.
class RowSieve {
 public:
  // REQUIRES: each column of the filter is one of the mapping's.
  RowSieve(const mapping::Mapping& mapping, const RowFilter& filter);

  // By its kind alone, the only cell of the row that is known then.
  [[nodiscard]] bool passes_kind(std::span<const Cell> row) const { return kind_.passes(row); }
  [[nodiscard]] bool passes_rest(std::span<const Cell> row) const;

 private:
  struct Conditions {
    struct Accepted {
      std::size_t column;
      std::vector<std::string> values;
    };
    struct Bounded {
      std::size_t column;
      mapping::Bound bound;
    };

    [[nodiscard]] bool passes(std::span<const Cell> row) const;

    std::vector<Accepted> accepted;
    std::vector<Bounded> bounds;
  };

  Conditions kind_;
  Conditions rest_;
  std::size_t time_ = 0;  // the column, where has_times_
  bool has_times_ = false;
  std::int64_t since_seconds_;
  std::int64_t until_seconds_;
};

}  // namespace chatload::parse
