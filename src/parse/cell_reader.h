// A JSON value → a column's cell, or why it cannot be one.
#pragma once

#include <optional>

#include "parse/line_walker.h"
#include "parse/mapping.h"
#include "parse/outcome.h"
#include "parse/row_batch.h"

namespace chatload::parse {

// The last second that MySQL's TIMESTAMP holds, 2038-01-19 03:14:07 UTC; the first is 1 (the MySQL manual, "The DATE,
// DATETIME, and TIMESTAMP Types").
inline constexpr std::int64_t kTimestampSecondsMax = 2'147'483'647;

// Sets `cell`, or returns the first reason that applies: missing, null, wrong type, empty, too long, bad, out of range.
// The cell borrows the value's text.
[[nodiscard]] std::optional<RejectReason> read_cell(const FieldMapping& field, const JsonValue& value, Cell& cell);

// The part of read_cell about what the column can hold.
[[nodiscard]] std::optional<RejectReason> check_length(const FieldLimits& limits, std::string_view text);

}  // namespace chatload::parse
