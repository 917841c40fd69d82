// A zero byte, then for each column its name, '=', what its value is, and the value; with '&' between columns.
// Names and texts are percent-encoded, bytes are hexadecimal digits, numbers stand as they are.
#include "ledger/witness_text.h"

#include <algorithm>

#include "base/hex.h"
#include "base/percent_encoding.h"
#include "mysql/sql_text.h"
#include "mysql/sql_time.h"

namespace chatload::ledger {
namespace {

constexpr char kMark = '\0';
constexpr char kText = '\'';
constexpr char kNumber = '#';
constexpr char kBytes = 'x';

bool is_number(mapping::TypeKind kind) {
  using mapping::TypeKind;
  return kind == TypeKind::kInteger || kind == TypeKind::kBoolean || kind == TypeKind::kDecimal;
}

std::string value_text(const mapping::Column& column, const parse::Cell& cell) {
  switch (cell.kind()) {
    case parse::CellKind::kText:
      if (is_number(column.type.kind)) return kNumber + std::string(cell.as_text());
      return kText + percent_encode(cell.as_text());
    case parse::CellKind::kBytes: return kBytes + to_hex(cell.as_text());
    case parse::CellKind::kTime: return kText + percent_encode(mysql::time_text(cell.as_microseconds()));
    case parse::CellKind::kNull: break;
  }
  return "";
}

bool consists_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

// Nothing where it is none.
std::optional<std::string> literal_of(std::string_view value) {
  if (value.empty()) return std::nullopt;
  const std::string_view text = value.substr(1);
  switch (value.front()) {
    case kText: return mysql::quote_text(percent_decode(text));
    case kNumber: return consists_of(text, "+-.0123456789Ee") ? std::optional(std::string(text)) : std::nullopt;
    case kBytes: return from_hex(text) ? std::optional("X'" + std::string(text) + "'") : std::nullopt;
    default: return std::nullopt;
  }
}

}  // namespace

std::optional<std::string> witness_of(const mapping::Mapping& mapping, std::span<const parse::Cell> row) {
  std::string witness;
  for (const mapping::KeyPart& part : mapping.key) {
    const mapping::Column& column = mapping.columns[part.column];
    if (column.type.kind == mapping::TypeKind::kFloating) return std::nullopt;
    witness +=
        (witness.empty() ? kMark : '&') + percent_encode(column.name) + '=' + value_text(column, row[part.column]);
  }
  if (witness.empty()) return std::nullopt;
  return witness;
}

std::string witness_of_id(const mapping::Mapping& mapping, std::string_view id) {
  return kMark + percent_encode(key_names(mapping).front()) + '=' + kText + percent_encode(id);
}

std::string witness_condition(std::string_view witness, std::string_view id_column) {
  const auto equals = [](std::string_view column, std::string_view literal) {
    return mysql::quote_identifier(column).append(" = ").append(literal);
  };
  if (!witness.starts_with(kMark)) {
    return id_column.empty() ? "FALSE" : equals(id_column, mysql::quote_text(witness));
  }
  std::string condition;
  for (std::string_view left = witness.substr(1); !left.empty();) {
    const std::string_view part = left.substr(0, left.find('&'));
    left.remove_prefix(std::min(left.size(), part.size() + 1));
    const std::size_t sign = part.find('=');
    if (sign == std::string_view::npos) return "FALSE";
    const std::optional<std::string> literal = literal_of(part.substr(sign + 1));
    if (!literal) return "FALSE";
    condition += (condition.empty() ? "" : " AND ") + equals(percent_decode(part.substr(0, sign)), *literal);
  }
  return condition.empty() ? "FALSE" : condition;
}

}  // namespace chatload::ledger
