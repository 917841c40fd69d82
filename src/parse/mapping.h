// Which JSON value becomes which column: data, not code, so that another table is another Mapping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chatload::parse {

// How a JSON value becomes a column's value (row-contract.md in schema/).
enum class FieldKind : std::uint8_t {
  kText,           // a JSON string
  kTextOrInteger,  // a JSON string, or an integer written as its decimal text
  kEpochSeconds,   // an integer, or a decimal string: seconds since 1970 UTC; Cell::integer
};

// Keys from the root: {"data", "message"} is data.message. Used for lines whose discriminator equals `when`, or for
// all lines where `when` is empty.
struct FieldPath {
  std::string when;
  std::vector<std::string> keys;
};

// What the column can hold. Text is measured in characters (code points), as MySQL does, and in bytes of UTF-8, which
// is what bounds the TEXT types.
struct FieldLimits {
  std::uint64_t characters_max = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t bytes_max = std::numeric_limits<std::uint64_t>::max();
};

struct FieldMapping {
  std::string column;  // also the field's name in rejects
  FieldKind kind = FieldKind::kText;
  std::vector<FieldPath> paths;
  bool may_be_empty = true;  // an empty string is empty_id otherwise
  FieldLimits limits = {};
};

// A table's mapping. Every field is required where one of its paths applies to the line; where none does (a type that
// the mapping does not know, loaded because --type asked for it) the cell is the empty text, the column's default.
struct Mapping {
  std::string table;
  std::vector<FieldMapping> fields;  // in the order in which a line is checked, the discriminator first
  std::size_t key = 0;               // index of the primary key's field
  std::size_t discriminator = 0;     // index of the field that says what kind of line it is; its kind is kText
  std::size_t site = 0;              // index of the field that --site compares
  std::size_t time = 0;              // index of the field that --since and --until compare; kEpochSeconds

  // The index of the column's field; nothing where no field has it.
  [[nodiscard]] std::optional<std::size_t> field_of(std::string_view column) const;
};

// The built-in mapping of schema/row-contract.md with the shipped table's limits: type, id, from, site_id, data,
// timestamp into chat_messages.
[[nodiscard]] Mapping chat_mapping();

}  // namespace chatload::parse
