// A declaration is a type's name with what is in brackets behind it, then attributes in any order. Whatever is not
// understood is an error: nothing of the text reaches a server as it is.
#include "mapping/sql_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/hex.h"
#include "mapping/syntax_error.h"

namespace chatload::mapping {
namespace {

constexpr unsigned kFractionDigitsMax = 6;
constexpr unsigned kDecimalDigitsMax = 65;
constexpr unsigned kDecimalFractionMax = 30;
constexpr std::uint64_t kVariableMax = 65'535;  // of VARCHAR and VARBINARY; what a row holds, the server says
constexpr std::uint64_t kFixedMax = 255;        // of CHAR and BINARY
constexpr std::size_t kSetMembersMax = 64;

struct TypeName {
  std::string_view name;
  TypeKind kind;
  std::uint64_t bytes_max = SqlType::kNoLimit;
  unsigned bits = 0;
};

constexpr auto kTypes = std::to_array<TypeName>({
    {"VARCHAR", TypeKind::kText},
    {"CHAR", TypeKind::kText},
    {"TINYTEXT", TypeKind::kText, 255},
    {"TEXT", TypeKind::kText, 65'535},
    {"MEDIUMTEXT", TypeKind::kText, 16'777'215},
    {"LONGTEXT", TypeKind::kText, 4'294'967'295},
    {"TINYINT", TypeKind::kInteger, SqlType::kNoLimit, 8},
    {"SMALLINT", TypeKind::kInteger, SqlType::kNoLimit, 16},
    {"MEDIUMINT", TypeKind::kInteger, SqlType::kNoLimit, 24},
    {"INT", TypeKind::kInteger, SqlType::kNoLimit, 32},
    {"BIGINT", TypeKind::kInteger, SqlType::kNoLimit, 64},
    {"DECIMAL", TypeKind::kDecimal},
    {"FLOAT", TypeKind::kFloating},
    {"DOUBLE", TypeKind::kFloating},
    {"BOOLEAN", TypeKind::kBoolean},
    {"DATE", TypeKind::kDate},
    {"DATETIME", TypeKind::kDateTime},
    {"TIMESTAMP", TypeKind::kTimestamp},
    {"JSON", TypeKind::kJson},
    {"ENUM", TypeKind::kEnum},
    {"SET", TypeKind::kSet},
    {"UUID", TypeKind::kUuid},
    {"VARBINARY", TypeKind::kBytes},
    {"BINARY", TypeKind::kBytes},
    {"TINYBLOB", TypeKind::kBytes, 255},
    {"BLOB", TypeKind::kBytes, 65'535},
    {"MEDIUMBLOB", TypeKind::kBytes, 16'777'215},
    {"LONGBLOB", TypeKind::kBytes, 4'294'967'295},
});

std::string names_of_types() {
  std::string names;
  for (const TypeName& type : kTypes) names += fmt::format("{}{}", names.empty() ? "" : ", ", type.name);
  return names;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string upper(std::string_view text) {
  std::string capitals(text);
  for (char& c : capitals) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return capitals;
}

// Whether its name is followed by how many characters or bytes it holds.
bool has_length(const SqlType& type) {
  return type.name == "VARCHAR" || type.name == "CHAR" || type.name == "VARBINARY" || type.name == "BINARY";
}

class TypeParser {
 public:
  explicit TypeParser(std::string_view text) : text_(text) { skip_space(); }

  SqlType type() {
    const std::size_t begin = at_;
    const std::string name = synonym(upper(word()));
    const auto* const known =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeName& one) { return one.name == name; });
    if (known == kTypes.end()) {
      at_ = begin;
      fail(fmt::format("there is no type '{}'; there are {}", name, names_of_types()));
    }
    SqlType type;
    type.kind = known->kind;
    type.name = name;
    type.bytes_max = known->bytes_max;
    type.bits = known->bits;
    brackets(type);
    return type;
  }

  void attributes(SqlType& type) {
    while (!is_at_end()) {
      const std::size_t begin = at_;
      const std::string name = upper(word());
      if (name == "UNSIGNED" && is_number(type)) {
        type.is_unsigned = true;
      } else if (name == "NULL") {
        type.is_nullable = true;
      } else if (name == "NOT") {
        require_word("NULL");
        type.is_nullable = false;
      } else if (name == "CHARACTER" && has_charset(type)) {
        require_word("SET");
        type.charset = required_name("a character set's name");
      } else if (name == "COLLATE" && has_charset(type)) {
        type.collation = required_name("a collation's name");
      } else if (name == "DEFAULT") {
        default_value(type);
      } else {
        at_ = begin;
        const bool is_for_numbers = name == "UNSIGNED";
        const bool is_for_texts = name == "CHARACTER" || name == "COLLATE";
        fail(is_for_numbers ? "UNSIGNED is for numbers"
             : is_for_texts ? fmt::format("{} is for texts", name)
                            : "a type is followed by UNSIGNED, CHARACTER SET, COLLATE, NULL, NOT NULL or DEFAULT");
      }
    }
    if (type.default_text && (type.kind == TypeKind::kBytes || type.kind == TypeKind::kUuid)) {
      fail("a default of bytes is not supported");
    }
  }

  void number_attributes(SqlType& type) {
    while (!is_at_end()) {
      const std::string name = upper(word());
      if (name == "UNSIGNED") type.is_unsigned = true;
      if (name.empty()) return;
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw SyntaxError(what, at_); }

  [[nodiscard]] bool is_at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return is_at_end() ? '\0' : text_[at_]; }

  void skip_space() {
    while (std::isspace(static_cast<unsigned char>(peek())) != 0) ++at_;
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    skip_space();
    return true;
  }
  void require(char c) {
    if (!take(c)) fail(fmt::format("'{}' is missing here", c));
  }
  // Empty where there is none.
  std::string_view word() {
    const std::size_t begin = at_;
    while (is_word(peek())) ++at_;
    const std::string_view found = text_.substr(begin, at_ - begin);
    skip_space();
    return found;
  }
  void require_word(std::string_view wanted) {
    const std::size_t begin = at_;
    if (upper(word()) == wanted) return;
    at_ = begin;
    fail(fmt::format("{} is missing here", wanted));
  }
  std::string required_name(std::string_view what) {
    const std::string_view name = word();
    if (name.empty()) fail(fmt::format("{} is missing here", what));
    return std::string(name);
  }

  std::uint64_t number(std::uint64_t least, std::uint64_t most) {
    const std::size_t begin = at_;
    const std::string_view digits = word();
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool is_number = error == std::errc{} && end == digits.data() + digits.size() && !digits.empty();
    if (is_number && value >= least && value <= most) return value;
    at_ = begin;
    fail(fmt::format("a number from {} to {} is needed here", least, most));
  }

  // 'it''s', where information_schema, too, doubles quotes and leaves backslashes be.
  std::string literal() {
    if (peek() != '\'') fail("a text in quotes is needed here, such as 'a'");
    std::string value;
    for (++at_;; ++at_) {
      if (is_at_end()) fail("the text does not end");
      if (text_[at_] == '\\') fail("a backslash in a text is not supported");
      if (text_[at_] == '\'' && text_.substr(at_ + 1, 1) != "'") break;
      if (text_[at_] == '\'') ++at_;
      value += text_[at_];
    }
    ++at_;
    skip_space();
    return value;
  }

  static std::string synonym(std::string name) {
    if (name == "INTEGER") return "INT";
    if (name == "BOOL") return "BOOLEAN";
    if (name == "NUMERIC") return "DECIMAL";
    return name;
  }
  static bool is_number(const SqlType& type) {
    return type.kind == TypeKind::kInteger || type.kind == TypeKind::kDecimal || type.kind == TypeKind::kFloating;
  }
  static bool has_charset(const SqlType& type) {
    return type.is_text() || type.kind == TypeKind::kEnum || type.kind == TypeKind::kSet;
  }

  void brackets(SqlType& type) {
    if (has_length(type)) {
      type.is_fixed = type.name == "CHAR" || type.name == "BINARY";
      std::uint64_t& length = type.is_text() ? type.characters_max : type.bytes_max;
      length = 1;
      if (type.is_fixed && peek() != '(') return;
      require('(');
      length = number(1, type.is_fixed ? kFixedMax : kVariableMax);
      require(')');
    } else if (type.kind == TypeKind::kEnum || type.kind == TypeKind::kSet) {
      require('(');
      do {
        const std::size_t begin = at_;
        type.members.push_back(literal());
        if (type.kind == TypeKind::kSet && type.members.back().find(',') != std::string::npos) {
          at_ = begin;
          fail("a member of a SET has no comma");
        }
      } while (take(','));
      if (type.kind == TypeKind::kSet && type.members.size() > kSetMembersMax) {
        fail(fmt::format("a SET has up to {} members", kSetMembersMax));
      }
      require(')');
    } else if (type.kind == TypeKind::kDecimal) {
      type.digits = 10;
      if (!take('(')) return;
      type.digits = static_cast<unsigned>(number(1, kDecimalDigitsMax));
      if (take(',')) {
        type.fraction_digits = static_cast<unsigned>(number(0, std::min(type.digits, kDecimalFractionMax)));
      }
      require(')');
    } else if (take('(')) {
      if (type.kind == TypeKind::kDateTime || type.kind == TypeKind::kTimestamp) {
        type.fraction_digits = static_cast<unsigned>(number(0, kFractionDigitsMax));
      } else if (type.kind == TypeKind::kInteger) {
        static_cast<void>(number(0, 255));  // how wide it is shown
      } else {
        fail(fmt::format("{} takes nothing in brackets", type.name));
      }
      require(')');
    }
  }

  void default_value(SqlType& type) {
    if (peek() == '\'') {
      type.default_text = literal();
      return;
    }
    const std::size_t begin = at_;
    if (peek() == '-') ++at_;
    while (is_word(peek()) || peek() == '.') ++at_;
    const std::string_view value = text_.substr(begin, at_ - begin);
    skip_space();
    const std::string name = upper(value);
    type.default_text.reset();
    if (name == "NULL") return;
    const bool is_truth = type.kind == TypeKind::kBoolean && (name == "TRUE" || name == "FALSE");
    const std::string_view digits = value.substr(value.starts_with('-') ? 1 : 0);
    const bool is_numeral = !digits.empty() && std::all_of(digits.begin(), digits.end(),
                                                           [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
    if (is_truth) {
      type.default_text = name == "TRUE" ? "1" : "0";
    } else if (is_numeral) {
      type.default_text = value;
    } else {
      at_ = begin;
      fail("a default is a text in quotes, a number or NULL: an expression is the server's to resolve");
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::uint64_t greatest_value(const SqlType& type) {
  const std::uint64_t all_bits = std::numeric_limits<std::uint64_t>::max() >> (64 - type.bits);
  return type.is_unsigned ? all_bits : all_bits >> 1;
}

std::int64_t least_value(const SqlType& type) {
  return type.is_unsigned ? 0 : -static_cast<std::int64_t>(greatest_value(type)) - 1;
}

bool is_digits(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_within(const SqlType& type, std::string_view digits) {
  const auto is_read_within = [&](auto least, auto most) {
    auto value = most;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc{} && value >= least && value <= most;
  };
  const std::uint64_t most = greatest_value(type);
  if (type.is_unsigned) return is_read_within(std::uint64_t{0}, most);
  return is_read_within(least_value(type), static_cast<std::int64_t>(most));
}

bool is_uuid(std::string_view text) {
  constexpr std::size_t kUuidTextBytes = 36;
  if (text.size() != kUuidTextBytes) return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_hyphen_here = at == 8 || at == 13 || at == 18 || at == 23;
    if (is_hyphen_here ? text[at] != '-' : hex_value(text[at]) < 0) return false;
  }
  return true;
}

bool is_set_value(const SqlType& type, std::string_view text) {
  auto next = type.members.begin();
  for (std::string_view left = text; !left.empty();) {
    const std::string_view member = left.substr(0, left.find(','));
    next = std::find(next, type.members.end(), member);
    const bool is_cut_off = member.size() + 1 == left.size();  // behind a last comma
    if (next == type.members.end() || is_cut_off) return false;
    ++next;
    left.remove_prefix(std::min(left.size(), member.size() + 1));
  }
  return true;
}

SqlType parse_sql_type(std::string_view declaration) {
  TypeParser parser(declaration);
  SqlType type = parser.type();
  parser.attributes(type);
  return type;
}

std::optional<SqlType> column_type(std::string_view text) {
  try {
    TypeParser parser(text);
    SqlType type = parser.type();
    parser.number_attributes(type);
    return type;
  } catch (const SyntaxError&) {
    return std::nullopt;
  }
}

std::string type_text(const SqlType& type) {
  std::string text = type.name;
  if (has_length(type)) text += fmt::format("({})", type.is_text() ? type.characters_max : type.bytes_max);
  if (type.kind == TypeKind::kDecimal) text += fmt::format("({},{})", type.digits, type.fraction_digits);
  if (type.kind != TypeKind::kDecimal && type.fraction_digits > 0) text += fmt::format("({})", type.fraction_digits);
  for (const std::string& member : type.members) {
    text += (&member == type.members.data() ? "(" : ",") + quoted_literal(member);
  }
  if (!type.members.empty()) text += ')';
  if (type.is_unsigned) text += " UNSIGNED";
  return text;
}

std::string declaration_of(const SqlType& type, std::string_view collate) {
  std::string text = type_text(type);
  if (!type.charset.empty()) text += " CHARACTER SET " + type.charset;
  if (!type.collation.empty()) {
    text += " COLLATE " + type.collation;
  } else {
    text += collate;
  }
  text += type.is_nullable ? " NULL" : " NOT NULL";
  if (type.default_text) text += " DEFAULT " + quoted_literal(*type.default_text);
  return text;
}

std::string quoted_literal(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) literal += c == '\'' ? std::string("''") : std::string(1, c);
  return literal + '\'';
}

}  // namespace chatload::mapping
