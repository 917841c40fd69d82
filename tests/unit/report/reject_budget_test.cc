#include "report/reject_budget.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace chatload::report {
namespace {

RejectBudget budget(std::string_view text) { return RejectBudget(parse_reject_limit("--max-rejects", text)); }

TEST(RejectBudget, NumbersAndPercentagesAreRead) {
  EXPECT_EQ(parse_reject_limit("--max-rejects", "100").lines, 100U);
  EXPECT_EQ(parse_reject_limit("--max-rejects", "100").share_ppm, std::nullopt);
  EXPECT_EQ(parse_reject_limit("--max-rejects", "0.5%").share_ppm, 5'000U);
  EXPECT_EQ(parse_reject_limit("--max-rejects", "0.0001%").share_ppm, 1U);
  EXPECT_EQ(parse_reject_limit("--max-rejects", "100%").share_ppm, 1'000'000U);
}

TEST(RejectBudget, OtherLimitsAreRefused) {
  for (const char* text :
       {"", "%", "-1", "1.5", "101%", "100.0001%", "0.00001%", ".5%", "1.%", "1e2", "5 %", "0.-5%"}) {
    EXPECT_THROW((void)parse_reject_limit("--max-rejects", text), UsageError) << text;
  }
}

TEST(RejectBudget, WithoutALimitEveryLineMayBeRejected) {
  RejectBudget unlimited{RejectLimit{}};
  for (std::uint64_t line = 1; line <= 20'000; ++line) ASSERT_TRUE(unlimited.add(LineNumber(line)));
  EXPECT_TRUE(unlimited.holds_at_end(20'000));
}

TEST(RejectBudget, OneRejectMoreThanTheNumberExceedsIt) {
  RejectBudget two = budget("2");
  EXPECT_TRUE(two.add(LineNumber(1)));
  EXPECT_TRUE(two.add(LineNumber(5)));
  EXPECT_TRUE(two.holds_at_end(9));
  EXPECT_FALSE(two.add(LineNumber(1'234)));
  EXPECT_FALSE(two.add(LineNumber(1'235)));
  EXPECT_FALSE(two.holds_at_end(1'000'000));
  EXPECT_EQ(two.verdict(), "4 rejected lines up to line 1,234, more than the 2 that --max-rejects allows.");
}

TEST(RejectBudget, ZeroAllowsNone) { EXPECT_FALSE(budget("0").add(LineNumber(1))); }

TEST(RejectBudget, PercentageIsNotJudgedBeforeLineTenThousand) {
  RejectBudget percent = budget("1%");
  for (std::uint64_t line = 1; line <= 101; ++line) ASSERT_TRUE(percent.add(LineNumber(line)));
  EXPECT_TRUE(percent.holds_at_end(10'100));
  EXPECT_FALSE(percent.holds_at_end(10'099));
  EXPECT_FALSE(percent.add(LineNumber(10'000)));
}

TEST(RejectBudget, PercentageIsExactAtItsEdge) {
  RejectBudget percent = budget("0.07%");
  for (std::uint64_t line = 1; line <= 6; ++line) ASSERT_TRUE(percent.add(LineNumber(line)));
  EXPECT_TRUE(percent.add(LineNumber(10'000)));  // 7 of 10,000 are 0.07 % and no more
  EXPECT_FALSE(percent.add(LineNumber(10'001)));
}

TEST(RejectBudget, VerdictAtTheEndNamesTheShare) {
  RejectBudget percent = budget("0.5%");
  ASSERT_TRUE(percent.add(LineNumber(1)));
  ASSERT_FALSE(percent.holds_at_end(100));
  EXPECT_EQ(percent.verdict(), "1 rejected line in all, more than the 0.5% of all lines that --max-rejects allows.");
}

TEST(RejectBudget, NumberMayHoldUpToItWhereverTheLinesAre) {
  EXPECT_TRUE(budget("2").may_hold(2, LineNumber(1), LineNumber(1)));
  EXPECT_FALSE(budget("2").may_hold(3, LineNumber(1), LineNumber(1'000'000)));
}

TEST(RejectBudget, PercentageMayHoldWhatItsLastLineAllowsFromLineTenThousandOn) {
  const RejectBudget percent = budget("1%");
  EXPECT_TRUE(percent.may_hold(9'999, LineNumber(9'999), LineNumber(10'500)));
  EXPECT_TRUE(percent.may_hold(105, LineNumber(10'000), LineNumber(10'500)));
  EXPECT_FALSE(percent.may_hold(106, LineNumber(10'000), LineNumber(10'500)));
}

TEST(RejectBudget, WithoutALimitAnythingMayHold) {
  EXPECT_TRUE(RejectBudget(RejectLimit{}).may_hold(1'000'000, LineNumber(20'000), LineNumber(20'000)));
}

}  // namespace
}  // namespace chatload::report
