#include "mapping/condition_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/json_scalar.h"

namespace chatload::mapping {
namespace {

constexpr std::array<std::pair<std::string_view, Bound::Kind>, 4> kOrderings{{{"above", Bound::Kind::kAbove},
                                                                              {"below", Bound::Kind::kBelow},
                                                                              {"at_least", Bound::Kind::kAtLeast},
                                                                              {"at_most", Bound::Kind::kAtMost}}};

}  // namespace

void ConditionReader::read(const toml::node& node) {
  for (const toml::table* table : tables_of(node, "only")) {
    require_known(*table, {"column", "in", "not_in", "above", "below", "at_least", "at_most", "is_null"},
                  " of a condition");
    const toml::node& name = required(*table, "column", "the condition");
    const Column& column = mapping_.columns[index_of(mapping_, name)];
    if (column.name.find('=') != std::string::npos) fail(name, "a column with '=' in its name cannot be compared");
    if (table->size() == 1)
      fail(*table,
           "the condition says nothing of its column: there are in, not_in, above, "
           "below, at_least, at_most, is_null");
    if (const toml::node* values = table->get("in")) {
      const auto is_this = [&](const Condition& one) { return one.column == column.name; };
      if (std::any_of(mapping_.only.begin(), mapping_.only.end(), is_this)) {
        fail(name, fmt::format("there is a condition on '{}' already; list all its values in one", column.name));
      }
      mapping_.only.push_back({column.name, compared_values(*values, name, column)});
    }
    if (const toml::node* values = table->get("not_in")) {
      mapping_.bounds.push_back({column.name, Bound::Kind::kNotIn, compared_values(*values, name, column)});
    }
    for (const auto& [key, kind] : kOrderings) {
      if (const toml::node* value = table->get(key)) mapping_.bounds.push_back(bound_of(*value, kind, column));
    }
    if (const toml::node* is_null = table->get("is_null")) {
      if (!column.type.is_nullable || column.is_required) {
        fail(*is_null, fmt::format("the column '{}' cannot be NULL", column.name));
      }
      mapping_.bounds.push_back({column.name, truth_of(*is_null) ? Bound::Kind::kIsNull : Bound::Kind::kIsNotNull, {}});
    }
  }
}

std::vector<std::string> ConditionReader::compared_values(const toml::node& node, const toml::node& name,
                                                          const Column& column) const {
  if (!column.type.is_comparable()) {
    fail(name,
         fmt::format("a condition compares texts and numbers, and '{}' is {}", column.name, type_text(column.type)));
  }
  std::vector<std::string> values;
  for (const toml::node* value : some(node)) {
    const std::optional<std::string> compared = compared_value(column, text_of(*value));
    if (!compared) {
      fail(*value, fmt::format("{} is never '{}'; it is {}", type_text(column.type), text_of(*value),
                               possible_values(column.type)));
    }
    values.push_back(*compared);
  }
  return values;
}

Bound ConditionReader::bound_of(const toml::node& node, Bound::Kind kind, const Column& column) const {
  Bound bound{column.name, kind, {}};
  if (column.type.is_time()) {
    const TimeRead of_day = read_time(*time_format("%Y-%m-%d"), text_of(node));
    const TimeRead time = of_day.fault == TimeFault::kNone ? of_day : read_time(*time_format("rfc3339"), text_of(node));
    if (time.fault != TimeFault::kNone) {
      fail(node, "a time is needed here, such as '2024-05-01T12:00:00Z' or '2024-05-01'");
    }
    bound.values = {text_of(node)};
    bound.microseconds = time.microseconds;
    return bound;
  }
  const bool is_number = column.type.kind == TypeKind::kInteger || column.type.kind == TypeKind::kDecimal ||
                         column.type.kind == TypeKind::kFloating;
  if (!is_number) {
    fail(node, fmt::format("only numbers and times are in an order here, and '{}' is {}", column.name,
                           type_text(column.type)));
  }
  const std::string number = number_or_text_of(node);
  if (number.empty() || scan_number(number).size_bytes != number.size()) fail(node, "a number is needed here");
  bound.values = {number};
  return bound;
}

}  // namespace chatload::mapping
