#include "mysql/sql_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace chatload::mysql {
namespace {

using namespace std::string_view_literals;

std::string text_literal(std::string_view text) {
  std::string sql;
  append_text_literal(sql, text);
  return sql;
}

std::string text_field(std::string_view text) {
  std::string field;
  append_text_field(field, text);
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

TEST(SqlText, TextByItselfIsTheSameLiteral) { EXPECT_EQ(quote_text("it's \\ x"), text_literal("it's \\ x")); }

TEST(SqlText, NameCannotEndItsQuotes) { EXPECT_EQ(quote_identifier("odd`name"), "`odd``name`"); }

}  // namespace
}  // namespace chatload::mysql
