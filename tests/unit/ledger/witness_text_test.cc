#include "ledger/witness_text.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping_file.h"

namespace chatload::ledger {
namespace {

using namespace std::string_view_literals;
using parse::Cell;

mapping::Mapping mapping_with(const std::string& key) {
  return mapping::parse_mapping("table = 't'\nprimary_key = " + key +
                                    "\n[[column]]\nname = 'a`b'\nsql = 'VARCHAR(40) NOT NULL'\n"
                                    "[[column]]\nname = 'n'\nsql = 'BIGINT NOT NULL'\n"
                                    "[[column]]\nname = 'at'\nsql = 'DATETIME(3) NOT NULL'\n"
                                    "[[column]]\nname = 'raw'\nsql = 'VARBINARY(9) NOT NULL'\ndecode = 'hex'\n"
                                    "[[column]]\nname = 'f'\nsql = 'FLOAT NOT NULL'\n",
                                "t.toml");
}

const std::vector<Cell>& row() {
  static const std::vector<Cell> kCells = {Cell::text("it's\0 &=%"sv), Cell::text("-12"),
                                           Cell::time(1'479'816'000'500'000), Cell::bytes("\0\xff"sv),
                                           Cell::text("0.1")};
  return kCells;
}

TEST(WitnessText, ConditionNamesEachColumnOfTheKey) {
  const auto witness = witness_of(mapping_with("['a`b', 'n', 'at', 'raw']"), row());
  ASSERT_TRUE(witness);
  EXPECT_EQ(witness_condition(*witness, "id"),
            "`a``b` = 'it\\'s\\0 &=%' AND `n` = -12 AND `at` = '2016-11-22 12:00:00.500000' AND `raw` = X'00FF'");
}

TEST(WitnessText, KeylessRowsAndFloatingKeysHaveNone) {
  EXPECT_FALSE(witness_of(mapping_with("[]"), row()));
  EXPECT_FALSE(witness_of(mapping_with("['n', 'f']"), row()));
}

TEST(WitnessText, IdOfAnOlderChatloadIsLookedUpInTheKeysColumn) {
  EXPECT_EQ(witness_condition("a'b", "id"), "`id` = 'a\\'b'");
  EXPECT_EQ(witness_condition("a'b", ""), "FALSE");
}

TEST(WitnessText, IdIsWrittenSoThatNothingOfItIsRead) {
  const std::string witness = witness_of_id(mapping_with("['a`b']"), "\0n=#1 OR 1"sv);
  EXPECT_EQ(witness_condition(witness, "id"), "`a``b` = '\\0n=#1 OR 1'");
}

TEST(WitnessText, WhatIsNoWitnessIsNeverThere) {
  for (const std::string_view text :
       {"\0"sv, "\0n"sv, "\0n="sv, "\0n=1"sv, "\0n=#1 OR 1"sv, "\0n=#"sv, "\0n=x0"sv, "\0n=xgg"sv, "\0n='a&m"sv}) {
    EXPECT_EQ(witness_condition(text, "id"), "FALSE") << text;
  }
}

}  // namespace
}  // namespace chatload::ledger
