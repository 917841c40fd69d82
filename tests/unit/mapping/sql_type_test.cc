#include "mapping/sql_type.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mapping/syntax_error.h"

namespace chatload::mapping {
namespace {

// What is said of it, and where: "9: there is no …".
std::string refusal_of(const std::string& declaration) {
  try {
    return "accepted as " + declaration_of(parse_sql_type(declaration));
  } catch (const SyntaxError& error) {
    return std::to_string(error.at_bytes()) + ": " + error.what();
  }
}

TEST(SqlType, ADeclarationIsWrittenAsItWasUnderstood) {
  for (const auto& [declaration, written] : std::vector<std::pair<std::string, std::string>>{
           {"varchar(255)", "VARCHAR(255) NULL"},
           {" VARCHAR ( 20 )  not  null ", "VARCHAR(20) NOT NULL"},
           {"VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'it''s'",
            "VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'it''s'"},
           {"text", "TEXT NULL"},
           {"integer unsigned default 7", "INT UNSIGNED NULL DEFAULT '7'"},
           {"bigint(20)", "BIGINT NULL"},
           {"DECIMAL", "DECIMAL(10,0) NULL"},
           {"numeric(12,4) NOT NULL DEFAULT -1.5", "DECIMAL(12,4) NOT NULL DEFAULT '-1.5'"},
           {"bool default true", "BOOLEAN NULL DEFAULT '1'"},
           {"datetime(3)", "DATETIME(3) NULL"},
           {"TIMESTAMP NOT NULL", "TIMESTAMP NOT NULL"},
           {"enum('a','b''c', 'd')", "ENUM('a','b''c','d') NULL"},
           {"varbinary(16)", "VARBINARY(16) NULL"},
           {"char(36) not null", "CHAR(36) NOT NULL"},
           {"CHAR", "CHAR(1) NULL"},
           {"binary(16)", "BINARY(16) NULL"},
           {"set('a','b')", "SET('a','b') NULL"},
           {"uuid NOT NULL", "UUID NOT NULL"},
           {"JSON", "JSON NULL"},
           {"VARCHAR(9) DEFAULT NULL", "VARCHAR(9) NULL"},
       }) {
    EXPECT_EQ(declaration_of(parse_sql_type(declaration)), written);
    EXPECT_EQ(declaration_of(parse_sql_type(written)), written);
  }
}

TEST(SqlType, WhatIsNotUnderstoodIsRefusedWhereItStands) {
  EXPECT_THAT(refusal_of("VARCHR(5)"),
              testing::StartsWith("0: there is no type 'VARCHR'; there are VARCHAR, CHAR, TINYTEXT"));
  EXPECT_EQ(refusal_of("VARCHAR"), "7: '(' is missing here");
  EXPECT_EQ(refusal_of("VARCHAR(x)"), "8: a number from 1 to 65535 is needed here");
  EXPECT_EQ(refusal_of("VARCHAR(70000)"), "8: a number from 1 to 65535 is needed here");
  EXPECT_EQ(refusal_of("DECIMAL(5,6)"), "10: a number from 0 to 5 is needed here");
  EXPECT_EQ(refusal_of("DATETIME(7)"), "9: a number from 0 to 6 is needed here");
  EXPECT_EQ(refusal_of("TEXT(5)"), "5: TEXT takes nothing in brackets");
  EXPECT_EQ(refusal_of("ENUM('a'"), "8: ')' is missing here");
  EXPECT_EQ(refusal_of("ENUM('a"), "7: the text does not end");
  EXPECT_EQ(refusal_of("SET('a','b,c')"), "8: a member of a SET has no comma");
  EXPECT_EQ(refusal_of("CHAR(256)"), "5: a number from 1 to 255 is needed here");
  EXPECT_EQ(refusal_of("UUID DEFAULT 'x'"), "16: a default of bytes is not supported");
  EXPECT_EQ(refusal_of("TEXT UNSIGNED"), "5: UNSIGNED is for numbers");
  EXPECT_EQ(refusal_of("INT COLLATE x"), "4: COLLATE is for texts");
  EXPECT_EQ(refusal_of("INT NOT"), "7: NULL is missing here");
  EXPECT_EQ(refusal_of("INT PRIMARY KEY"),
            "4: a type is followed by UNSIGNED, CHARACTER SET, COLLATE, NULL, NOT NULL or DEFAULT");
  EXPECT_EQ(refusal_of("INT) ENGINE=MyISAM"),
            "3: a type is followed by UNSIGNED, CHARACTER SET, COLLATE, NULL, NOT NULL or DEFAULT");
  EXPECT_THAT(refusal_of("INT DEFAULT uuid()"), testing::StartsWith("12: a default is a text in quotes"));
  EXPECT_EQ(refusal_of("INT DEFAULT '\\''"), "13: a backslash in a text is not supported");
}

TEST(SqlType, WhatTheServerSaysOfAColumnIsUnderstood) {
  EXPECT_EQ(type_text(column_type("bigint(20) unsigned").value()), "BIGINT UNSIGNED");
  EXPECT_EQ(type_text(column_type("decimal(10,2)").value()), "DECIMAL(10,2)");
  EXPECT_EQ(type_text(column_type("enum('a','b''c')").value()), "ENUM('a','b''c')");
  EXPECT_EQ(type_text(column_type("timestamp(6)").value()), "TIMESTAMP(6)");
  EXPECT_EQ(type_text(column_type("int(10) unsigned zerofill").value()), "INT UNSIGNED");
  EXPECT_FALSE(column_type("geometry").has_value());
  EXPECT_EQ(type_text(column_type("set('a','b')").value()), "SET('a','b')");
  EXPECT_EQ(type_text(column_type("char(36)").value()), "CHAR(36)");
}

}  // namespace
}  // namespace chatload::mapping
