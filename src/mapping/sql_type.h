// A column's SQL type: parsed from a declaration or from what the server says of a table, and written again from what
// was understood of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chatload::mapping {

enum class TypeKind : std::uint8_t {
  kText,       // VARCHAR, CHAR, and the TEXT types
  kInteger,    // TINYINT to BIGINT
  kDecimal,    // DECIMAL
  kFloating,   // FLOAT and DOUBLE
  kBoolean,    // BOOLEAN
  kDate,       // DATE
  kDateTime,   // DATETIME
  kTimestamp,  // TIMESTAMP
  kJson,       // JSON
  kEnum,       // ENUM
  kSet,        // SET
  kUuid,       // UUID, which MariaDB has
  kBytes,      // VARBINARY, BINARY, and the BLOB types
};

struct SqlType {
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  TypeKind kind = TypeKind::kText;
  std::string name;  // in capitals, without what is in brackets: "VARCHAR"; empty: the type is not known
  // Of text, in characters (code points), as MySQL counts, and in bytes of UTF-8, which is what bounds the TEXT types.
  std::uint64_t characters_max = kNoLimit;
  std::uint64_t bytes_max = kNoLimit;       // of text and bytes
  unsigned digits = 0;                      // of a DECIMAL, in all
  unsigned fraction_digits = 0;             // of a DECIMAL, or of a DATETIME's or TIMESTAMP's seconds
  unsigned bits = 0;                        // of an integer
  bool is_unsigned = false;                 // of numbers
  bool is_fixed = false;                    // CHAR and BINARY: a server adds and removes what fills them up
  std::vector<std::string> members;         // of an ENUM or a SET
  std::string charset;                      // empty: the table's
  std::string collation;                    // empty: the charset's
  bool is_nullable = true;                  // false: declared NOT NULL
  std::optional<std::string> default_text;  // what a missing value becomes; DEFAULT NULL is none

  [[nodiscard]] bool is_known() const { return !name.empty(); }
  [[nodiscard]] bool is_time() const {
    return kind == TypeKind::kDate || kind == TypeKind::kDateTime || kind == TypeKind::kTimestamp;
  }
  [[nodiscard]] bool is_text() const { return kind == TypeKind::kText; }
  // Whether conditions can name its values, as texts.
  [[nodiscard]] bool is_comparable() const { return !is_time() && kind != TypeKind::kJson && kind != TypeKind::kBytes; }
};

// Of an integer type.
[[nodiscard]] std::uint64_t greatest_value(const SqlType& type);
[[nodiscard]] std::int64_t least_value(const SqlType& type);

// -?[0-9]+ of any length.
[[nodiscard]] bool is_digits(std::string_view text);

// Whether an integer type has the value. REQUIRES: is_digits(digits).
[[nodiscard]] bool is_within(const SqlType& type, std::string_view digits);

// 8-4-4-4-12 hexadecimal digits, of any case (RFC 9562 §4).
[[nodiscard]] bool is_uuid(std::string_view text);

// Whether a SET gives the text back as it is: its members in the order of the declaration, each once.
[[nodiscard]] bool is_set_value(const SqlType& type, std::string_view text);

// "VARCHAR(50) CHARACTER SET ascii NOT NULL DEFAULT ''", of any case. Throws SyntaxError.
[[nodiscard]] SqlType parse_sql_type(std::string_view declaration);

// What information_schema says is a column's type, such as "bigint(20) unsigned", without its attributes. Nothing where
// it is none of those above.
[[nodiscard]] std::optional<SqlType> column_type(std::string_view text);

// "BIGINT UNSIGNED", "ENUM('a','b')": for people, and the first words of a declaration.
[[nodiscard]] std::string type_text(const SqlType& type);

// A declaration that parse_sql_type() reads as the same type; it always says NULL or NOT NULL. `collate` stands where
// the type is a text's that names no collation.
[[nodiscard]] std::string declaration_of(const SqlType& type, std::string_view collate = "");

// "'it''s'": as a string literal of SQL, whether or not a backslash escapes.
[[nodiscard]] std::string quoted_literal(std::string_view text);

}  // namespace chatload::mapping
