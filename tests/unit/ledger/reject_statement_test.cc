#include "ledger/reject_statement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace chatload::ledger {
namespace {

using parse::RejectReason;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kPlenty = 1'000'000;
const std::string kHead =
    "INSERT INTO `chatload_rejects` (`load_id`, `source`, `line`, `byte_offset`, `reason`, `field`, `detail`, `raw`, "
    "`raw_is_cut`)"
    " VALUES ";

Reject reject(std::string_view raw) {
  return {.source = SourceOrdinal(3),
          .line = LineNumber(12),
          .offset = ByteOffset(345),
          .reason = RejectReason::kTooLong,
          .field = "from",
          .detail = {},
          .raw = raw};
}

std::string sql_of(const Reject& reject) {
  RejectStatement statement(7, kPlenty);
  EXPECT_TRUE(statement.append(reject));
  return statement.sql().substr(kHead.size());
}

TEST(RejectStatement, RejectsAreRowsOfOneInsertAndOneWithoutItsTextHasNone) {
  RejectStatement statement(7, kPlenty);
  EXPECT_TRUE(statement.empty());
  ASSERT_TRUE(statement.append(reject("{}")));
  ASSERT_TRUE(statement.append(reject("")));
  EXPECT_FALSE(statement.empty());
  EXPECT_EQ(statement.sql(),
            kHead + "(7,3,12,345,'too_long','from',NULL,X'7B7D',0),(7,3,12,345,'too_long','from',NULL,NULL,0)");
}

TEST(RejectStatement, LineOfAnyBytesIsHexadecimal) {
  using namespace std::string_view_literals;
  EXPECT_THAT(sql_of(reject("\xFF\0'\\\x0F"sv)), HasSubstr("X'FF00275C0F'"));
}

TEST(RejectStatement, WhatTheServerSaidIsAStringLiteral) {
  Reject refused = reject("x");
  refused.reason = RejectReason::kRefusedByServer;
  refused.field = {};
  refused.detail = "SQLSTATE 45000: it's a \\ trap";
  EXPECT_EQ(sql_of(refused), R"((7,3,12,345,'refused_by_server',NULL,'SQLSTATE 45000: it\'s a \\ trap',X'78',0))");
}

TEST(RejectStatement, MessageThatTheServerCutInsideACharacterEndsBeforeIt) {
  Reject refused = reject("x");
  refused.detail = "caf\xC3\xA9 \xE5\xBE";
  EXPECT_THAT(sql_of(refused), HasSubstr("'caf\xC3\xA9 '"));
}

TEST(RejectStatement, OnlyALineThatIsTooLongIsCut) {
  Reject cut = reject("x");
  EXPECT_THAT(sql_of(cut), HasSubstr("X'78',0)"));
  cut.reason = RejectReason::kLineTooLong;
  EXPECT_THAT(sql_of(cut), HasSubstr("X'78',1)"));
}

TEST(RejectStatement, RejectThatDoesNotFitLeavesTheStatementAsItWas) {
  const std::string one = sql_of(reject("{}"));
  RejectStatement statement(7, kHead.size() + 2 * one.size() + 1);
  ASSERT_TRUE(statement.append(reject("{}")));
  ASSERT_TRUE(statement.append(reject("[]"))) << "it fits to the byte";
  const std::string sql = statement.sql();
  EXPECT_FALSE(statement.append(reject("")));
  EXPECT_EQ(statement.sql(), sql);
  statement.begin(kPlenty);
  EXPECT_TRUE(statement.empty());
  ASSERT_TRUE(statement.append(reject("{}")));
  EXPECT_EQ(statement.sql(), kHead + one);
}

TEST(RejectStatement, RejectThatIsLargerThanAStatementFitsIntoNone) {
  RejectStatement statement(7, kHead.size() + 100);
  EXPECT_FALSE(statement.append(reject(std::string(100, 'x'))));
  EXPECT_TRUE(statement.empty());
  EXPECT_THAT(statement.sql(), Not(HasSubstr("7878")));
}

}  // namespace
}  // namespace chatload::ledger
