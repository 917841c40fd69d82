// A lookup's reference table while it is filled: what is wrong with a row is said with its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping.h"

namespace chatload::load {

// Single-threaded; borrows the lookup.
class ReferenceFilling {
 public:
  using Value = mapping::ReferenceTable::Value;

  // place: what a row's number counts, such as "line". bytes_max: that the table may take.
  ReferenceFilling(const mapping::Lookup& lookup, std::string place, std::size_t bytes_max);

  // Throws LoadError for a row that cannot be taken, and UsageError where the table takes too much.
  void add(Value key, std::span<const Value> values, std::uint64_t number);

  // what: half a sentence about the row of that number.
  [[noreturn]] void fail(std::uint64_t number, std::string_view what) const;

  // Throws LoadError where a key is there twice, or a value does not fit a column that takes it. columns: of the
  // mapping, which has the lookup at `index`.
  [[nodiscard]] std::shared_ptr<const mapping::ReferenceTable> complete(const std::vector<mapping::Column>& columns,
                                                                        std::size_t index);

 private:
  void require_utf8(Value value, std::uint64_t number) const;
  void require_fits(const mapping::Column& column) const;

  const mapping::Lookup& lookup_;
  const std::string place_;
  const std::size_t bytes_max_;
  const std::shared_ptr<mapping::ReferenceTable> table_;
};

// How messages call the lookup's data: "regions.csv", "The query of the lookup 'sites'".
[[nodiscard]] std::string name_of_data(const mapping::Lookup& lookup);

}  // namespace chatload::load
