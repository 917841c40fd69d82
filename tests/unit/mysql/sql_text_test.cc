#include "mysql/sql_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace chatload::mysql {
namespace {

using namespace std::string_view_literals;

std::string text_literal(std::string_view text) {
  std::string sql;
  append_text_literal(sql, text);
  return sql;
}

std::string text_field(std::string_view text) {
  std::string field(escaped_bytes_max(text), '?');
  field.resize(static_cast<std::size_t>(put_text_field(field.data(), text) - field.data()));
  return field;
}

TEST(SqlText, TextCannotEndItsLiteral) {
  EXPECT_EQ(text_literal("it's"), R"('it\'s')");
  EXPECT_EQ(text_literal(R"(\'; DROP TABLE t; --)"), R"('\\\'; DROP TABLE t; --')");
  EXPECT_EQ(text_literal("a\0b"sv), R"('a\0b')");
  EXPECT_EQ(text_literal("\"\n\r\x1a%_\xF0\x9F\x98\x80"), "'\"\n\r\x1a%_\xF0\x9F\x98\x80'");
  EXPECT_EQ(text_literal(""), "''");
}

TEST(SqlText, TextCannotEndItsField) {
  EXPECT_EQ(text_field("a\tb\nc\\d\0e"sv), R"(a\tb\nc\\d\0e)");
  EXPECT_EQ(text_field(R"(\N)"), R"(\\N)");
  EXPECT_EQ(text_field("'\"\r\x1a,\xF0\x9F\x98\x80"), "'\"\r\x1a,\xF0\x9F\x98\x80");
  EXPECT_EQ(text_field(""), "");
}

// Text is looked at in blocks of eight bytes, the last of which may begin in the one in front of it.
TEST(SqlText, EachByteIsEscapedWhereverItStands) {
  for (std::size_t size = 1; size <= 26; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (const auto& [byte, escape] : {std::pair('\0', "\\0"), {'\\', "\\\\"}, {'\t', "\\t"}, {'\n', "\\n"}}) {
        std::string text(size, 'x');
        text[at] = byte;
        EXPECT_EQ(text_field(text), std::string(at, 'x') + escape + std::string(size - at - 1, 'x'));
      }
    }
    EXPECT_EQ(text_field(std::string(size, '\\')), std::string(2 * size, '\\'));
    EXPECT_EQ(text_field(std::string(size, '\x80')), std::string(size, '\x80'));
    EXPECT_EQ(text_field(std::string(size, '\x01')), std::string(size, '\x01'));
  }
}

TEST(SqlText, TextByItselfIsTheSameLiteral) { EXPECT_EQ(quote_text("it's \\ x"), text_literal("it's \\ x")); }

TEST(SqlText, NameCannotEndItsQuotes) { EXPECT_EQ(quote_identifier("odd`name"), "`odd``name`"); }

}  // namespace
}  // namespace chatload::mysql
