#include "parse/row_filter.h"

#include <gtest/gtest.h>

#include "unit/parse/parse_text.h"

namespace chatload::parse {
namespace {

TEST(RowFilter, MessageAndStatusPassByDefault) {
  const RowFilter filter;
  EXPECT_TRUE(filter.passes_type("message"));
  EXPECT_TRUE(filter.passes_type("status"));
  EXPECT_FALSE(filter.passes_type("Message"));
  EXPECT_FALSE(filter.passes_type(""));
}

TEST(RowFilter, NoTypesMeansEveryType) {
  RowFilter filter;
  filter.types.clear();
  EXPECT_TRUE(filter.passes_type("anything"));
}

TEST(RowFilter, SinceIsInclusiveAndUntilExclusive) {
  RowFilter filter;
  filter.since_seconds = 100;
  filter.until_seconds = 200;
  EXPECT_FALSE(filter.passes_rest("3", 99));
  EXPECT_TRUE(filter.passes_rest("3", 100));
  EXPECT_TRUE(filter.passes_rest("3", 199));
  EXPECT_FALSE(filter.passes_rest("3", 200));
}

TEST(RowFilter, AnyOfTheSitesPasses) {
  RowFilter filter;
  filter.sites = {"3", "4"};
  EXPECT_TRUE(filter.passes_rest("4", 1));
  EXPECT_FALSE(filter.passes_rest("03", 1));
}

TEST(RowFilter, IntegerSiteIsComparedAsItsDecimalText) {
  RowFilter filter;
  filter.sites = {"3"};
  EXPECT_EQ(outcome_of(LineParts{.site_id = R"("site_id":3)"}.text(), chat_mapping(), filter), "valid");
  EXPECT_EQ(outcome_of(LineParts{.site_id = R"("site_id":33)"}.text(), chat_mapping(), filter), "filtered");
}

TEST(RowFilter, FaultyLineOfAnotherSiteIsRejectedNotFiltered) {
  RowFilter filter;
  filter.sites = {"4"};
  EXPECT_EQ(outcome_of(LineParts{.timestamp = ""}.text(), chat_mapping(), filter), "missing_field timestamp");
}

TEST(RowFilter, TypeIsFilteredBeforeOtherFieldsAreLookedAt) {
  EXPECT_EQ(outcome_of(R"({"type":"typing"})"), "filtered");
  EXPECT_EQ(outcome_of("{\"type\":\"" + std::string(51, 't') + "\"}"), "filtered");
}

}  // namespace
}  // namespace chatload::parse
