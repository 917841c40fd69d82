#include "parse/cell_reader.h"

#include <algorithm>
#include <charconv>

#include "base/utf8.h"

namespace chatload::parse {
namespace {

bool is_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<RejectReason> read_text(const FieldMapping& field, std::string_view text, Cell& cell) {
  if (text.empty() && !field.may_be_empty) return RejectReason::kEmptyId;
  cell = Cell::text(text);
  return check_length(field.limits, text);
}

// text is -?[0-9]+ of any length.
std::optional<RejectReason> read_seconds(std::string_view text, Cell& cell) {
  if (text.starts_with('-')) return RejectReason::kTimestampOutOfRange;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || seconds < 1 || seconds > kTimestampSecondsMax) return RejectReason::kTimestampOutOfRange;
  cell = Cell::integer(seconds);
  return std::nullopt;
}

}  // namespace

std::optional<RejectReason> check_length(const FieldLimits& limits, std::string_view text) {
  if (text.size() > limits.bytes_max) return RejectReason::kTooLong;
  if (text.size() > limits.characters_max && count_characters(text) > limits.characters_max) {
    return RejectReason::kTooLong;
  }
  return std::nullopt;
}

std::optional<RejectReason> read_cell(const FieldMapping& field, const JsonValue& value, Cell& cell) {
  if (value.kind == JsonKind::kMissing) return RejectReason::kMissingField;
  if (value.kind == JsonKind::kNull) return RejectReason::kNullField;
  const bool is_string = value.kind == JsonKind::kString;
  switch (field.kind) {
    case FieldKind::kText:
      if (is_string) return read_text(field, value.text, cell);
      break;
    case FieldKind::kTextOrInteger:
      if (is_string) return read_text(field, value.text, cell);
      if (value.kind == JsonKind::kInteger) return read_text(field, value.text == "-0" ? "0" : value.text, cell);
      break;
    case FieldKind::kEpochSeconds:
      if (value.kind == JsonKind::kInteger) return read_seconds(value.text, cell);
      if (value.kind == JsonKind::kOtherNumber) return RejectReason::kBadTimestamp;
      if (is_string) return is_decimal(value.text) ? read_seconds(value.text, cell) : RejectReason::kBadTimestamp;
      break;
  }
  return RejectReason::kWrongType;
}

}  // namespace chatload::parse
