// The text that ReferenceTable::write_text() makes, read back row by row.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mapping/reference_table.h"

namespace chatload::mapping {

// Single-threaded.
class ReferenceText {
 public:
  using TakeRow = std::function<void(std::string_view key, std::span<const ReferenceTable::Value> values)>;

  // fields: of a row, beside its key. take_row is called with each row, whose texts are gone after the call.
  ReferenceText(std::size_t fields, TakeRow take_row) : fields_(fields), take_row_(std::move(take_row)) {}

  // The next part of the text, wherever it was cut.
  void add(std::string_view part);

  // Whether all that was added are whole rows. Of damaged text it is false at the end, or its rows have another digest.
  [[nodiscard]] bool is_whole() const { return !is_damaged_ && rest_.empty(); }

 private:
  [[nodiscard]] bool take_row(std::string_view& text);
  [[nodiscard]] bool take_cell(std::string_view& text, ReferenceTable::Value& cell);

  const std::size_t fields_;
  const TakeRow take_row_;
  std::string rest_;  // of the last row, which is not whole yet
  std::vector<ReferenceTable::Value> values_;
  bool is_damaged_ = false;
};

}  // namespace chatload::mapping
