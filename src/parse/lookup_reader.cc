#include "parse/lookup_reader.h"

#include <cassert>
#include <cstddef>

#include "parse/cell_reader.h"

namespace chatload::parse {
namespace {

using mapping::Column;
using mapping::LookupMissing;

using Fault = std::optional<RejectReason>;

}  // namespace

LookupReader::LookupReader(const mapping::Mapping& mapping) : mapping_(mapping) {
  if (mapping.lookups.empty()) return;
  for (const Column& column : mapping.columns) columns_.push_back(taking_given_texts(column));
}

Fault LookupReader::read(std::size_t index, const JsonValue& value, TextArena& made, Cell& cell) {
  const Column& column = mapping_.columns[index];
  if (value.kind != JsonKind::kString && value.kind != JsonKind::kInteger) return RejectReason::kWrongType;
  if (is_null_text(column, value)) return read_null(column, cell);
  const mapping::Lookup& lookup = mapping_.lookups[column.lookup->lookup];
  assert(lookup.table);
  const std::optional<std::size_t> row = lookup.table->find(value.text);
  if (!row) {
    if (lookup.missing == LookupMissing::kReject) return RejectReason::kLookupMissing;
    if (lookup.missing == LookupMissing::kNull) return read_null(column, cell);
    is_filtered_ = true;
    cell = Cell();
    return std::nullopt;
  }
  const mapping::ReferenceTable::Value found = lookup.table->value(*row, column.lookup->field);
  return found ? read_reference_text(columns_[index], *found, made, cell) : read_null(column, cell);
}

}  // namespace chatload::parse
