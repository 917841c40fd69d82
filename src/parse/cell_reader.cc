// Numbers reach the server as the digits that they are written with, and it makes of them what it makes of the literal:
// so what is checked here is whether that is the same number.
#include "parse/cell_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "base/hex.h"
#include "base/json_scalar.h"
#include "base/json_text.h"
#include "base/lower.h"
#include "base/number_text.h"
#include "base/utf8.h"

namespace chatload::parse {
namespace {

using mapping::Column;
using mapping::SqlType;
using mapping::TimeFault;
using mapping::TimeFormat;
using mapping::TypeKind;

using Fault = std::optional<RejectReason>;

constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
constexpr std::int64_t kMicrosecondsPerDay = 86'400 * kMicrosecondsPerSecond;
// What MySQL's TIMESTAMP and DATETIME hold (the MySQL manual, "The DATE, DATETIME, and TIMESTAMP Types"): from
// 1970-01-01 00:00:01 to 2038-01-19 03:14:07 UTC, and from 1000-01-01 to 9999-12-31 23:59:59.999999.
constexpr std::int64_t kTimestampMin = kMicrosecondsPerSecond;
constexpr std::int64_t kTimestampMax = 2'147'483'647 * kMicrosecondsPerSecond;
constexpr std::int64_t kDateTimeMin = -30'610'224'000 * kMicrosecondsPerSecond;
constexpr std::int64_t kDateTimeMax = 253'402'300'800 * kMicrosecondsPerSecond - 1;

bool is_number(std::string_view text) { return !text.empty() && scan_number(text).size_bytes == text.size(); }

// A fixed length is made by spaces or zero bytes, which come back as none, or as a part of the value.
Fault read_text(const Column& column, std::string_view text, Cell& cell) {
  cell = Cell::text(text);
  if (text.empty() && !column.may_be_empty) return RejectReason::kEmptyId;
  if (const Fault fault = check_length(column.type, text)) return fault;
  const bool is_kept =
      !column.type.is_fixed || (column.type.is_text() ? !text.ends_with(' ') : text.size() == column.type.bytes_max);
  return is_kept ? std::nullopt : Fault(RejectReason::kBadEncoding);
}

// Of a time column.
std::int64_t step_of(const SqlType& type) {
  if (type.kind == TypeKind::kDate) return kMicrosecondsPerDay;
  std::int64_t step = kMicrosecondsPerSecond;
  for (unsigned digit = 0; digit < type.fraction_digits; ++digit) step /= 10;
  return step;
}

// unit: of an epoch; else 0.
Fault take_time(const SqlType& type, mapping::TimeRead read, std::int64_t unit, Cell& cell) {
  switch (read.fault) {
    case TimeFault::kNone: break;
    case TimeFault::kBad: return RejectReason::kBadTimestamp;
    case TimeFault::kOutOfRange: return RejectReason::kTimestampOutOfRange;
    case TimeFault::kTooPrecise: return RejectReason::kTooPrecise;
  }
  const bool is_timestamp = type.kind == TypeKind::kTimestamp;
  if (read.microseconds < (is_timestamp ? kTimestampMin : kDateTimeMin) ||
      read.microseconds > (is_timestamp ? kTimestampMax : kDateTimeMax)) {
    return RejectReason::kTimestampOutOfRange;
  }
  const bool is_whole = unit == kMicrosecondsPerSecond && type.kind != TypeKind::kDate;
  if (!is_whole && read.microseconds % step_of(type) != 0) return RejectReason::kTooPrecise;
  cell = Cell::time(read.microseconds);
  return std::nullopt;
}

// By the first format whose time the column holds; else what the first that reads it at all says.
Fault read_time(const Column& column, const JsonValue& value, Cell& cell) {
  const bool is_string = value.kind == JsonKind::kString;
  if (value.kind == JsonKind::kOtherNumber) return RejectReason::kBadTimestamp;
  Fault first;
  for (const TimeFormat& format : column.times) {
    const bool is_epoch = format.kind == mapping::TimeKind::kEpoch;
    const bool may_be_epoch = !is_string || (column.takes_epoch_texts && mapping::is_digits(value.text));
    if (is_epoch ? !may_be_epoch : !is_string) continue;
    const mapping::TimeRead read =
        is_epoch ? mapping::read_epoch(format, value.text) : mapping::read_time(format, value.text);
    if (read.fault == TimeFault::kBad) continue;
    const Fault fault = take_time(column.type, read, format.unit_microseconds, cell);
    if (!fault) return std::nullopt;
    if (!first) first = fault;
  }
  return first ? first : RejectReason::kBadTimestamp;
}

Fault read_integer(const SqlType& type, std::string_view digits, Cell& cell) {
  if (!mapping::is_digits(digits)) return RejectReason::kBadNumber;
  if (digits == "-0") digits.remove_prefix(1);
  cell = Cell::text(digits);
  return mapping::is_within(type, digits) ? std::nullopt : Fault(RejectReason::kOutOfRange);
}

Fault read_decimal(const SqlType& type, std::string_view number, Cell& cell) {
  if (!is_number(number)) return RejectReason::kBadNumber;
  cell = Cell::text(number);
  const std::optional<DigitPlaces> places = digit_places(number);
  if (!places) return std::nullopt;
  if (type.is_unsigned && number.starts_with('-')) return RejectReason::kOutOfRange;
  const auto fraction_digits = static_cast<std::int64_t>(type.fraction_digits);
  if (places->first > static_cast<std::int64_t>(type.digits) - fraction_digits) return RejectReason::kOutOfRange;
  if (1 - places->last > fraction_digits) return RejectReason::kTooPrecise;
  return std::nullopt;
}

Fault read_floating(const SqlType& type, std::string_view number, Cell& cell) {
  if (!is_number(number)) return RejectReason::kBadNumber;
  cell = Cell::text(number);
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc{} || (type.is_unsigned && value < 0)) return RejectReason::kOutOfRange;
  if (type.name != "FLOAT") return std::nullopt;
  const bool is_too_large = std::abs(value) > static_cast<double>(std::numeric_limits<float>::max());
  const bool fits = !is_too_large && (value == 0 || static_cast<float>(value) != 0);
  return fits ? std::nullopt : Fault(RejectReason::kOutOfRange);
}

Fault read_boolean(const JsonValue& value, Cell& cell) {
  if (value.kind == JsonKind::kBoolean) {
    cell = Cell::text(value.text == "true" ? "1" : "0");
    return std::nullopt;
  }
  if (value.text != "0" && value.text != "1") return RejectReason::kOutOfRange;
  cell = Cell::text(value.text);
  return std::nullopt;
}

Fault read_member(const SqlType& type, std::string_view text, Cell& cell) {
  if (std::find(type.members.begin(), type.members.end(), text) == type.members.end()) {
    return RejectReason::kNotAMember;
  }
  cell = Cell::text(text);
  return std::nullopt;
}

Fault read_set(const SqlType& type, std::string_view text, Cell& cell) {
  cell = Cell::text(text);
  return mapping::is_set_value(type, text) ? std::nullopt : Fault(RejectReason::kNotAMember);
}

Fault read_json(const JsonValue& value, TextArena& made, Cell& cell) {
  if (value.kind == JsonKind::kString && !value.is_unescaped) {
    cell = Cell::text({value.text.data() - 1, value.text.size() + 2});  // with its quotes
    return std::nullopt;
  }
  if (value.kind == JsonKind::kString) {
    std::string json;
    append_json_string(json, value.text);
    cell = Cell::text(made.store(json));
    return std::nullopt;
  }
  if (has_huge_integer(value.text)) return RejectReason::kTooPrecise;
  cell = Cell::text(value.text);
  return std::nullopt;
}

std::optional<std::string> from_uuid(std::string_view text) {
  if (!mapping::is_uuid(text)) return std::nullopt;
  std::string digits(text);
  std::erase(digits, '-');
  return from_hex(digits);
}

// In the form in which the server gives it back.
Fault read_uuid(std::string_view text, TextArena& made, Cell& cell) {
  if (!mapping::is_uuid(text)) return RejectReason::kBadEncoding;
  cell = Cell::text(made.store(lower(text)));
  return std::nullopt;
}

// RFC 4648 §4, with its padding.
std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count);
    bits &= (1U << count) - 1;
  }
  if (bits != 0) return std::nullopt;  // what is left over of the last digit
  return bytes;
}

Fault read_bytes(const Column& column, std::string_view text, TextArena& made, Cell& cell) {
  if (column.decode == mapping::Decode::kNone) return read_text(column, text, cell);
  const std::optional<std::string> bytes = column.decode == mapping::Decode::kHex    ? from_hex(text)
                                           : column.decode == mapping::Decode::kUuid ? from_uuid(text)
                                                                                     : from_base64(text);
  if (!bytes) return RejectReason::kBadEncoding;
  const Fault fault = read_text(column, *bytes, cell);
  cell = Cell::bytes(made.store(*bytes));
  return fault;
}

// As a bit of mapping::JsonKinds.
std::uint8_t bit_of(JsonKind kind) {
  switch (kind) {
    case JsonKind::kString: return mapping::kStrings;
    case JsonKind::kInteger: return mapping::kIntegers;
    case JsonKind::kOtherNumber: return mapping::kNumbers;
    case JsonKind::kBoolean: return mapping::kBooleans;
    case JsonKind::kObject:
    case JsonKind::kArray: return mapping::kContainers;
    case JsonKind::kMissing:
    case JsonKind::kNull: break;
  }
  return 0;
}

}  // namespace

Fault check_length(const SqlType& type, std::string_view text) {
  if (text.size() > type.bytes_max) return RejectReason::kTooLong;
  if (text.size() > type.characters_max && count_characters(text) > type.characters_max) return RejectReason::kTooLong;
  return std::nullopt;
}

Fault read_cell(const Column& column, const JsonValue& value, TextArena& made, Cell& cell) {
  const bool is_string = value.kind == JsonKind::kString;
  if (is_null_text(column, value)) return read_null(column, cell);
  const SqlType& type = column.type;
  // A time that no format describes is a bad one, where a number was to say it.
  const bool is_bad_time =
      type.is_time() && value.kind == JsonKind::kOtherNumber && (column.accepts & mapping::kIntegers) != 0;
  if ((column.accepts & bit_of(value.kind)) == 0 && !is_bad_time) return RejectReason::kWrongType;
  switch (type.kind) {
    case TypeKind::kText: return read_text(column, value.text == "-0" && !is_string ? "0" : value.text, cell);
    case TypeKind::kInteger: return read_integer(type, value.text, cell);
    case TypeKind::kDecimal: return read_decimal(type, value.text, cell);
    case TypeKind::kFloating: return read_floating(type, value.text, cell);
    case TypeKind::kBoolean: return read_boolean(value, cell);
    case TypeKind::kDate:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp: return read_time(column, value, cell);
    case TypeKind::kJson: return read_json(value, made, cell);
    case TypeKind::kEnum: return read_member(type, value.text, cell);
    case TypeKind::kSet: return read_set(type, value.text, cell);
    case TypeKind::kUuid: return read_uuid(value.text, made, cell);
    case TypeKind::kBytes: return read_bytes(column, value.text, made, cell);
  }
  return RejectReason::kWrongType;
}

bool is_null_text(const Column& column, const JsonValue& value) {
  return value.kind == JsonKind::kString &&
         std::find(column.null_if.begin(), column.null_if.end(), value.text) != column.null_if.end();
}

Fault read_missing(const Column& column, TextArena& made, Cell& cell) {
  if (!column.has_substitute()) return RejectReason::kMissingField;
  cell = column.type.default_text ? Cell::text(made.store(*column.type.default_text)) : Cell();
  return std::nullopt;
}

Fault read_null(const Column& column, Cell& cell) {
  if (column.is_required || !column.type.is_nullable) return RejectReason::kNullField;
  cell = Cell();
  return std::nullopt;
}

Column taking_given_texts(Column column) {
  column.accepts = mapping::kAnyValue;
  column.takes_epoch_texts = true;
  column.may_be_empty = true;
  column.null_if.clear();
  return column;
}

Fault read_given_text(const Column& column, std::string_view text, TextArena& made, Cell& cell) {
  JsonValue value;
  value.kind = column.type.kind == TypeKind::kBoolean ? JsonKind::kInteger : JsonKind::kString;
  value.text = text;
  return read_cell(column, value, made, cell);
}

Fault read_reference_text(const Column& column, std::string_view text, TextArena& made, Cell& cell) {
  if (column.type.kind == TypeKind::kBoolean && (text == "true" || text == "false")) text = text == "true" ? "1" : "0";
  return read_given_text(column, text, made, cell);
}

bool holds_text(const Column& column, std::string_view text) {
  TextArena made;
  Cell cell;
  return !read_given_text(taking_given_texts(column), text, made, cell);
}

std::int64_t rounded_down(const SqlType& type, std::int64_t microseconds) {
  const std::int64_t step = step_of(type);
  const std::int64_t rest = microseconds % step;
  return microseconds - (rest < 0 ? rest + step : rest);
}

}  // namespace chatload::parse
