#include "mapping/reference_text.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>

namespace chatload::mapping {

void ReferenceText::add(std::string_view part) {
  if (is_damaged_) return;
  rest_ += part;
  std::string_view text = rest_;
  while (!text.empty() && take_row(text)) {
  }
  rest_.erase(0, rest_.size() - text.size());
}

// False, and the text as it was, where the row is not whole.
bool ReferenceText::take_row(std::string_view& text) {
  std::string_view row = text;
  ReferenceTable::Value key;
  if (!take_cell(row, key)) return false;
  is_damaged_ = is_damaged_ || !key;
  values_.clear();
  for (std::size_t field = 0; field < fields_; ++field) {
    ReferenceTable::Value value;
    if (!take_cell(row, value)) return false;
    values_.push_back(value);
  }
  if (is_damaged_) return false;
  take_row_(*key, values_);
  text = row;
  return true;
}

bool ReferenceText::take_cell(std::string_view& text, ReferenceTable::Value& cell) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view length = text.substr(0, colon);
  std::uint32_t bytes = 0;
  if (length != "-") {
    const auto [end, error] = std::from_chars(length.begin(), length.end(), bytes);
    is_damaged_ = is_damaged_ || error != std::errc() || end != length.end();
  }
  const std::string_view rest = text.substr(colon + 1);
  if (is_damaged_ || rest.size() < bytes) return false;
  cell = length == "-" ? std::nullopt : std::optional(rest.substr(0, bytes));
  text = rest.substr(bytes);
  return true;
}

}  // namespace chatload::mapping
