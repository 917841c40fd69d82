#include "table/ddl_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chatload::table {
namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::UnorderedElementsAre;

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
  EXPECT_THAT(table->unique_keys, ElementsAre(FieldsAre("PRIMARY", "id,from"), FieldsAre("name", "at")));
}

TEST(DdlText, WhatCreatesNoTableIsNoDefinition) {
  EXPECT_FALSE(created_table("-- CREATE TABLE of old\nALTER TABLE `a` ADD `b` INT"));
  EXPECT_FALSE(created_table(""));
}

TEST(DdlText, CommentsInFrontOfAStatementAreTakenAwayAndThoseInItAreNot) {
  EXPECT_EQ(without_comments("\n-- Of `c`.\n--\nCREATE `a` ( -- it\n)"), "CREATE `a` ( -- it\n)");
  EXPECT_EQ(without_comments("-- alone"), "");
}

TEST(DdlText, AColumnIsAddedWhileItIsNotThere) {
  const auto condition = condition_of("\n-- Of `c`.\nALTER TABLE `a` ADD COLUMN `b c` BIGINT,\n  DROP PRIMARY KEY");
  ASSERT_TRUE(condition);
  EXPECT_THAT(*condition, FieldsAre("a", "b c", false));
}

TEST(DdlText, AStatementWithAnIfIsRunWhileThatColumnIsThere) {
  for (const char* statement : {"UPDATE `a` SET `b` = 1", "ALTER TABLE `c` ADD COLUMN `d` INT"}) {
    const auto condition = condition_of(std::string("\n-- Why.\n-- if: `a b`.`c`\n") + statement);
    ASSERT_TRUE(condition);
    EXPECT_THAT(*condition, FieldsAre("a b", "c", true));
  }
}

TEST(DdlText, OtherStatementsHaveNoCondition) {
  EXPECT_FALSE(condition_of("-- ALTER TABLE `a` ADD COLUMN `b` INT"));
  EXPECT_FALSE(condition_of("ALTER TABLE `a` DROP COLUMN `b`"));
  EXPECT_FALSE(condition_of("UPDATE `a` SET `b` = 1\n-- if: `a`.`b`\n"));
  EXPECT_FALSE(condition_of(""));
}

TEST(DdlText, ATableIsAlteredClauseByClause) {
  std::vector<TableDefinition> tables = {{"other", {}, {}},
                                         {"a", {{"b", "int"}, {"c", "text"}}, {{"PRIMARY", "b"}, {"c", "c,b"}}}};
  alter(tables,
        "-- if: `a`.`c`\nALTER TABLE `a` ADD COLUMN `d` VARCHAR(8) NOT NULL,\n  MODIFY COLUMN `b` BIGINT UNSIGNED,\n"
        "  DROP COLUMN `c`,\n  DROP KEY `c`,\n  DROP PRIMARY KEY,\n  ADD PRIMARY KEY (`b`, `d`)");
  EXPECT_THAT(tables[1].columns, UnorderedElementsAre(FieldsAre("b", "bigint"), FieldsAre("d", "varchar")));
  EXPECT_THAT(tables[1].unique_keys, ElementsAre(FieldsAre("PRIMARY", "b,d")));
  EXPECT_THAT(tables[0].columns, ElementsAre());
}

TEST(DdlText, WhatAltersNoneOfTheTablesChangesNothing) {
  std::vector<TableDefinition> tables = {{"a", {{"b", "int"}}, {}}};
  alter(tables, "ALTER TABLE `c` DROP COLUMN `b`");
  alter(tables, "UPDATE `a` SET `b` = 1");
  alter(tables, "");
  EXPECT_THAT(tables[0].columns, ElementsAre(FieldsAre("b", "int")));
}

}  // namespace
}  // namespace chatload::table
