#include "parse/row_filter.h"

#include <algorithm>
#include <chrono>
#include <compare>
#include <utility>

#include "base/number_text.h"

namespace chatload::parse {
namespace {

bool any_of(std::span<const std::string> values, std::string_view text) {
  return std::find(values.begin(), values.end(), text) != values.end();
}

auto condition_on(auto& conditions, std::string_view column) {
  return std::find_if(conditions.begin(), conditions.end(), [&](const auto& one) { return one.column == column; });
}

bool holds(const mapping::Bound& bound, const Cell& cell) {
  using Kind = mapping::Bound::Kind;
  const bool is_null = cell.kind() == CellKind::kNull;
  if (bound.kind == Kind::kIsNull || bound.kind == Kind::kIsNotNull) return is_null == (bound.kind == Kind::kIsNull);
  if (is_null) return false;
  if (bound.kind == Kind::kNotIn) return !any_of(bound.values, cell.as_text());
  const auto order = cell.kind() == CellKind::kTime ? cell.as_microseconds() <=> bound.microseconds
                                                    : compare_numbers(cell.as_text(), bound.values.front()) <=> 0;
  switch (bound.kind) {
    case Kind::kAbove: return order > 0;
    case Kind::kBelow: return order < 0;
    case Kind::kAtLeast: return order >= 0;
    default: return order <= 0;
  }
}

}  // namespace

std::span<const std::string> RowFilter::values_of(std::string_view column) const {
  const auto condition = condition_on(only, column);
  if (condition == only.end()) return {};
  return condition->values;
}

void RowFilter::set_values(std::string_view column, std::vector<std::string> values) {
  const auto condition = condition_on(only, column);
  if (condition != only.end()) only.erase(condition);
  if (!values.empty()) only.push_back({std::string(column), std::move(values)});
}

RowFilter filter_of(const mapping::Mapping& mapping) { return {.only = mapping.only, .bounds = mapping.bounds}; }

RowFilter bounds_of(const mapping::Mapping& mapping) { return {.only = {}, .bounds = mapping.bounds}; }

RowSieve::RowSieve(const mapping::Mapping& mapping, const RowFilter& filter)
    : time_(mapping.time.value_or(0)),
      has_times_(mapping.time && filter.has_times()),
      since_seconds_(filter.since_seconds),
      until_seconds_(filter.until_seconds) {
  const auto conditions_on = [&](std::size_t column) -> Conditions& { return column == mapping.kind ? kind_ : rest_; };
  for (const mapping::Condition& condition : filter.only) {
    const std::size_t column = mapping.column_of(condition.column).value();
    conditions_on(column).accepted.push_back({column, condition.values});
  }
  for (const mapping::Bound& bound : filter.bounds) {
    const std::size_t column = mapping.column_of(bound.column).value();
    conditions_on(column).bounds.push_back({column, bound});
  }
}

// As in SQL, NULL is neither one of some values nor behind some time.
bool RowSieve::passes_rest(std::span<const Cell> row) const {
  if (has_times_) {
    if (row[time_].kind() != CellKind::kTime) return false;
    const std::chrono::microseconds time(row[time_].as_microseconds());
    const std::int64_t seconds = std::chrono::floor<std::chrono::seconds>(time).count();
    if (seconds < since_seconds_ || seconds >= until_seconds_) return false;
  }
  return rest_.passes(row);
}

bool RowSieve::Conditions::passes(std::span<const Cell> row) const {
  for (const Accepted& one : accepted) {
    const Cell& cell = row[one.column];
    if (!cell.is_borrowed() || !any_of(one.values, cell.as_text())) return false;
  }
  for (const Bounded& one : bounds) {
    if (!holds(one.bound, row[one.column])) return false;
  }
  return true;
}

}  // namespace chatload::parse
