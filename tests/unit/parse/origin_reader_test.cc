// Columns whose values do not stand in the record.
#include "parse/origin_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mapping/mapping_file.h"
#include "unit/parse/parse_text.h"

namespace chatload::parse {
namespace {

mapping::Mapping with(const std::string& columns, const std::string& top = "") {
  return mapping::parse_mapping("table = 't'\nprimary_key = ['id']\n" + top +
                                    "\n[[column]]\nname = 'id'\nsql = 'VARCHAR(9) NOT NULL'\n" + columns,
                                "t.toml");
}

ParsedRange parsed_of(split::Range range) {
  ParsedRange parsed;
  parsed.range = std::move(range);
  return parsed;
}

std::string text_of(const Cell& cell) {
  switch (cell.kind()) {
    case CellKind::kNull: return "NULL";
    case CellKind::kTime: return std::to_string(cell.as_microseconds());
    default: return std::string(cell.as_text());
  }
}

// The last column's cells, and of rejected lines the reason.
std::vector<std::string> last_cells(ParsedRange& parsed, const mapping::Mapping& mapping) {
  RangeParser(mapping, filter_of(mapping), kTestLineBytesMax).parse(parsed);
  std::vector<std::string> cells;
  for (std::size_t row = 0; row < parsed.rows.rows(); ++row) cells.push_back(text_of(parsed.rows.row(row).back()));
  for (const RejectedLine& reject : parsed.rejects) cells.emplace_back(to_string(reject.reason));
  return cells;
}

using Texts = std::vector<std::string>;
constexpr std::string_view kTwo = "{\"id\":\"a\"}\n{\"id\":\"b\"}\n";

TEST(OriginReader, AConstantIsInEveryRow) {
  const auto cells = [](const std::string& column) {
    const mapping::Mapping mapping = with("[[column]]\nname = 'v'\n" + column);
    ParsedRange parsed = parsed_of(make_range(kTwo));
    return last_cells(parsed, mapping);
  };
  EXPECT_EQ(cells("sql = 'VARCHAR(9)'\nvalue = 'x'"), Texts({"x", "x"}));
  EXPECT_EQ(cells("sql = 'INT'\nvalue = 7"), Texts({"7", "7"}));
  EXPECT_EQ(cells("sql = 'BOOLEAN'\nvalue = true"), Texts({"1", "1"}));
  EXPECT_EQ(cells("sql = 'DATETIME'\nvalue = '1970-01-02T00:00:00Z'"), Texts({"86400000000", "86400000000"}));
}

TEST(OriginReader, MetaSaysWhereARecordComesFrom) {
  const auto cells = [](const std::string& column) {
    const mapping::Mapping mapping = with("[[column]]\nname = 'v'\n" + column);
    const SourceFacts facts{.name = "a.json", .load = 12, .loaded_at_microseconds = 1'700'000'000'123'456};
    ParsedRange parsed = parsed_of(make_range(kTwo, ByteOffset(100)));
    parsed.source = &facts;
    parsed.lines_before = 40;
    return last_cells(parsed, mapping);
  };
  EXPECT_EQ(cells("sql = 'VARCHAR(9)'\nmeta = 'source'"), Texts({"a.json", "a.json"}));
  EXPECT_EQ(cells("sql = 'VARCHAR(3)'\nmeta = 'source'"), Texts({"too_long", "too_long"}));
  EXPECT_EQ(cells("sql = 'INT'\nmeta = 'line'"), Texts({"41", "42"}));
  EXPECT_EQ(cells("sql = 'INT'\nmeta = 'offset'"), Texts({"100", "111"}));
  EXPECT_EQ(cells("sql = 'TINYINT'\nmeta = 'offset'"), Texts({"100", "111"}));
  EXPECT_EQ(cells("sql = 'INT'\nmeta = 'load'"), Texts({"12", "12"}));
  EXPECT_EQ(cells("sql = 'DATETIME(3)'\nmeta = 'loaded_at'"), Texts({"1700000000123000", "1700000000123000"}));
  EXPECT_EQ(cells("sql = 'TIMESTAMP'\nmeta = 'loaded_at'"), Texts({"1700000000000000", "1700000000000000"}));
}

TEST(OriginReader, AnOuterValueIsThatOfTheDocumentAroundTheRecord) {
  const mapping::Mapping mapping = with(
      "[[column]]\nname = 'n'\nsql = 'INT'\nouter = '$.n'\n[[column]]\nname = 'v'\nsql = 'VARCHAR(5)'\nouter = '$.v'\n",
      "records = '$.r[*]'");
  ParsedRange parsed = parsed_of(make_range(R"({"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"})"));
  parsed.range.records = {{0, 10}, {11, 10}, {22, 10}, {33, 10}};
  parsed.range.outer = {{0, R"({"0":1,"1":"\u0061\"b"})"}, {2, R"({"1":"too long"})"}, {3, "{\"1\":\"\xff\"}"}};
  EXPECT_EQ(last_cells(parsed, mapping), Texts({"a\"b", "a\"b", "too_long", "invalid_utf8"}));
}

TEST(OriginReader, UnknownFieldsComeToTheirColumnAsAnObject) {
  const mapping::Mapping mapping = with(
      "[[column]]\nname = 'm'\nsql = 'VARCHAR(9)'\npath = '$.data.m'\n[[column]]\nname = 'j'\nsql = 'JSON'\n"
      "[[column]]\nname = 'deep'\nsql = 'INT'\npath = '$.data.in.x'\n[[column]]\nname = 'v'\nsql = 'JSON'\n",
      "unknown = 'v'");
  ParsedRange parsed =
      parsed_of(make_range(R"({"id":"a","j":{"z":1},"data":{"m":"x"}})"
                           "\n"
                           R"({"p":1,"id":"b","data":{"in":{"y" : [1, 2],"x":5},"m":null,"q":"\"" },"r":{"s":{}}})"
                           "\n"
                           R"({"id":"c","id":"d","data":{"o":18446744073709551616}})"
                           "\n"
                           R"({"id":"e","v":7})"
                           "\n"));
  EXPECT_EQ(last_cells(parsed, mapping), Texts({"NULL", R"({"p":1,"data":{"in":{"y" : [1, 2]},"q":"\""},"r":{"s":{}}})",
                                                R"({"v":7})", "too_precise"}));
}

TEST(OriginReader, AnArrayOfWhichAColumnHasAPartIsKnownAsAWhole) {
  const mapping::Mapping mapping =
      with("[[column]]\nname = 'a'\nsql = 'INT'\npath = '$.list[0].a'\n[[column]]\nname = 'v'\nsql = 'JSON'\n",
           "unknown = 'v'");
  ParsedRange parsed = parsed_of(make_range(R"({"id":"a","list":[{"a":1,"b":2},{"c":3}],"d":4})"));
  EXPECT_EQ(last_cells(parsed, mapping), Texts({R"({"d":4})"}));
}

TEST(OriginReader, ARecordWithAnUnknownFieldIsRejectedWhereTheMappingSaysSo) {
  const mapping::Mapping mapping = with("", "unknown = 'reject'");
  ParsedRange parsed = parsed_of(make_range("{\"id\":\"a\"}\n{\"id\":\"b\", \"x\":1}\n{\"id\":5, \"x\":1}\n"));
  EXPECT_EQ(last_cells(parsed, mapping), Texts({"a", "unknown_field", "wrong_type"}));
  EXPECT_EQ(to_string(parsed.rejects.front().fault), "unknown field at column 12");
}

TEST(OriginReader, RejectsThatAreAskedForAgainAreTheSame) {
  const mapping::Mapping mapping = with(
      "[[column]]\nname = 'w'\nsql = 'VARCHAR(2)'\nmeta = 'source'\n[[column]]\nname = 'v'\nsql = 'INT'\nmeta = "
      "'line'");
  const SourceFacts facts{.name = "long"};
  ParsedRange parsed = parsed_of(make_range(kTwo));
  parsed.source = &facts;
  parsed.rejects_max = 1;
  RangeParser parser(mapping, filter_of(mapping), kTestLineBytesMax);
  parser.parse(parsed);
  ASSERT_TRUE(parsed.has_more_rejects);
  parser.parse_more_rejects(parsed);
  ASSERT_EQ(parsed.rejects.size(), 1U);
  EXPECT_EQ(parsed.rejects.front().reason, RejectReason::kTooLong);
  EXPECT_EQ(parsed.rejects.front().line.line_index, 1U);
}

}  // namespace
}  // namespace chatload::parse
