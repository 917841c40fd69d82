#include "report/reject_sink.h"
#include "mapping/mapping_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace chatload::report {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

RejectRecord record(std::uint64_t line) {
  return {.reason = parse::RejectReason::kInvalidJson,
          .field = {},
          .detail = {},
          .line = LineNumber(line),
          .offset = ByteOffset(0),
          .raw = "{"};
}

class RejectSinkTest : public testing::Test {
 protected:
  RejectSinkTest() { report_.begin("all of them are elsewhere"); }

  RejectSink sink(std::string_view limit = "100%", std::string input = "log") {
    return {std::move(input), parse_reject_limit("--max-rejects", limit), report_};
  }

  const mapping::Mapping mapping_ = mapping::chat_mapping();
  RejectReport report_{mapping_, nullptr};
};

TEST_F(RejectSinkTest, RecordedLinesAreInTheBudgetWithThoseThatAreNew) {
  RejectSink rejects = sink("2");
  EXPECT_TRUE(rejects.add_recorded(LineNumber(3)));
  EXPECT_TRUE(rejects.add(record(5)));
  EXPECT_EQ(rejects.rejected(), 2U);
  EXPECT_FALSE(rejects.add_recorded(LineNumber(8)));
  EXPECT_EQ(rejects.verdict(), "log: 3 rejected lines up to line 8, more than the 2 that --max-rejects allows.");
  EXPECT_EQ(rejects.verdict_at_end(1'000, 0), rejects.verdict());
}

TEST_F(RejectSinkTest, InputOfNothingButRejectsIsAVerdictWhoeverRecordedThem) {
  RejectSink rejects = sink();
  ASSERT_TRUE(rejects.add_recorded(LineNumber(1)));
  ASSERT_TRUE(rejects.add(record(3)));
  EXPECT_EQ(rejects.verdict_at_end(4, 1), std::nullopt);
  EXPECT_THAT(rejects.verdict_at_end(3, 1).value_or(""), HasSubstr("none of its 2 lines can be loaded"));
}

TEST_F(RejectSinkTest, MoreMayBeHeldAsTheBudgetSays) {
  const RejectSink rejects = sink("2");
  EXPECT_TRUE(rejects.may_hold(2, LineNumber(1), LineNumber(9)));
  EXPECT_FALSE(rejects.may_hold(3, LineNumber(1), LineNumber(9)));
}

TEST_F(RejectSinkTest, EachSourceHasABudgetOfItsOwn) {
  RejectSink first = sink("1", "first");
  RejectSink second = sink("1", "second");
  EXPECT_TRUE(first.add(record(3)));
  EXPECT_TRUE(second.add(record(4)));
  EXPECT_FALSE(second.add(record(5)));
  EXPECT_EQ(second.verdict(), "second: 2 rejected lines up to line 5, more than the 1 that --max-rejects allows.");
  EXPECT_EQ(first.verdict_at_end(100, 0), std::nullopt);
}

TEST_F(RejectSinkTest, WhatNoneFitsIsSaidOfItsOwnSourceAlone) {
  RejectSink other = sink("100%", "other");
  RejectRecord too_long = record(1);
  too_long.reason = parse::RejectReason::kTooLong;
  ASSERT_TRUE(other.add(too_long));
  RejectSink rejects = sink();
  ASSERT_TRUE(rejects.add(record(1)));
  const std::string verdict = rejects.verdict_at_end(1, 0).value_or("");
  EXPECT_THAT(verdict, HasSubstr("log: none of its 1 line can be loaded"));
  EXPECT_THAT(verdict, Not(HasSubstr("too_long")));
}

TEST_F(RejectSinkTest, TheFirstFewOfTheCommandAreShownWhateverSourceTheyAreOf) {
  testing::internal::CaptureStdout();
  for (int source = 1; source <= 4; ++source) {
    RejectSink rejects = sink("100%", "log " + std::to_string(source));
    for (int line = 1; line <= 2; ++line) ASSERT_TRUE(rejects.add(record(static_cast<std::uint64_t>(line))));
  }
  const std::string shown = testing::internal::GetCapturedStdout();
  EXPECT_THAT(shown,
              AllOf(HasSubstr("log 1: "), HasSubstr("log 2: "), HasSubstr("log 3: "), Not(HasSubstr("log 4: "))));
  EXPECT_THAT(shown, HasSubstr("more lines are rejected; all of them are elsewhere"));
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 6);
}

TEST_F(RejectSinkTest, LinesThatAreOnlyPresumedAreInTheBudgetAndNowhereElse) {
  RejectSink rejects = sink("3");
  rejects.end_of_input(100);
  rejects.presume(2);
  EXPECT_EQ(rejects.rejected(), 2U);
  EXPECT_EQ(report_.shown, 0U);
  EXPECT_TRUE(rejects.add(record(7)));
  EXPECT_FALSE(rejects.add(record(8)));
}

TEST_F(RejectSinkTest, AnInputIsEndedWhereEveryLineOfItIsRejectedThoughTheBudgetCountsOnlySome) {
  RejectSink rejects = sink("2");
  ASSERT_TRUE(rejects.add(record(7)));
  EXPECT_FALSE(rejects.verdict_at_end(/*lines=*/4, /*blank=*/1));
  EXPECT_THAT(rejects.verdict_at_end(/*lines=*/4, /*blank=*/1, /*not_added=*/2).value_or(""),
              HasSubstr("none of its 3 lines can be loaded"));
}

TEST_F(RejectSinkTest, RejectsBehindTheEndAreJudgedAsIfTheyStoodThere) {
  RejectSink rejects = sink("1%");
  rejects.end_of_input(20'000);
  for (int line = 1; line <= 200; ++line) ASSERT_TRUE(rejects.add(record(static_cast<std::uint64_t>(line)))) << line;
  EXPECT_FALSE(rejects.may_hold(201, LineNumber(1), LineNumber(1)));
  EXPECT_FALSE(rejects.add(record(201)));
}

}  // namespace
}  // namespace chatload::report
