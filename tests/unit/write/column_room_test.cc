#include "write/column_room.h"

#include <gtest/gtest.h>

namespace chatload::write {
namespace {

constexpr std::string_view kTable =
    "CREATE TABLE `t` (\n"
    "  `id` varchar(255) COLLATE utf8mb4_bin NOT NULL,\n"
    "  `bytes` varbinary(9) DEFAULT NULL,\n"
    "  `data` varchar(255) DEFAULT 'it''s' COMMENT 'a (b), DEFAULT ''c''',\n"
    "  `text` tinytext,\n"
    "  `number` int(11) DEFAULT NULL,\n"
    "  PRIMARY KEY (`id`)\n"
    ") ENGINE=InnoDB";

std::string alter(std::string_view column, std::uint64_t length) {
  return alter_for_room(kTable, "t", column, length, length).value_or("none");
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
  EXPECT_EQ(alter("id", 769), "none");
}

TEST(ColumnRoom, AColumnThatHasRoomOrIsNoTextIsLeftAlone) {
  EXPECT_EQ(alter("data", 255), "none");
  EXPECT_EQ(alter("number", 300), "none");
  EXPECT_EQ(alter("other", 300), "none");
}

}  // namespace
}  // namespace chatload::write
