// A JSON value → a column's cell, or why it cannot be one.
#pragma once

#include <optional>
#include <string_view>

#include "mapping/mapping.h"
#include "parse/line_walker.h"
#include "parse/outcome.h"
#include "parse/row_batch.h"

namespace chatload::parse {

// Sets `cell`, or returns the first reason that applies: wrong type, empty, too long, bad, out of range. The cell
// borrows the value's text, or what is made of it and stored in `made`. REQUIRES: the value is neither missing nor
// null.
[[nodiscard]] std::optional<RejectReason> read_cell(const mapping::Column& column, const JsonValue& value,
                                                    TextArena& made, Cell& cell);

// Whether the column can hold its own DEFAULT.
[[nodiscard]] bool default_fits(const mapping::Column& column);

// The part of read_cell about what the column can hold.
[[nodiscard]] std::optional<RejectReason> check_length(const mapping::SqlType& type, std::string_view text);

}  // namespace chatload::parse
