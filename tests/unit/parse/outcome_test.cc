#include "parse/outcome.h"

#include <gtest/gtest.h>

#include <set>

namespace chatload::parse {
namespace {

TEST(Outcome, EveryReasonHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kRejectReasonCount; ++i) names.insert(to_string(static_cast<RejectReason>(i)));
  EXPECT_EQ(names.size(), kRejectReasonCount);
  EXPECT_EQ(names.count("unknown"), 0u);
  EXPECT_EQ(to_string(RejectReason::kTimestampOutOfRange), "timestamp_out_of_range");
  EXPECT_EQ(to_string(RejectReason::kRefusedByServer), "refused_by_server");
}

TEST(Outcome, CountsAddFieldByField) {
  ParseCounts sum{.lines = 10, .valid = 4, .filtered = 3, .blank = 1};
  sum.rejected_by_reason[2] = 2;
  ParseCounts more{.lines = 5, .valid = 1, .filtered = 1, .blank = 1};
  more.rejected_by_reason[2] = 1;
  more.rejected_by_reason[11] = 1;
  sum += more;
  EXPECT_EQ(sum.lines, 15u);
  EXPECT_EQ(sum.valid, 5u);
  EXPECT_EQ(sum.filtered, 4u);
  EXPECT_EQ(sum.blank, 2u);
  EXPECT_EQ(sum.rejected_by_reason[2], 3u);
  EXPECT_EQ(sum.rejected(), 4u);
}

}  // namespace
}  // namespace chatload::parse
