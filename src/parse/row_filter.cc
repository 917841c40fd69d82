#include "parse/row_filter.h"

#include <algorithm>
#include <chrono>
#include <compare>
#include <utility>

#include "base/number_text.h"

namespace chatload::parse {
namespace {

bool any_of(std::span<const std::string> accepted, std::string_view text) {
  return accepted.empty() || std::find(accepted.begin(), accepted.end(), text) != accepted.end();
}

auto condition_on(auto& conditions, std::string_view column) {
  return std::find_if(conditions.begin(), conditions.end(), [&](const auto& one) { return one.column == column; });
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
  for (const mapping::Condition& condition : filter.only) {
    const std::size_t column = mapping.column_of(condition.column).value();
    if (column == mapping.kind) {
      kinds_ = condition.values;
    } else {
      accepted_.push_back({column, condition.values});
    }
  }
  for (const mapping::Bound& bound : filter.bounds) bounds_.push_back({mapping.column_of(bound.column).value(), bound});
}

bool RowSieve::passes_kind(std::string_view kind) const { return any_of(kinds_, kind); }

// As in SQL, NULL is neither one of some values nor behind some time.
bool RowSieve::passes_rest(std::span<const Cell> row) const {
  if (has_times_) {
    if (row[time_].kind() != CellKind::kTime) return false;
    const std::chrono::microseconds time(row[time_].as_microseconds());
    const std::int64_t seconds = std::chrono::floor<std::chrono::seconds>(time).count();
    if (seconds < since_seconds_ || seconds >= until_seconds_) return false;
  }
  return std::all_of(accepted_.begin(), accepted_.end(),
                     [&](const Accepted& one) {
                       return row[one.column].is_borrowed() && any_of(one.values, row[one.column].as_text());
                     }) &&
         std::all_of(bounds_.begin(), bounds_.end(),
                     [&](const Bounded& one) { return passes(one.bound, row[one.column]); });
}

bool RowSieve::passes(const mapping::Bound& bound, const Cell& cell) {
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

}  // namespace chatload::parse
