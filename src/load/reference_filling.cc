#include "load/reference_filling.h"

#include <fmt/format.h>

#include <utility>

#include "base/errors.h"
#include "base/quantity.h"
#include "base/terminal_text.h"
#include "base/utf8.h"
#include "parse/cell_reader.h"

namespace chatload::load {
namespace {

constexpr std::size_t kShownBytesMax = 40;

std::string shown(std::string_view text) { return terminal_text(text, kShownBytesMax); }

}  // namespace

std::string name_of_data(const mapping::Lookup& lookup) {
  return lookup.file.empty() ? fmt::format("The query of the lookup '{}'", lookup.name) : lookup.file;
}

ReferenceFilling::ReferenceFilling(const mapping::Lookup& lookup, std::string place, std::size_t bytes_max)
    : lookup_(lookup),
      place_(std::move(place)),
      bytes_max_(bytes_max),
      table_(std::make_shared<mapping::ReferenceTable>(lookup.fields.size())) {}

void ReferenceFilling::add(Value key, std::span<const Value> values, std::uint64_t number) {
  if (!key) fail(number, fmt::format("the key `{}` is NULL", lookup_.key));
  require_utf8(key, number);
  for (const Value& value : values) require_utf8(value, number);
  table_->add(*key, values, number);
  if (table_->memory_bytes() <= bytes_max_) return;
  throw UsageError(fmt::format(
      "{}: with the lookup '{}', the data of lookups takes more than half of --memory. {} of it were left for "
      "this lookup, and its data up to {} {} takes more. Raise --memory, or load this data into a table of "
      "its own and join both in SQL.",
      name_of_data(lookup_), lookup_.name, format_size(bytes_max_), place_, format_count(number)));
}

void ReferenceFilling::fail(std::uint64_t number, std::string_view what) const {
  throw LoadError(fmt::format("{}: {}, in {} {}. Correct it, and run the same command again.", name_of_data(lookup_),
                              what, place_, format_count(number)));
}

void ReferenceFilling::require_utf8(Value value, std::uint64_t number) const {
  if (value && !is_utf8(*value)) fail(number, fmt::format("'{}' is not UTF-8", shown(*value)));
}

std::shared_ptr<const mapping::ReferenceTable> ReferenceFilling::complete(const std::vector<mapping::Column>& columns,
                                                                          std::size_t index) {
  if (const auto same = table_->complete()) {
    fail(table_->place(same->second),
         fmt::format("the key '{}' is there twice, first in {} {}", shown(table_->key(same->first)), place_,
                     format_count(table_->place(same->first))));
  }
  for (const mapping::Column& column : columns) {
    if (column.lookup && column.lookup->lookup == index) require_fits(column);
  }
  return table_;
}

void ReferenceFilling::require_fits(const mapping::Column& column) const {
  const mapping::Column taking = parse::taking_given_texts(column);
  parse::TextArena made;
  parse::Cell cell;
  for (std::size_t row = 0; row < table_->rows(); ++row) {
    made.clear();
    const Value value = table_->value(row, column.lookup->field);
    if (!value || !parse::read_reference_text(taking, *value, made, cell)) continue;
    fail(table_->place(row), fmt::format("'{}' does not fit the column '{}', which is {}", shown(*value), column.name,
                                         type_text(column.type)));
  }
}

}  // namespace chatload::load
