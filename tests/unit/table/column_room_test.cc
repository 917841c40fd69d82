#include "table/column_room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chatload::table {
namespace {

using ::testing::EndsWith;

constexpr std::string_view kTable =
    "CREATE TABLE `t` (\n"
    "  `id` varchar(255) COLLATE utf8mb4_bin NOT NULL,\n"
    "  `bytes` varbinary(9) DEFAULT NULL,\n"
    "  `data` varchar(255) DEFAULT 'it''s' COMMENT 'a (b), DEFAULT ''c''',\n"
    "  `text` tinytext,\n"
    "  `number` int(11) DEFAULT NULL,\n"
    "  `long` longtext,\n"
    "  PRIMARY KEY (`id`),\n"
    "  UNIQUE KEY `b` (`bytes`),\n"
    "  FULLTEXT KEY `w` (`data`),\n"
    "  KEY `t` (`text`(9))\n"
    ") ENGINE=InnoDB";

std::string alter(std::string_view column, std::uint64_t length) {
  const RoomChange change = alter_for_room(kTable, "t", column, length, length);
  EXPECT_NE(change.statement.empty(), change.why_none.empty());
  return change.statement.empty() ? change.why_none : change.statement;
}

TEST(ColumnRoom, ALengthIsDoubledUntilItFits) {
  EXPECT_EQ(alter("bytes", 30), "ALTER TABLE `t` MODIFY `bytes` varbinary(36) DEFAULT NULL");
  EXPECT_EQ(alter("data", 300),
            "ALTER TABLE `t` MODIFY `data` varchar(510) DEFAULT 'it''s' COMMENT 'a (b), DEFAULT ''c'''");
}

TEST(ColumnRoom, ALongTextIsNoVarcharAndItsDefaultStandsInBrackets) {
  EXPECT_EQ(alter("data", 5000), "ALTER TABLE `t` MODIFY `data` text DEFAULT ('it''s') COMMENT 'a (b), DEFAULT ''c'''");
  EXPECT_EQ(alter("text", 300), "ALTER TABLE `t` MODIFY `text` text");
  EXPECT_EQ(alter("text", 70'000), "ALTER TABLE `t` MODIFY `text` mediumtext");
}

TEST(ColumnRoom, AKeyHasNoMoreThanItHolds) {
  EXPECT_EQ(alter("id", 600), "ALTER TABLE `t` MODIFY `id` varchar(768) COLLATE utf8mb4_bin NOT NULL");
  EXPECT_THAT(alter("id", 769), EndsWith("the column is in a key, which holds 768 characters"));
  EXPECT_EQ(alter("bytes", 3000), "ALTER TABLE `t` MODIFY `bytes` varbinary(3072) DEFAULT NULL");
  EXPECT_THAT(alter("bytes", 3073), EndsWith("the column is in a key, which holds 3,072 bytes"));
}

TEST(ColumnRoom, WhereThereIsNoStatementTheReasonIsTheTrueOne) {
  EXPECT_EQ(alter("data", 255), "The column has that much room by now");
  EXPECT_EQ(alter("long", 70'000), "The column has that much room by now");
  EXPECT_EQ(alter("number", 300), "The column is int(11), which has no larger type for texts");
  EXPECT_EQ(alter("other", 300), "The table has no such column any more");
  EXPECT_EQ(alter("data", 5'000'000'000), "No ALTER TABLE makes that much room: no TEXT holds more than 4 GiB");
}

}  // namespace
}  // namespace chatload::table
