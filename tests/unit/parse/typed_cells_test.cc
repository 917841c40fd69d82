// What each SQL type takes of a JSON value, and what it says of the others.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping_file.h"
#include "parse/cell_reader.h"
#include "unit/parse/parse_text.h"

namespace chatload::parse {
namespace {

// A key, and a column `v` of that declaration.
mapping::Mapping with_column(const std::string& column) {
  return mapping::parse_mapping(
      "table = 't'\nprimary_key = ['id']\n[[column]]\nname = 'id'\nsql = 'VARCHAR(9) NOT NULL'\n[[column]]\n"
      "name = 'v'\n" +
          column,
      "t.toml");
}

// What becomes of {"id":"a","v":value}: the cell for people, or the outcome.
std::string cell_of(const mapping::Mapping& mapping, std::string_view value) {
  const std::string line = R"({"id":"a")" + (value.empty() ? "" : ",\"v\":" + std::string(value)) + "}";
  const ParsedRange parsed = parse_text(line, mapping, {});
  if (parsed.rows.rows() != 1) return outcome_of(line, mapping, {});
  const Cell cell = parsed.rows.row(0)[1];
  switch (cell.kind()) {
    case CellKind::kNull: return "NULL";
    case CellKind::kText: return "'" + std::string(cell.as_text()) + "'";
    case CellKind::kBytes: return "x'" + std::string(cell.as_text()) + "'";
    case CellKind::kTime: return std::to_string(cell.as_microseconds());
  }
  return "";
}

struct ValueCase {
  std::string value;
  std::string cell;
};

void expect_cells(const std::string& column, const std::vector<ValueCase>& cases) {
  const mapping::Mapping mapping = with_column(column);
  for (const ValueCase& c : cases) EXPECT_EQ(cell_of(mapping, c.value), c.cell) << column << c.value;
}

TEST(TypedCells, MissingAndNullFollowTheDeclaration) {
  expect_cells("sql = 'INT'", {{"", "NULL"}, {"null", "NULL"}});
  expect_cells("sql = 'INT DEFAULT 7'", {{"", "'7'"}, {"null", "NULL"}});
  expect_cells("sql = 'INT NOT NULL DEFAULT 7'", {{"", "'7'"}, {"null", "null_field v"}});
  expect_cells("sql = 'INT NOT NULL'", {{"", "missing_field v"}, {"null", "null_field v"}});
  expect_cells("sql = 'INT DEFAULT 7'\nrequired = true", {{"", "missing_field v"}, {"null", "null_field v"}});
  expect_cells("sql = 'VARCHAR(9)'\nnull_if = ['-', '']", {{"\"-\"", "NULL"}, {"\"\"", "NULL"}, {"\"--\"", "'--'"}});
  expect_cells("sql = 'VARCHAR(9)'", {{"\"\"", "''"}});
  expect_cells("sql = 'VARCHAR(9)'\nempty = false", {{"\"\"", "empty_id v"}});
}

TEST(TypedCells, WhatHoldsAValueIsJudgedByItsKind) {
  const std::string path = "sql = 'INT'\npath = '$.v.list[1].x'";
  expect_cells(path, {{"{\"list\":[0,{\"x\":5}]}", "'5'"},
                      {"{\"list\":[0]}", "NULL"},
                      {"{\"list\":[0,null]}", "NULL"},
                      {"{\"list\":[0,{}]}", "NULL"},
                      {"{\"list\":null}", "NULL"},
                      {"null", "NULL"},
                      {"{\"list\":{\"1\":{\"x\":5}}}", "wrong_type v"},
                      {"{\"list\":[0,[5]]}", "wrong_type v"},
                      {"[1]", "wrong_type v"}});
  expect_cells("sql = 'INT NOT NULL'\npath = '$.v[0]'",
               {{"[7]", "'7'"}, {"[]", "missing_field v"}, {"null", "null_field v"}, {"{}", "wrong_type v"}});
}

TEST(TypedCells, IntegersFitTheirBits) {
  expect_cells("sql = 'TINYINT'", {{"127", "'127'"},
                                   {"128", "out_of_range v"},
                                   {"-128", "'-128'"},
                                   {"-129", "out_of_range v"},
                                   {"-0", "'0'"},
                                   {"1.0", "wrong_type v"},
                                   {"\"1\"", "wrong_type v"},
                                   {"true", "wrong_type v"}});
  expect_cells("sql = 'MEDIUMINT UNSIGNED'",
               {{"16777215", "'16777215'"}, {"16777216", "out_of_range v"}, {"-1", "out_of_range v"}});
  expect_cells("sql = 'BIGINT'", {{"9223372036854775807", "'9223372036854775807'"},
                                  {"9223372036854775808", "out_of_range v"},
                                  {"-9223372036854775808", "'-9223372036854775808'"},
                                  {"-9223372036854775809", "out_of_range v"}});
  expect_cells("sql = 'BIGINT UNSIGNED'\naccept = 'string'", {{"\"18446744073709551615\"", "'18446744073709551615'"},
                                                              {"18446744073709551616", "out_of_range v"},
                                                              {"\"007\"", "'007'"},
                                                              {"\"\"", "bad_number v"},
                                                              {"\"1.0\"", "bad_number v"},
                                                              {"\" 1\"", "bad_number v"}});
}

TEST(TypedCells, FixedLengthsTakeWhatComesBackAsItIs) {
  expect_cells("sql = 'CHAR(3)'", {{"\"abc\"", "'abc'"},
                                   {"\"a\"", "'a'"},
                                   {"\"\"", "''"},
                                   {"\" a\"", "' a'"},
                                   {"\"a \"", "bad_encoding v"},
                                   {"\"abcd\"", "too_long v"}});
  expect_cells("sql = 'BINARY(2)'\ndecode = 'hex'",
               {{"\"0061\"", std::string("x'\0a'", 5)}, {"\"61\"", "bad_encoding v"}, {"\"616161\"", "too_long v"}});
  expect_cells("sql = 'BINARY(2)'", {{"\"ab\"", "'ab'"}, {"\"a\"", "bad_encoding v"}, {"\"abc\"", "too_long v"}});
}

TEST(TypedCells, SetsTakeTheirMembersInTheirOrder) {
  expect_cells("sql = \"SET('a','b','c d')\"", {{"\"\"", "''"},
                                                {"\"a\"", "'a'"},
                                                {"\"a,c d\"", "'a,c d'"},
                                                {"\"b,a\"", "not_a_member v"},
                                                {"\"a,a\"", "not_a_member v"},
                                                {"\"a,\"", "not_a_member v"},
                                                {"\",\"", "not_a_member v"},
                                                {"\"A\"", "not_a_member v"},
                                                {"\"a, b\"", "not_a_member v"}});
}

TEST(TypedCells, UuidsAreWrittenAsTheServerGivesThemBack) {
  expect_cells("sql = 'UUID'", {{"\"00112233-4455-6677-8899-AABBccddeeff\"", "'00112233-4455-6677-8899-aabbccddeeff'"},
                                {"\"00112233445566778899aabbccddeeff\"", "bad_encoding v"},
                                {"\"\"", "bad_encoding v"}});
}

TEST(TypedCells, DecimalsKeepAllTheirDigits) {
  expect_cells("sql = 'DECIMAL(5,2)'", {{"123.45", "'123.45'"},
                                        {"123.450", "'123.450'"},
                                        {"123.456", "too_precise v"},
                                        {"1234", "out_of_range v"},
                                        {"-999.99", "'-999.99'"},
                                        {"1e2", "'1e2'"},
                                        {"1e3", "out_of_range v"},
                                        {"12e-2", "'12e-2'"},
                                        {"12e-3", "too_precise v"},
                                        {"0.00", "'0.00'"},
                                        {"0e999999999999999999999", "'0e999999999999999999999'"},
                                        {"1e-999999999999999999999", "too_precise v"},
                                        {"1e9223372036854775807", "out_of_range v"},
                                        {"1e-9223372036854775808", "too_precise v"},
                                        {"1e999999999999999999999", "out_of_range v"},
                                        {"\"1\"", "wrong_type v"}});
  expect_cells("sql = 'DECIMAL(3,3) UNSIGNED'",
               {{"0.125", "'0.125'"}, {"1", "out_of_range v"}, {"-0.1", "out_of_range v"}, {"-0", "'-0'"}});
}

TEST(TypedCells, FloatingNumbersAreFinite) {
  expect_cells("sql = 'DOUBLE'",
               {{"1e308", "'1e308'"}, {"1e309", "out_of_range v"}, {"1e-400", "out_of_range v"}, {"0.1", "'0.1'"}});
  expect_cells("sql = 'DOUBLE'", {{"5e-324", "'5e-324'"}, {"2e-324", "out_of_range v"}, {"0e-400", "'0e-400'"}});
  expect_cells("sql = 'FLOAT'", {{"3e38", "'3e38'"},
                                 {"4e38", "out_of_range v"},
                                 {"-4e38", "out_of_range v"},
                                 {"1e-45", "'1e-45'"},
                                 {"7e-46", "out_of_range v"},
                                 {"-1e-50", "out_of_range v"},
                                 {"0.0", "'0.0'"},
                                 {"0.123456789", "'0.123456789'"}});
}

TEST(TypedCells, BooleansAreTrueAndFalse) {
  expect_cells("sql = 'BOOLEAN'",
               {{"true", "'1'"}, {"false", "'0'"}, {"1", "wrong_type v"}, {"\"true\"", "wrong_type v"}});
  expect_cells("sql = 'BOOLEAN'\naccept = 'integer'", {{"1", "'1'"}, {"2", "out_of_range v"}});
}

TEST(TypedCells, TimesAreReadByTheFirstFormatThatFits) {
  expect_cells("sql = 'DATETIME(3)'", {{"\"1970-01-01T00:00:01.5Z\"", "1500000"},
                                       {"\"1970-01-01T01:00:00+01:00\"", "0"},
                                       {"\"1969-12-31 23:59:59.999Z\"", "-1000"},
                                       {"\"1970-01-01T00:00:00.0001Z\"", "too_precise v"},
                                       {"\"1970-01-01T00:00:00.0000000001Z\"", "too_precise v"},
                                       {"\"1970-02-30T00:00:00Z\"", "bad_timestamp v"},
                                       {"\"1970-01-01T00:00:60Z\"", "bad_timestamp v"},
                                       {"\"1970-01-01T00:00:00\"", "bad_timestamp v"},
                                       {"\"1970-01-01\"", "bad_timestamp v"},
                                       {"\"0999-12-31T23:59:59Z\"", "timestamp_out_of_range v"},
                                       {"5", "wrong_type v"}});
  expect_cells("sql = 'TIMESTAMP'\ntime = ['epoch_s', '%d/%b/%Y:%H:%M:%S %z']",
               {{"1", "1000000"},
                {"0", "timestamp_out_of_range v"},
                {"1.5", "bad_timestamp v"},
                {"\"02/Jan/1970:01:00:00 +0100\"", "86400000000"},
                {"\"30/Feb/1970:01:00:00 +0100\"", "bad_timestamp v"},
                {"true", "wrong_type v"}});
  expect_cells("sql = 'DATE'", {{"\"1970-01-02\"", "86400000000"}, {"\"1970-01-02 \"", "bad_timestamp v"}});
  expect_cells("sql = 'DATE'\ntime = 'epoch_ms'", {{"86400000", "86400000000"}, {"86400001", "too_precise v"}});
  expect_cells("sql = 'DATETIME(6)'\ntime = 'epoch_ns'", {{"1000", "1"}, {"1001", "too_precise v"}});
}

TEST(TypedCells, AFormatThatReadsATimeTheColumnCannotHoldGivesWayToTheNext) {
  expect_cells("sql = 'DATETIME(3)'\ntime = ['epoch_s', 'epoch_ms']",
               {{"1714564800", "1714564800000000"}, {"1714564800123", "1714564800123000"}});
}

TEST(TypedCells, EachFormatOfAListReadsItsOwnKindOfValue) {
  const std::string list = "sql = 'DATETIME'\ntime = ['rfc3339', 'epoch_s', '%Y%m%d']";
  expect_cells(list,
               {{"\"20240501\"", "1714521600000000"}, {"20240501", "20240501000000"}, {"\"5\"", "bad_timestamp v"}});
  expect_cells(list + "\naccept = 'string'", {{"\"20240501\"", "20240501000000"}, {"\"5x\"", "bad_timestamp v"}});
  expect_cells("sql = 'DATETIME'\ntime = ['rfc3339', 'epoch_s']", {{"\"20240501\"", "bad_timestamp v"}});
  expect_cells("sql = 'DATETIME'\ntime = ['rfc3339', '%Y%m%d']", {{"20240501", "wrong_type v"}});
  expect_cells("sql = 'DATETIME'\ntime = 'epoch_s'", {{"\"20240501\"", "wrong_type v"}});
}

TEST(TypedCells, AnEmptyKindIsNoOtherLinesKind) {
  const mapping::Mapping mapping = mapping::parse_mapping(
      "table = 't'\nprimary_key = ['id']\nkind = 'v'\n[[column]]\nname = 'id'\nsql = 'VARCHAR(9) NOT "
      "NULL'\n[[column]]\n"
      "name = 'v'\nsql = 'VARCHAR(9)'\nempty = false\n[[only]]\ncolumn = 'v'\nin = ['a']\n",
      "t.toml");
  for (const char* before : {"a", "b"}) {
    const std::string lines = fmt::format("{{\"id\":\"1\",\"v\":\"{}\"}}\n{{\"id\":\"2\",\"v\":\"\"}}\n", before);
    const ParsedRange parsed = parse_text(lines, mapping, filter_of(mapping));
    EXPECT_EQ(parsed.counts.filtered, before[0] == 'a' ? 1u : 2u) << "of an empty kind the filter knows";
  }
}

TEST(TypedCells, NullTextIsANullFieldWhereTheTableRefusesNull) {
  mapping::Mapping mapping = with_column("sql = 'VARCHAR(9)'\nnull_if = '-'");
  EXPECT_EQ(cell_of(mapping, "\"-\""), "NULL");
  mapping.columns[1].type.is_nullable = false;
  EXPECT_EQ(cell_of(mapping, "\"-\""), "null_field v");
}

TEST(TypedCells, ADefaultHasToFitItsColumn) {
  for (const auto& [sql, fits] : std::vector<std::pair<std::string, bool>>{{"INT DEFAULT 7", true},
                                                                           {"INT DEFAULT 1.5", false},
                                                                           {"TINYINT DEFAULT 999", false},
                                                                           {"VARCHAR(3) DEFAULT 'abcd'", false},
                                                                           {"DECIMAL(4,2) DEFAULT 1.239", false},
                                                                           {"BOOLEAN DEFAULT 7", false},
                                                                           {"BOOLEAN DEFAULT TRUE", true},
                                                                           {"BOOLEAN DEFAULT 'true'", false},
                                                                           {"INT DEFAULT -1", true},
                                                                           {"INT", true}}) {
    const mapping::Column column = with_column("sql = \"" + sql + "\"").columns[1];
    EXPECT_EQ(!column.type.default_text || holds_text(column, *column.type.default_text), fits) << sql;
  }
}

TEST(TypedCells, JsonIsAnyValueAsItStands) {
  expect_cells("sql = 'JSON'",
               {{"{\"a\": [1, {}]}", "'{\"a\": [1, {}]}'"},
                {"[ ]", "'[ ]'"},
                {"true", "'true'"},
                {"-1.5e3", "'-1.5e3'"},
                {"\"\\u00e9\\n\"", "'\"\u00e9\\n\"'"},
                {"null", "NULL"},
                {"[18446744073709551615,-9223372036854775808]", "'[18446744073709551615,-9223372036854775808]'"},
                {"[18446744073709551616]", "too_precise v"},
                {"{\"18446744073709551616\\\"\":\"18446744073709551616\"}",
                 "'{\"18446744073709551616\\\"\":\"18446744073709551616\"}'"},
                {"[1e999]", "'[1e999]'"}});
}

TEST(TypedCells, MembersAreTakenLetterForLetter) {
  expect_cells("sql = \"ENUM('a','2')\"", {{"\"a\"", "'a'"},
                                           {"\"A\"", "not_a_member v"},
                                           {"\"2\"", "'2'"},
                                           {"\"1\"", "not_a_member v"},
                                           {"2", "wrong_type v"}});
}

TEST(TypedCells, BytesAreDecoded) {
  expect_cells("sql = 'VARBINARY(3)'\ndecode = 'hex'", {{"\"616263\"", "x'abc'"},
                                                        {"\"6G\"", "bad_encoding v"},
                                                        {"\"616\"", "bad_encoding v"},
                                                        {"\"61626364\"", "too_long v"}});
  expect_cells("sql = 'BLOB'\ndecode = 'base64'", {{"\"YWI=\"", "x'ab'"},
                                                   {"\"YWJj\"", "x'abc'"},
                                                   {"\"\"", "x''"},
                                                   {"\"YWI\"", "bad_encoding v"},
                                                   {"\"YWJ=\"", "bad_encoding v"},
                                                   {"\"====\"", "bad_encoding v"},
                                                   {"\"Y===\"", "bad_encoding v"}});
  expect_cells("sql = 'VARBINARY(16)'\ndecode = 'uuid'",
               {{"\"61626364-6162-6364-6162-636461626364\"", "x'abcdabcdabcdabcd'"},
                {"\"61626364616263646162636461626364\"", "bad_encoding v"}});
  expect_cells("sql = 'VARBINARY(3)'", {{"\"abc\"", "'abc'"}, {"\"\u00e9\u00e9\"", "too_long v"}});
}

}  // namespace
}  // namespace chatload::parse
