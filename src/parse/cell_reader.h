// A JSON value → a column's cell, or why it cannot be one.
#pragma once

#include <cstdint>
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

// Whether the value is a text that stands for NULL in the column.
[[nodiscard]] bool is_null_text(const mapping::Column& column, const JsonValue& value);

// The same of a value that is missing, where the column's own DEFAULT, or NULL, may stand for it, and of null.
[[nodiscard]] std::optional<RejectReason> read_missing(const mapping::Column& column, TextArena& made, Cell& cell);
[[nodiscard]] std::optional<RejectReason> read_null(const mapping::Column& column, Cell& cell);

// The column as it takes texts that no record has, but the mapping or its reference data: of any JSON type.
[[nodiscard]] mapping::Column taking_given_texts(mapping::Column column);

// Sets `cell` to what the column makes of such a text, or returns the reason. The cell borrows the text or `made`.
// REQUIRES: the column is taking_given_texts() of one.
[[nodiscard]] std::optional<RejectReason> read_given_text(const mapping::Column& column, std::string_view text,
                                                          TextArena& made, Cell& cell);
// The same of reference data, where `true` and `false` are values of a BOOLEAN.
[[nodiscard]] std::optional<RejectReason> read_reference_text(const mapping::Column& column, std::string_view text,
                                                              TextArena& made, Cell& cell);
[[nodiscard]] bool holds_text(const mapping::Column& column, std::string_view text);

// The time as a column of that type has it, which leaves out what is less than its last digit.
[[nodiscard]] std::int64_t rounded_down(const mapping::SqlType& type, std::int64_t microseconds);

// The part of read_cell about what the column can hold.
[[nodiscard]] std::optional<RejectReason> check_length(const mapping::SqlType& type, std::string_view text);

}  // namespace chatload::parse
