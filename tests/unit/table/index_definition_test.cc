#include "table/index_definition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chatload::table {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(IndexDefinition, PlainIndexesAreFoundInTheTablesOrder) {
  EXPECT_THAT(plain_indexes("CREATE TABLE `t` (\n  `id` varchar(255) NOT NULL,\n  PRIMARY KEY (`id`),\n"
                            "  KEY `b` (`b`(10),`a` DESC),\n  KEY `a` (`a`) /*!80000 INVISIBLE */\n) ENGINE=InnoDB"),
              ElementsAre(IndexDefinition{"b", "KEY `b` (`b`(10),`a` DESC)"},
                          IndexDefinition{"a", "KEY `a` (`a`) /*!80000 INVISIBLE */"}));
}

TEST(IndexDefinition, IndexesOfOtherKindsAreNotAmongThem) {
  EXPECT_THAT(plain_indexes("CREATE TABLE `t` (\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`a`),\n"
                            "  FULLTEXT KEY `f` (`a`),\n  SPATIAL KEY `s` (`g`),\n  VECTOR KEY `v` (`w`),\n"
                            "  CONSTRAINT `c` FOREIGN KEY (`a`) REFERENCES `b` (`a`),\n  CHECK (`KEY ` = 1)\n)"),
              IsEmpty());
}

TEST(IndexDefinition, CommasBracketsAndQuotesInNamesAndTextsDivideNothing) {
  EXPECT_THAT(plain_indexes("CREATE TABLE `t(` (\n  `a,\n  KEY ``x`` (` int DEFAULT '1,\\') KEY `k` ('',',\n"
                            "  KEY `we``ird,(` (`a,b`) COMMENT 'it''s \\\\',\n  KEY `f` ((concat(`a`,_utf8mb4'),'))))"),
              ElementsAre(IndexDefinition{"we`ird,(", "KEY `we``ird,(` (`a,b`) COMMENT 'it''s \\\\'"},
                          IndexDefinition{"f", "KEY `f` ((concat(`a`,_utf8mb4'),')))"}));
}

TEST(IndexDefinition, WhatFollowsTheTablesBracketIsNoIndex) {
  EXPECT_THAT(plain_indexes("CREATE TABLE `t` (\n  `a` int\n) COMMENT='(KEY `k` (`a`))'\nPARTITION BY HASH (`a`)"),
              IsEmpty());
  EXPECT_THAT(plain_indexes(""), IsEmpty());
  EXPECT_THAT(plain_indexes("CREATE TABLE `t"), IsEmpty());
}

}  // namespace
}  // namespace chatload::table
