// The key of one row, as the ledger keeps it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mapping/mapping.h"
#include "parse/row_batch.h"

namespace chatload::ledger {

// Says each column's name and value. Nothing where the mapping has no key, or one of floating-point numbers, of which
// not each is found again by its digits.
[[nodiscard]] std::optional<std::string> witness_of(const mapping::Mapping& mapping, std::span<const parse::Cell> row);

// The same of an id, where the key is one text.
[[nodiscard]] std::string witness_of_id(const mapping::Mapping& mapping, std::string_view id);

// The condition of SQL that the row of that key fulfils. `id_column`: in which a witness of an older chatload is looked
// up, which is an id and nothing else; empty: the table has no such column. FALSE where that is so, or the witness is
// not what witness_of() makes.
[[nodiscard]] std::string witness_condition(std::string_view witness, std::string_view id_column);

}  // namespace chatload::ledger
