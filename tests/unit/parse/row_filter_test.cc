#include "parse/row_filter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mapping/mapping_file.h"
#include "unit/parse/parse_text.h"

namespace chatload::parse {
namespace {

RowSieve sieve_of(const RowFilter& filter) { return {mapping::chat_mapping(), filter}; }

// Whether a row of that site and time passes.
bool passes(const RowFilter& filter, std::string_view site, Cell time) {
  const std::vector<Cell> row = {
      Cell::text("id"), Cell::text("from"), Cell::text("message"), Cell::text(site), Cell(), time};
  return sieve_of(filter).passes_rest(row);
}
bool passes(const RowFilter& filter, std::string_view site, std::int64_t seconds) {
  return passes(filter, site, Cell::time(seconds * 1'000'000));
}

bool passes_kind(const RowFilter& filter, Cell kind) {
  return sieve_of(filter).passes_kind(std::vector<Cell>{Cell(), Cell(), kind});
}
bool passes_kind(const RowFilter& filter, std::string_view kind) { return passes_kind(filter, Cell::text(kind)); }

TEST(RowFilter, MessageAndStatusPassByDefault) {
  const RowFilter filter = filter_of(mapping::chat_mapping());
  EXPECT_TRUE(passes_kind(filter, "message"));
  EXPECT_TRUE(passes_kind(filter, "status"));
  EXPECT_FALSE(passes_kind(filter, "Message"));
  EXPECT_FALSE(passes_kind(filter, ""));
}

TEST(RowFilter, NoConditionMeansEveryKind) { EXPECT_TRUE(passes_kind({}, "anything")); }

TEST(RowFilter, NoKindIsNoneOfSome) { EXPECT_FALSE(passes_kind({.only = {{"type", {""}}}}, Cell())); }

TEST(RowFilter, SinceIsInclusiveAndUntilExclusive) {
  RowFilter filter;
  filter.since_seconds = 100;
  filter.until_seconds = 200;
  EXPECT_FALSE(passes(filter, "3", 99));
  EXPECT_TRUE(passes(filter, "3", 100));
  EXPECT_TRUE(passes(filter, "3", 199));
  EXPECT_FALSE(passes(filter, "3", 200));
  EXPECT_FALSE(passes(filter, "3", Cell::time(99'999'999)));
  EXPECT_TRUE(passes(filter, "3", Cell::time(199'999'999)));
}

TEST(RowFilter, NullPassesOnlyWhereNothingIsAskedOfIt) {
  RowFilter filter;
  EXPECT_TRUE(passes(filter, "3", Cell()));
  filter.since_seconds = 100;
  EXPECT_FALSE(passes(filter, "3", Cell()));
  EXPECT_FALSE(passes({.only = {{"data", {""}}}}, "3", 1));
}

// Which of {"v": value} pass the mapping's condition.
std::string passing(const std::string& column, const std::string& condition, const std::vector<std::string>& values) {
  const mapping::Mapping mapping = mapping::parse_mapping(
      "table = 't'\nprimary_key = []\n[[column]]\nname = 'v'\n" + column + "\n[[only]]\ncolumn = 'v'\n" + condition,
      "t.toml");
  std::string passing;
  for (const std::string& value : values) {
    const ParsedRange parsed = parse_text("{\"v\":" + value + "}", mapping, filter_of(mapping));
    EXPECT_EQ(parsed.counts.valid + parsed.counts.filtered, 1U) << value;
    if (parsed.counts.valid == 1) passing += (passing.empty() ? "" : " ") + value;
  }
  return passing;
}

TEST(RowFilter, BoundsCompareNumbersByTheirValue) {
  const std::string decimal = "sql = 'DECIMAL(20,3)'";
  const std::vector<std::string> numbers = {"-1", "9.999", "10", "1e1", "10.001", "null"};
  EXPECT_EQ(passing(decimal, "above = 10", numbers), "10.001");
  EXPECT_EQ(passing(decimal, "at_least = 10.0", numbers), "10 1e1 10.001");
  EXPECT_EQ(passing(decimal, "below = '10'", numbers), "-1 9.999");
  EXPECT_EQ(passing(decimal, "at_most = 10", numbers), "-1 9.999 10 1e1");
  EXPECT_EQ(passing(decimal, "above = -1\nbelow = 10", numbers), "9.999");
  EXPECT_EQ(passing("sql = 'BIGINT UNSIGNED'", "above = '9223372036854775807'",
                    {"9223372036854775807", "9223372036854775808"}),
            "9223372036854775808");
}

TEST(RowFilter, BoundsCompareTimes) {
  const std::vector<std::string> times = {"\"2024-04-30T23:59:59.999Z\"", "\"2024-05-01T02:00:00+02:00\"", "null"};
  EXPECT_EQ(passing("sql = 'DATETIME(3)'", "at_least = '2024-05-01'", times), times[1]);
  EXPECT_EQ(passing("sql = 'DATETIME(3)'", "below = '2024-05-01T00:00:00Z'", times), times[0]);
}

TEST(RowFilter, OtherValuesAndNullsPassWhereTheyAreAskedFor) {
  const std::vector<std::string> texts = {"\"a\"", "\"b\"", "\"\"", "null"};
  EXPECT_EQ(passing("sql = 'VARCHAR(9)'", "not_in = ['a', '']", texts), "\"b\"");
  EXPECT_EQ(passing("sql = 'VARCHAR(9)'", "is_null = true", texts), "null");
  EXPECT_EQ(passing("sql = 'VARCHAR(9)'", "is_null = false", texts), "\"a\" \"b\" \"\"");
  EXPECT_EQ(passing("sql = 'VARCHAR(9)'", "in = ['a', 'b']\nnot_in = 'a'", texts), "\"b\"");
}

TEST(RowFilter, AnyOfTheValuesPassesAndAllColumnsHaveTo) {
  const RowFilter filter{.only = {{"site_id", {"3", "4"}}, {"from", {"from"}}}};
  EXPECT_TRUE(passes(filter, "4", 1));
  EXPECT_FALSE(passes(filter, "03", 1));
  EXPECT_FALSE(passes({.only = {{"site_id", {"3", "4"}}, {"from", {"other"}}}}, "4", 1));
}

TEST(RowFilter, ValuesTakeThePlaceOfThoseThatTheMappingSays) {
  RowFilter filter = filter_of(mapping::chat_mapping());
  filter.set_values("type", {"typing"});
  EXPECT_FALSE(passes_kind(filter, "message"));
  EXPECT_TRUE(passes_kind(filter, "typing"));
  filter.set_values("type", {});
  EXPECT_TRUE(passes_kind(filter, "message"));
}

TEST(RowFilter, IntegerSiteIsComparedAsItsDecimalText) {
  const RowFilter filter{.only = {{"site_id", {"3"}}}};
  EXPECT_EQ(outcome_of(LineParts{.site_id = R"("site_id":3)"}.text(), mapping::chat_mapping(), filter), "valid");
  EXPECT_EQ(outcome_of(LineParts{.site_id = R"("site_id":33)"}.text(), mapping::chat_mapping(), filter), "filtered");
}

TEST(RowFilter, FaultyLineOfAnotherSiteIsRejectedNotFiltered) {
  const RowFilter filter{.only = {{"site_id", {"4"}}}};
  EXPECT_EQ(outcome_of(LineParts{.timestamp = ""}.text(), mapping::chat_mapping(), filter), "missing_field timestamp");
}

TEST(RowFilter, TypeIsFilteredBeforeOtherFieldsAreLookedAt) {
  EXPECT_EQ(outcome_of(R"({"type":"typing"})"), "filtered");
  EXPECT_EQ(outcome_of("{\"type\":\"" + std::string(51, 't') + "\"}"), "filtered");
  const RowFilter other{.only = {}, .bounds = {{"type", mapping::Bound::Kind::kNotIn, {"typing"}}}};
  EXPECT_EQ(outcome_of(R"({"type":"typing"})", mapping::chat_mapping(), other), "filtered");
  EXPECT_EQ(outcome_of(R"({"type":"message"})", mapping::chat_mapping(), other), "missing_field id");
}

}  // namespace
}  // namespace chatload::parse
