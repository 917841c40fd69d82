#include "report/reject_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace chatload::report {
namespace {

using testing::HasSubstr;

RejectRecord record(std::uint64_t line) {
  return {.reason = parse::RejectReason::kInvalidJson,
          .field = {},
          .detail = {},
          .line = LineNumber(line),
          .offset = ByteOffset(0),
          .raw = "{"};
}

RejectSink sink(std::string_view limit = "100%") {
  return {"log", parse_reject_limit("--max-rejects", limit), nullptr, "all of them are elsewhere"};
}

TEST(RejectSink, RecordedLinesAreInTheBudgetWithThoseThatAreNew) {
  RejectSink rejects = sink("2");
  EXPECT_TRUE(rejects.add_recorded(LineNumber(3)));
  EXPECT_TRUE(rejects.add(record(5)));
  EXPECT_EQ(rejects.rejected(), 2U);
  EXPECT_FALSE(rejects.add_recorded(LineNumber(8)));
  EXPECT_EQ(rejects.verdict(), "log: 3 rejected lines up to line 8, more than the 2 that --max-rejects allows.");
  EXPECT_EQ(rejects.verdict_at_end(1'000, 0), rejects.verdict());
}

TEST(RejectSink, InputOfNothingButRejectsIsAVerdictWhoeverRecordedThem) {
  RejectSink rejects = sink();
  ASSERT_TRUE(rejects.add_recorded(LineNumber(1)));
  ASSERT_TRUE(rejects.add(record(3)));
  EXPECT_EQ(rejects.verdict_at_end(4, 1), std::nullopt);
  EXPECT_THAT(rejects.verdict_at_end(3, 1).value_or(""), HasSubstr("none of its 2 lines can be loaded"));
}

TEST(RejectSink, MoreMayBeHeldAsTheBudgetSays) {
  const RejectSink rejects = sink("2");
  EXPECT_TRUE(rejects.may_hold(2, LineNumber(1), LineNumber(9)));
  EXPECT_FALSE(rejects.may_hold(3, LineNumber(1), LineNumber(9)));
}

}  // namespace
}  // namespace chatload::report
