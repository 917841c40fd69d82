// Values that are looked up in reference data.
#include "parse/lookup_reader.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "mapping/mapping_file.h"
#include "unit/parse/parse_text.h"

namespace chatload::parse {
namespace {

using mapping::ReferenceTable;
using Value = ReferenceTable::Value;

std::shared_ptr<const ReferenceTable> regions() {
  auto table = std::make_shared<ReferenceTable>(2);
  table->add("a", std::array<Value, 2>{"North", "1.50"}, 2);
  table->add("7", std::array<Value, 2>{"South", std::nullopt}, 3);
  table->add("", std::array<Value, 2>{"", "-3"}, 4);
  EXPECT_FALSE(table->complete());
  return table;
}

mapping::Mapping looked_up(const std::string& missing, const std::string& columns, const std::string& top = "") {
  mapping::Mapping mapping = mapping::parse_mapping(
      top +
          "table = 't'\nprimary_key = ['id']\n[[column]]\nname = 'id'\nsql = 'VARCHAR(9) NOT NULL'\n[[lookup]]\n"
          "name = 'regions'\nfile = 'regions.csv'\nkey = 'code'\n" +
          missing + columns,
      "t.toml");
  mapping.lookups.front().table = regions();
  return mapping;
}

const std::string kColumns =
    "[[column]]\nname = 'name'\nsql = 'VARCHAR(9)'\npath = '$.r'\nlookup = 'regions.name'\n"
    "[[column]]\nname = 'wage'\nsql = 'DECIMAL(6,2)'\npath = '$.r'\nlookup = 'regions.wage'\nnull_if = '-'\n";

// "North 1.50", or the outcome.
std::string row_of(const mapping::Mapping& mapping, std::string_view value) {
  const std::string line = R"({"id":"a")" + (value.empty() ? "" : ",\"r\":" + std::string(value)) + "}";
  const ParsedRange parsed = parse_text(line, mapping, filter_of(mapping));
  if (parsed.rows.rows() != 1) return outcome_of(line, mapping, filter_of(mapping));
  std::string row;
  for (const Cell& cell : parsed.rows.row(0).subspan(1)) {
    row += (row.empty() ? "" : " ") + (cell.is_borrowed() ? std::string(cell.as_text()) : "NULL");
  }
  return row;
}

TEST(LookupReader, AValueBecomesWhatItsRowHas) {
  const mapping::Mapping mapping = looked_up("", kColumns);
  EXPECT_EQ(row_of(mapping, R"("a")"), "North 1.50");
  EXPECT_EQ(row_of(mapping, R"("\u0061")"), "North 1.50");
  EXPECT_EQ(row_of(mapping, "7"), "South NULL");
  EXPECT_EQ(row_of(mapping, R"("7")"), "South NULL");
  EXPECT_EQ(row_of(mapping, R"("")"), "-3");
  EXPECT_EQ(row_of(mapping, ""), "NULL NULL");
  EXPECT_EQ(row_of(mapping, "null"), "NULL NULL");
  EXPECT_EQ(row_of(mapping, "true"), "wrong_type name");
  EXPECT_EQ(row_of(mapping, "7.0"), "wrong_type name");
}

TEST(LookupReader, WhatHasNoRowIsRejectedNullOrFiltered) {
  EXPECT_EQ(row_of(looked_up("", kColumns), R"("x")"), "lookup_missing name");
  EXPECT_EQ(row_of(looked_up("missing = 'null'\n", kColumns), R"("x")"), "NULL NULL");
  EXPECT_EQ(row_of(looked_up("missing = 'filter'\n", kColumns), R"("x")"), "filtered");
  const mapping::Mapping filters =
      looked_up("missing = 'filter'\n", kColumns + "[[column]]\nname = 'n'\nsql = 'INT NOT NULL'\n");
  EXPECT_EQ(row_of(filters, R"("x")"), "missing_field n");  // what is wrong with a record comes first
  EXPECT_EQ(row_of(filters, R"("x","n":1)"), "filtered");
  EXPECT_EQ(row_of(filters, R"("a","n":1)"), "North 1.50 1");
}

TEST(LookupReader, AKindThatALookupFiltersIsFilteredWhateverElseIsMissing) {
  const mapping::Mapping mapping = looked_up(
      "missing = 'filter'\n", kColumns + "[[column]]\nname = 'n'\nsql = 'INT NOT NULL'\npath = { North = '$.n' }\n",
      "kind = 'name'\n");
  EXPECT_EQ(row_of(mapping, R"("x")"), "filtered");
  EXPECT_EQ(row_of(mapping, R"("a")"), "missing_field n");
  EXPECT_EQ(row_of(mapping, R"("a","n":5)"), "North 1.50 5");
}

TEST(LookupReader, NullOfARowFollowsTheDeclaration) {
  const std::string wage =
      "[[column]]\nname = 'wage'\nsql = 'DECIMAL(6,2) NOT NULL'\npath = '$.r'\nlookup = 'regions.wage'\n";
  const std::string name = "[[column]]\nname = 'name'\nsql = 'VARCHAR(9)'\npath = '$.r'\nlookup = 'regions.name'\n";
  EXPECT_EQ(row_of(looked_up("", name + wage), "7"), "null_field wage");
}

TEST(LookupReader, ConditionsCompareWhatWasLookedUp) {
  const mapping::Mapping mapping = looked_up("", kColumns + "[[only]]\ncolumn = 'wage'\nabove = 1\n");
  EXPECT_EQ(row_of(mapping, R"("a")"), "North 1.50");
  EXPECT_EQ(row_of(mapping, R"("")"), "filtered");
  EXPECT_EQ(row_of(mapping, "7"), "filtered");
}

TEST(ReferenceTable, AKeyThatIsThereTwiceIsFound) {
  ReferenceTable table(1);
  table.add("a", std::array<Value, 1>{"x"}, 2);
  table.add("b", std::array<Value, 1>{"x"}, 3);
  table.add("a", std::array<Value, 1>{"y"}, 4);
  const auto same = table.complete();
  ASSERT_TRUE(same);
  EXPECT_EQ(table.place(same->first), 2U);
  EXPECT_EQ(table.place(same->second), 4U);
}

TEST(ReferenceTable, ADigestIsOfTheContentWhateverItsOrder) {
  const auto digest = [](const std::vector<std::pair<std::string_view, Value>>& rows) {
    ReferenceTable table(1);
    for (const auto& [key, value] : rows) table.add(key, std::span(&value, 1), 1);
    EXPECT_FALSE(table.complete());
    return table.digest();
  };
  EXPECT_EQ(digest({{"a", "x"}, {"b", std::nullopt}}), digest({{"b", std::nullopt}, {"a", "x"}}));
  EXPECT_NE(digest({{"a", "x"}, {"b", std::nullopt}}), digest({{"a", "x"}, {"b", ""}}));
  EXPECT_NE(digest({{"a", "xb"}}), digest({{"ax", "b"}}));
}

}  // namespace
}  // namespace chatload::parse
