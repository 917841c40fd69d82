#include "parse/cell_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping_file.h"
#include "unit/parse/chat_lines.h"

namespace chatload::parse {
namespace {

TEST(CellReader, LengthsCountCharactersNotBytes) {
  for (const char* character : {"x", "\u00e9", "\u4e16", "\U0001f600", "\\n", "\\ud83d\\ude00"}) {
    EXPECT_EQ(outcome_of(with_message(in_quotes(repeat(character, 255)))), "valid") << character;
    EXPECT_EQ(outcome_of(with_message(in_quotes(repeat(character, 256)))), "too_long data") << character;
  }
  EXPECT_EQ(outcome_of(LineParts{.id = "\"id\":" + in_quotes(repeat("\u00e9", 256))}.text()), "too_long id");
  EXPECT_EQ(outcome_of(with_site(in_quotes(repeat("7", 50)))), "valid");
  EXPECT_EQ(outcome_of(with_site(in_quotes(repeat("7", 51)))), "too_long site_id");
  EXPECT_EQ(outcome_of(with_site(repeat("7", 51))), "too_long site_id");
}

TEST(CellReader, LimitsInBytesHoldToo) {
  mapping::Mapping mapping = mapping::chat_mapping();
  mapping.columns[kData].type.characters_max = mapping::SqlType::kNoLimit;
  mapping.columns[kData].type.bytes_max = 10;
  EXPECT_EQ(outcome_of(with_message(in_quotes(repeat("\u00e9", 5))), mapping), "valid");
  EXPECT_EQ(outcome_of(with_message(in_quotes(repeat("\u00e9", 5) + "x")), mapping), "too_long data");
}

TEST(CellReader, OverlongTypeThatWasAskedForIsTooLong) {
  const RowFilter filter;
  const std::string line = LineParts{.type = "\"type\":" + in_quotes(repeat("t", 51))}.text();
  EXPECT_EQ(outcome_of(line, mapping::chat_mapping(), filter), "too_long type");
}

TEST(CellReader, SiteIdIsAStringOrAnIntegersDecimalText) {
  EXPECT_EQ(cell(parse_text(with_site("42")), kSiteId), "42");
  EXPECT_EQ(cell(parse_text(with_site("-7")), kSiteId), "-7");
  EXPECT_EQ(cell(parse_text(with_site("-0")), kSiteId), "0");
  EXPECT_EQ(cell(parse_text(with_site(R"("-0")")), kSiteId), "-0");
  EXPECT_EQ(cell(parse_text(with_site("123456789012345678901234567890")), kSiteId), "123456789012345678901234567890");
  for (const char* value : {"1.0", "1e2", "true", "[3]", "{}"}) {
    EXPECT_EQ(outcome_of(with_site(value)), "wrong_type site_id") << value;
  }
  EXPECT_EQ(outcome_of(with_site("null")), "null_field site_id");
}

TEST(CellReader, TimestampRangeIsMySqls) {
  EXPECT_EQ(seconds(parse_text(with_time("1"))), 1);
  EXPECT_EQ(seconds(parse_text(with_time("2147483647"))), 2147483647);
  EXPECT_EQ(seconds(parse_text(with_time("\"2147483647\""))), 2147483647);
  EXPECT_EQ(seconds(parse_text(with_time("\"" + repeat("0", 100) + "12\""))), 12);
  for (const std::string& value :
       std::vector<std::string>{"0", "-0", "-1", "2147483648", "9223372036854775808", "18446744073709551616",
                                repeat("9", 400), "-" + repeat("9", 400)}) {
    EXPECT_EQ(outcome_of(with_time(value)), "timestamp_out_of_range timestamp") << value;
    EXPECT_EQ(outcome_of(with_time(in_quotes(value))), "timestamp_out_of_range timestamp") << value;
  }
}

TEST(CellReader, TimestampThatIsNoIntegerIsBad) {
  for (const char* value :
       {"1.0", "1e9", "1479816000.5", "1e999", "\"\"", "\"-\"", "\"+1\"", "\" 1\"", "\"1 \"", "\"1.0\"", "\"1e3\"",
        "\"0x1\"", "\"2016-11-22T12:00:00Z\"", "\"\\u0661\"", "\"1\\u0000\"", "\"--1\""}) {
    EXPECT_EQ(outcome_of(with_time(value)), "bad_timestamp timestamp") << value;
  }
  for (const char* value : {"true", "[1]", "{\"a\":1}"}) {
    EXPECT_EQ(outcome_of(with_time(value)), "wrong_type timestamp") << value;
  }
  EXPECT_EQ(seconds(parse_text(with_time(R"("\u0031\u0032")"))), 12);
}

}  // namespace
}  // namespace chatload::parse
