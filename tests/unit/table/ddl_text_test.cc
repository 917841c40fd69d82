#include "table/ddl_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chatload::table {
namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;

TEST(DdlText, AStatementEndsWhereASemicolonEndsItsLine) {
  EXPECT_THAT(split_statements("-- One; two.\nCREATE `a`;\n-- Of `b`.\nALTER `b`;\n"),
              ElementsAre("-- One; two.\nCREATE `a`", "-- Of `b`.\nALTER `b`"));
  EXPECT_THAT(split_statements("ALTER `b`"), ElementsAre("ALTER `b`"));
  EXPECT_THAT(split_statements(""), ElementsAre());
}

TEST(DdlText, ATableHasItsNameItsColumnsAndItsUniqueKeys) {
  const auto table = created_table(
      "-- It has `this`.\n"
      "/*M! SET STATEMENT x = 1 FOR */\n"
      "CREATE TABLE IF NOT EXISTS `a b` (\n"
      "  `id` VARCHAR(255) CHARACTER SET utf8mb4 NOT NULL, -- first, and\n"
      "  `from` BIGINT UNSIGNED,\n"
      "  `at` DATETIME(6),\n"
      "  `raw` LONGBLOB,\n"
      "  PRIMARY KEY (`id`, `from`),\n"
      "  UNIQUE KEY `name` (`at`),\n"
      "  KEY `more` (`from`)\n"
      ") ENGINE = InnoDB");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->name, "a b");
  EXPECT_THAT(table->columns, ElementsAre(FieldsAre("id", "varchar"), FieldsAre("from", "bigint"),
                                          FieldsAre("at", "datetime"), FieldsAre("raw", "longblob")));
  EXPECT_THAT(table->unique_keys, ElementsAre("id,from", "at"));
}

TEST(DdlText, WhatCreatesNoTableIsNoDefinition) {
  EXPECT_FALSE(created_table("-- CREATE TABLE of old\nALTER TABLE `a` ADD `b` INT"));
  EXPECT_FALSE(created_table(""));
}

TEST(DdlText, AColumnThatIsAddedHasItsTableItsNameAndItsType) {
  const auto added = added_column("\n-- Of `c`.\nALTER TABLE `a` ADD COLUMN `b c` BIGINT UNSIGNED");
  ASSERT_TRUE(added);
  EXPECT_EQ(added->table, "a");
  EXPECT_EQ(added->column.name, "b c");
  EXPECT_EQ(added->column.type, "bigint");
  EXPECT_EQ(added->statement, "ALTER TABLE `a` ADD COLUMN `b c` BIGINT UNSIGNED");
}

TEST(DdlText, WhatAddsNoColumnIsNoColumn) {
  EXPECT_FALSE(added_column("-- ALTER TABLE `a` ADD COLUMN `b` INT"));
  EXPECT_FALSE(added_column("ALTER TABLE `a` DROP COLUMN `b`"));
  EXPECT_FALSE(added_column(""));
}

}  // namespace
}  // namespace chatload::table
