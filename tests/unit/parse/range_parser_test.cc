#include "parse/range_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "unit/parse/parse_text.h"

namespace chatload::parse {
namespace {

enum Column : std::size_t { kType, kId, kFrom, kSiteId, kData, kTimestamp };

std::string repeat(std::string_view text, std::size_t times) {
  std::string repeated;
  for (std::size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

std::string json_string(std::string_view text) { return '"' + std::string(text) + '"'; }

std::string with_message(std::string_view json_text) {
  return LineParts{.data = "\"data\":{\"message\":" + std::string(json_text) + "}"}.text();
}

std::string with_time(std::string_view value) {
  return LineParts{.timestamp = "\"timestamp\":" + std::string(value)}.text();
}

std::string with_site(std::string_view value) {
  return LineParts{.site_id = "\"site_id\":" + std::string(value)}.text();
}

std::string cell(const ParsedRange& parsed, Column column, std::size_t row = 0) {
  return row < parsed.rows.rows() ? std::string(parsed.rows.row(row)[column].as_text()) : "no such row";
}

std::int64_t seconds(const ParsedRange& parsed) { return parsed.rows.row(0)[kTimestamp].as_integer(); }

TEST(RangeParser, MessageLineBecomesARow) {
  const ParsedRange parsed = parse_text(LineParts{}.text() + '\n');
  ASSERT_EQ(parsed.rows.rows(), 1u);
  EXPECT_EQ(parsed.rows.columns, 6u);
  EXPECT_EQ(cell(parsed, kType), "message");
  EXPECT_EQ(cell(parsed, kId), "a1");
  EXPECT_EQ(cell(parsed, kFrom), "visitor12");
  EXPECT_EQ(cell(parsed, kSiteId), "3");
  EXPECT_EQ(cell(parsed, kData), "hello");
  EXPECT_EQ(seconds(parsed), 1479816000);
}

TEST(RangeParser, StatusLineTakesDataFromStatus) {
  const ParsedRange parsed =
      parse_text(LineParts{.type = R"("type":"status")", .data = R"("data":{"message":1,"status":"online"})"}.text());
  EXPECT_EQ(cell(parsed, kData), "online");
}

TEST(RangeParser, TypeThatWasAskedForHasEmptyData) {
  RowFilter filter;
  filter.types = {"typing"};
  const std::string line = LineParts{.type = R"("type":"typing")", .data = ""}.text();
  const ParsedRange parsed = parse_text(line, chat_mapping(), filter);
  EXPECT_EQ(cell(parsed, kData), "");
  EXPECT_EQ(outcome_of(LineParts{}.text(), chat_mapping(), filter), "filtered");
}

TEST(RangeParser, KeyOrderAndWhiteSpaceAreFree) {
  const ParsedRange parsed = parse_text(
      " {\t\"data\" : { \"x\":[] , \"message\" : \"m\" } ,\"timestamp\": \"5\" , \"site_id\" :7 ,"
      "\"from\":\"f\", \"type\" : \"message\" , \"id\":\"i\" } \t\r\n");
  EXPECT_EQ(cell(parsed, kData), "m");
  EXPECT_EQ(cell(parsed, kSiteId), "7");
  EXPECT_EQ(seconds(parsed), 5);
}

struct LineCase {
  std::string line;
  std::string outcome;
};

void expect_outcomes(const std::vector<LineCase>& cases) {
  for (const LineCase& c : cases) EXPECT_EQ(outcome_of(c.line), c.outcome) << c.line.substr(0, 200);
}

TEST(RangeParser, MissingNullAndWrongTypeNameTheField) {
  expect_outcomes({
      {LineParts{.type = ""}.text(), "missing_field type"},
      {LineParts{.type = R"("type":null)"}.text(), "null_field type"},
      {LineParts{.type = R"("type":1)"}.text(), "wrong_type type"},
      {LineParts{.id = ""}.text(), "missing_field id"},
      {LineParts{.id = R"("id":null)"}.text(), "null_field id"},
      {LineParts{.id = R"("id":12)"}.text(), "wrong_type id"},
      {LineParts{.id = R"("id":"")"}.text(), "empty_id id"},
      {LineParts{.from = ""}.text(), "missing_field from"},
      {LineParts{.from = R"("from":null)"}.text(), "null_field from"},
      {LineParts{.from = R"("from":true)"}.text(), "wrong_type from"},
      {LineParts{.from = R"("from":"")"}.text(), "valid"},
      {LineParts{.site_id = ""}.text(), "missing_field site_id"},
      {LineParts{.timestamp = ""}.text(), "missing_field timestamp"},
      {LineParts{.timestamp = R"("timestamp":null)"}.text(), "null_field timestamp"},
  });
}

TEST(RangeParser, DataIsJudgedAlongItsPath) {
  expect_outcomes({
      {LineParts{.data = ""}.text(), "missing_field data"},
      {LineParts{.data = R"("data":null)"}.text(), "null_field data"},
      {LineParts{.data = R"("data":"hello")"}.text(), "wrong_type data"},
      {LineParts{.data = R"("data":[{"message":"m"}])"}.text(), "wrong_type data"},
      {LineParts{.data = R"("data":{})"}.text(), "missing_field data"},
      {LineParts{.data = R"("data":{"status":"s"})"}.text(), "missing_field data"},
      {LineParts{.data = R"("data":{"message":null})"}.text(), "null_field data"},
      {LineParts{.data = R"("data":{"message":5})"}.text(), "wrong_type data"},
      {LineParts{.data = R"("data":{"message":{"message":"m"}})"}.text(), "wrong_type data"},
      {LineParts{.data = R"("data":{"message":""})"}.text(), "valid"},
      {LineParts{.data = R"("message":"at the root")"}.text(), "missing_field data"},
  });
}

TEST(RangeParser, OutcomesApplyInTheContractsOrder) {
  const std::string long_text = repeat("x", 256);
  expect_outcomes({
      {" \t\v\f\r", "blank"},
      {"\xff{", "invalid_utf8"},
      {"{\"id\":\"\xff\",}", "invalid_utf8"},
      {"[1,", "invalid_json"},
      {"[1]", "not_an_object"},
      {LineParts{.id = "", .type = ""}.text(), "missing_field type"},
      {LineParts{.id = "", .type = R"("type":"typing")"}.text(), "filtered"},
      {LineParts{.id = "", .from = ""}.text(), "missing_field id"},
      {LineParts{.from = "", .site_id = ""}.text(), "missing_field from"},
      {LineParts{.site_id = "", .data = ""}.text(), "missing_field site_id"},
      {LineParts{.timestamp = "", .data = ""}.text(), "missing_field data"},
      {LineParts{.id = R"("id":"")", .from = "\"from\":" + json_string(long_text)}.text(), "empty_id id"},
      {LineParts{.from = "\"from\":" + json_string(long_text), .site_id = R"("site_id":null)"}.text(), "too_long from"},
      {LineParts{.timestamp = R"("timestamp":0)", .data = R"("data":1)"}.text(), "wrong_type data"},
  });
}

TEST(RangeParser, JsonThatIsNoObjectIsNotAnObject) {
  for (const char* line : {"[]", "[{}]", "1", "-2.5e3", "\"x\"", " \"x\" ", "true", "null", R"("\u0041")"}) {
    EXPECT_EQ(outcome_of(line), "not_an_object") << line;
  }
  for (const char* line : {"[", "01", "\"x", "\"x\"y", "\"x\" 1", "nul", "1 2", R"("\ud800")", "{}{}", "{} x"}) {
    EXPECT_EQ(outcome_of(line), "invalid_json") << line;
  }
}

TEST(RangeParser, FirstOccurrenceOfAKeyCounts) {
  EXPECT_EQ(cell(parse_text(LineParts{.id = R"("id":"first","id":"second")"}.text()), kId), "first");
  EXPECT_EQ(cell(parse_text(with_message(R"("first","message":"second")")), kData), "first");
  expect_outcomes({
      {LineParts{.id = R"("id":null,"id":"second")"}.text(), "null_field id"},
      {LineParts{.data = R"("data":{},"data":{"message":"m"})"}.text(), "missing_field data"},
      {LineParts{.data = R"("data":1,"data":{"message":"m"})"}.text(), "wrong_type data"},
      {LineParts{.data = R"("data":{"message":"m"},"data":1)"}.text(), "valid"},
      {LineParts{.id = R"("id":"a","id":01)"}.text(), "invalid_json"},
  });
}

TEST(RangeParser, KeysCompareAfterUnescaping) {
  EXPECT_EQ(cell(parse_text(LineParts{.id = R"("\u0069d":"a1")"}.text()), kId), "a1");
  EXPECT_EQ(cell(parse_text(LineParts{.data = R"("d\u0061ta":{"\u006dessage":"m"})"}.text()), kData), "m");
  EXPECT_EQ(cell(parse_text(LineParts{.id = R"("id":"first","\u0069\u0064":"second")"}.text()), kId), "first");
  EXPECT_EQ(outcome_of(LineParts{.id = R"("\\u0069d":"a1")"}.text()), "missing_field id");
}

TEST(RangeParser, KeysThatOnlyBeginOrEndAlikeAreOthers) {
  for (const char* key : {"i", "id ", "idx", "ID", "id\\u0000", "", "timestamp", "from_"}) {
    EXPECT_EQ(outcome_of(LineParts{.id = "\"" + std::string(key) + "\":\"a1\""}.text()), "missing_field id") << key;
  }
  EXPECT_EQ(outcome_of(LineParts{.timestamp = R"("timestamq":1)"}.text()), "missing_field timestamp");
  EXPECT_EQ(outcome_of(LineParts{.timestamp = R"("timestamp2":1)"}.text()), "missing_field timestamp");
}

TEST(RangeParser, LengthsCountCharactersNotBytes) {
  for (const char* character : {"x", "\u00e9", "\u4e16", "\U0001f600", "\\n", "\\ud83d\\ude00"}) {
    EXPECT_EQ(outcome_of(with_message(json_string(repeat(character, 255)))), "valid") << character;
    EXPECT_EQ(outcome_of(with_message(json_string(repeat(character, 256)))), "too_long data") << character;
  }
  EXPECT_EQ(outcome_of(LineParts{.id = "\"id\":" + json_string(repeat("\u00e9", 256))}.text()), "too_long id");
  EXPECT_EQ(outcome_of(with_site(json_string(repeat("7", 50)))), "valid");
  EXPECT_EQ(outcome_of(with_site(json_string(repeat("7", 51)))), "too_long site_id");
  EXPECT_EQ(outcome_of(with_site(repeat("7", 51))), "too_long site_id");
}

TEST(RangeParser, LimitsInBytesHoldToo) {
  Mapping mapping = chat_mapping();
  mapping.fields[kData].limits = {.bytes_max = 10};
  EXPECT_EQ(outcome_of(with_message(json_string(repeat("\u00e9", 5))), mapping), "valid");
  EXPECT_EQ(outcome_of(with_message(json_string(repeat("\u00e9", 5) + "x")), mapping), "too_long data");
}

TEST(RangeParser, OverlongTypeThatWasAskedForIsTooLong) {
  RowFilter filter;
  filter.types.clear();
  const std::string line = LineParts{.type = "\"type\":" + json_string(repeat("t", 51))}.text();
  EXPECT_EQ(outcome_of(line, chat_mapping(), filter), "too_long type");
}

TEST(RangeParser, SiteIdIsAStringOrAnIntegersDecimalText) {
  EXPECT_EQ(cell(parse_text(with_site("42")), kSiteId), "42");
  EXPECT_EQ(cell(parse_text(with_site("-7")), kSiteId), "-7");
  EXPECT_EQ(cell(parse_text(with_site("-0")), kSiteId), "0");
  EXPECT_EQ(cell(parse_text(with_site(R"("-0")")), kSiteId), "-0");
  EXPECT_EQ(cell(parse_text(with_site("123456789012345678901234567890")), kSiteId), "123456789012345678901234567890");
  for (const char* value : {"1.0", "1e2", "true", "[3]", "{}"}) {
    EXPECT_EQ(outcome_of(with_site(value)), "wrong_type site_id") << value;
  }
  EXPECT_EQ(outcome_of(with_site("null")), "null_field site_id");
}

TEST(RangeParser, TimestampRangeIsMySqls) {
  EXPECT_EQ(seconds(parse_text(with_time("1"))), 1);
  EXPECT_EQ(seconds(parse_text(with_time("2147483647"))), 2147483647);
  EXPECT_EQ(seconds(parse_text(with_time("\"2147483647\""))), 2147483647);
  EXPECT_EQ(seconds(parse_text(with_time("\"" + repeat("0", 100) + "12\""))), 12);
  for (const std::string& value :
       std::vector<std::string>{"0", "-0", "-1", "2147483648", "9223372036854775808", "18446744073709551616",
                                repeat("9", 400), "-" + repeat("9", 400)}) {
    EXPECT_EQ(outcome_of(with_time(value)), "timestamp_out_of_range timestamp") << value;
    EXPECT_EQ(outcome_of(with_time(json_string(value))), "timestamp_out_of_range timestamp") << value;
  }
}

TEST(RangeParser, TimestampThatIsNoIntegerIsBad) {
  for (const char* value :
       {"1.0", "1e9", "1479816000.5", "1e999", "\"\"", "\"-\"", "\"+1\"", "\" 1\"", "\"1 \"", "\"1.0\"", "\"1e3\"",
        "\"0x1\"", "\"2016-11-22T12:00:00Z\"", "\"\\u0661\"", "\"1\\u0000\"", "\"--1\""}) {
    EXPECT_EQ(outcome_of(with_time(value)), "bad_timestamp timestamp") << value;
  }
  for (const char* value : {"true", "[1]", "{\"a\":1}"}) {
    EXPECT_EQ(outcome_of(with_time(value)), "wrong_type timestamp") << value;
  }
  EXPECT_EQ(seconds(parse_text(with_time(R"("\u0031\u0032")"))), 12);
}

TEST(RangeParser, AnyTextArrivesAsItIs) {
  EXPECT_EQ(cell(parse_text(with_message(R"("O'Hara\"; DROP TABLE x; -- \\ %s `")")), kData),
            "O'Hara\"; DROP TABLE x; -- \\ %s `");
  EXPECT_EQ(cell(parse_text(with_message(R"("a\u0000b")")), kData), std::string("a\0b", 3));
  EXPECT_EQ(cell(parse_text(with_message(R"("\ud83d\ude00 😀")")), kData), "\U0001f600 \U0001f600");
}

TEST(RangeParser, EveryByteValueInAStringIsTextOrAReject) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string line = with_message("\"a" + std::string(1, static_cast<char>(byte)) + "z\"");
    if (byte == '\n') continue;
    const std::string expected = byte < 0x20 || byte == '"' || byte == '\\' ? "invalid_json"
                                 : byte < 0x80                              ? "valid"
                                                                            : "invalid_utf8";
    EXPECT_EQ(outcome_of(line), expected) << byte;
  }
}

TEST(RangeParser, LoneSurrogatesAreInvalidMappedOrNot) {
  for (const char* text :
       {R"("\ud800")", R"("\udc00")", R"("\ud800\u0041")", R"("\ud800\ud800")", R"("\udc00\ud800")"}) {
    EXPECT_EQ(outcome_of(with_message(text)), "invalid_json") << text;
    EXPECT_EQ(outcome_of(line_with_ignored(text)), "invalid_json") << text;
    EXPECT_EQ(outcome_of(LineParts{.extra = std::string(text) + ":1"}.text()), "invalid_json") << text;
    EXPECT_EQ(outcome_of(line_with_ignored("{" + std::string(text) + ":1}")), "invalid_json") << text;
  }
}

TEST(RangeParser, NestingBombIsInvalidJson) {
  for (const char* open : {"[", "{\"a\":", "[[{\"a\":"}) {
    EXPECT_EQ(outcome_of(repeat(open, 100'000)), "invalid_json") << open;
    EXPECT_EQ(outcome_of(line_with_ignored(repeat(open, 100'000))), "invalid_json") << open;
  }
  EXPECT_EQ(outcome_of(repeat("[", 100'000) + repeat("]", 100'000)), "invalid_json");
}

TEST(RangeParser, DepthCountsTheRoot) {
  EXPECT_EQ(outcome_of(repeat("[", 1'024) + repeat("]", 1'024)), "not_an_object");
  EXPECT_EQ(outcome_of(repeat("[", 1'025) + repeat("]", 1'025)), "invalid_json");
  EXPECT_EQ(outcome_of(line_with_ignored(repeat("[", 1'023) + repeat("]", 1'023))), "valid");
  EXPECT_EQ(outcome_of(line_with_ignored(repeat("[", 1'024) + repeat("]", 1'024))), "invalid_json");
}

TEST(RangeParser, LinesDoNotLeanOnTheirNeighbours) {
  // Each pair would be JSON if the newline were not there.
  const ParsedRange parsed = parse_text("{\"a\":\n1}\n[1\n]\n{\"a\":{\"b\":1}\n}\n" + LineParts{}.text());
  EXPECT_EQ(parsed.counts.lines, 7u);
  EXPECT_EQ(parsed.counts.valid, 1u);
  EXPECT_EQ(parsed.counts.rejected_by_reason[static_cast<std::size_t>(RejectReason::kInvalidJson)], 6u);
}

TEST(RangeParser, CountsBlankLinesAndLineEnds) {
  const std::string line = LineParts{}.text();
  const ParsedRange parsed = parse_text(line + "\r\n\n\r\n \t \v\f\n" + line + "\n\n" + line);
  EXPECT_EQ(parsed.counts.lines, 7u);
  EXPECT_EQ(parsed.counts.valid, 3u);
  EXPECT_EQ(parsed.counts.blank, 4u);
  ASSERT_EQ(parsed.rows.rows(), 3u);
  EXPECT_EQ(parsed.rows.lines[0].size_bytes, line.size());
  EXPECT_EQ(parsed.rows.lines[2].line_index, 6u);
  EXPECT_EQ(parsed.rows.lines[2].begin_bytes, parsed.range.bytes.size() - line.size());
}

TEST(RangeParser, EmptyRangeHasNoLines) { EXPECT_EQ(parse_text("").counts.lines, 0u); }

TEST(RangeParser, ByteOrderMarkCountsOnlyAtTheStreamsBegin) {
  const std::string marked = "\xef\xbb\xbf" + LineParts{}.text();
  const ParsedRange first = parse_text(marked);
  EXPECT_EQ(first.counts.valid, 1u);
  EXPECT_EQ(first.rows.lines[0].begin_bytes, 3u);
  EXPECT_EQ(parse_text("\xef\xbb\xbf").counts.lines, 0u);
  EXPECT_EQ(parse_text("\xef\xbb\xbf\n").counts.blank, 1u);
  EXPECT_EQ(parse_text("\n" + marked).counts.valid, 0u);

  ParsedRange later;
  later.range = make_range(marked, ByteOffset(100));
  RangeParser(chat_mapping(), {}, kTestLineBytesMax).parse(later);
  EXPECT_EQ(later.counts.rejected_by_reason[static_cast<std::size_t>(RejectReason::kInvalidJson)], 1u);
}

TEST(RangeParser, LineLongerThanTheMaximumIsTooLongWhateverItHolds) {
  const std::string line = LineParts{}.text();
  const auto size = static_cast<std::uint32_t>(line.size());
  EXPECT_EQ(outcome_of(line, chat_mapping(), {}, size), "valid");
  EXPECT_EQ(outcome_of(line + "\r\n", chat_mapping(), {}, size), "valid");
  EXPECT_EQ(outcome_of(line, chat_mapping(), {}, size - 1), "line_too_long");
  EXPECT_EQ(outcome_of(line + " \n", chat_mapping(), {}, size), "line_too_long");
  EXPECT_EQ(outcome_of("          ", chat_mapping(), {}, 9), "line_too_long");
  EXPECT_EQ(outcome_of("\xff\xff\xff\xff", chat_mapping(), {}, 3), "line_too_long");
}

TEST(RangeParser, TooLongLineKeepsItsHeadAndItsPlace) {
  const std::string line = LineParts{}.text();
  const auto size = static_cast<std::uint32_t>(line.size());
  const ParsedRange parsed =
      parse_text(line + '\n' + repeat("y", 5 * size) + '\n' + line + '\n', chat_mapping(), {}, size);
  EXPECT_EQ(parsed.counts.valid, 2u);
  ASSERT_EQ(parsed.rejects.size(), 1u);
  EXPECT_EQ(parsed.rejects[0].line.line_index, 1u);
  EXPECT_EQ(parsed.rejects[0].line.begin_bytes, size + 1);
  EXPECT_EQ(parsed.rejects[0].line.size_bytes, size);
  EXPECT_EQ(parsed.rejects[0].field, kNoField);
}

TEST(RangeParser, DrainedLineIsTooLong) {
  const std::string line = LineParts{}.text();
  ParsedRange parsed;
  parsed.range = make_range(line + '\n' + repeat("y", 30), ByteOffset(0), 1'000);
  RangeParser(chat_mapping(), {}, static_cast<std::uint32_t>(line.size())).parse(parsed);
  EXPECT_EQ(parsed.counts.lines, 2u);
  EXPECT_EQ(parsed.counts.valid, 1u);
  ASSERT_EQ(parsed.rejects.size(), 1u);
  EXPECT_EQ(parsed.rejects[0].reason, RejectReason::kLineTooLong);
}

TEST(RangeParser, RejectsAreInFileOrder) {
  std::string text;
  const std::vector<std::string> lines = {"x", "{\"\xff\":1}", repeat("z", 300), "[1]", "{}", "\"open"};
  for (int round = 0; round < 2'000; ++round) text += lines[static_cast<std::size_t>(round) % lines.size()] + '\n';
  const ParsedRange parsed = parse_text(text, chat_mapping(), {}, 200);
  ASSERT_EQ(parsed.rejects.size(), 2'000u);
  for (std::uint32_t i = 0; i < 2'000; ++i) EXPECT_EQ(parsed.rejects[i].line.line_index, i);
  EXPECT_EQ(parsed.rejects[1].reason, RejectReason::kInvalidUtf8);
  EXPECT_EQ(parsed.rejects[2].reason, RejectReason::kLineTooLong);
  EXPECT_EQ(parsed.rejects[5].reason, RejectReason::kInvalidJson);
}

// Bad lines of every kind among good ones, at every distance from the ends of the blocks in which lines are indexed.
TEST(RangeParser, ManyLinesAreParsedAsEachWouldBeAlone) {
  std::string text;
  std::vector<std::string> outcomes;
  for (std::size_t i = 0; i < 3'000; ++i) {
    std::string line = with_message(json_string(repeat(i % 3 == 0 ? "\\n" : "x", i % 200)));
    if (i % 7 == 0) line.resize(line.size() - 4);
    if (i % 401 == 0) line[20] = '\x80';
    if (i % 11 == 0) line = "";
    if (i % 500 == 0) line = with_message(json_string(repeat("long ", 10'000)));
    outcomes.push_back(outcome_of(line + '\n'));
    text += line + '\n';
  }
  const ParsedRange parsed = parse_text(text);
  std::vector<std::string> together(outcomes.size(), "blank");
  for (const LineSpan& line : parsed.rows.lines) together[line.line_index] = "valid";
  for (const RejectedLine& reject : parsed.rejects) {
    std::string& outcome = together[reject.line.line_index];
    outcome = to_string(reject.reason);
    if (reject.field != kNoField) outcome += ' ' + chat_mapping().fields[reject.field].column;
  }
  EXPECT_EQ(together, outcomes);
  EXPECT_EQ(parsed.counts.lines, outcomes.size());
}

TEST(RangeParser, ReusedRangeForgetsWhatItHeld) {
  RangeParser parser(chat_mapping(), {}, kTestLineBytesMax);
  ParsedRange parsed;
  parsed.range = make_range(with_message(R"("esc\naped")") + "\nbad\n\n");
  parser.parse(parsed);
  parsed.range = make_range(with_message(R"("n\u0065xt")"));
  parser.parse(parsed);
  EXPECT_EQ(parsed.counts.lines, 1u);
  EXPECT_EQ(parsed.rows.rows(), 1u);
  EXPECT_TRUE(parsed.rejects.empty());
  EXPECT_EQ(cell(parsed, kData), "next");
}

TEST(RangeParser, UnescapedTextOutlivesTheLinesBehindIt) {
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += with_message("\"tab\\t" + std::to_string(i) + "\"") + '\n';
  const ParsedRange parsed = parse_text(text);
  ASSERT_EQ(parsed.rows.rows(), 1'000u);
  for (std::size_t i = 0; i < 1'000; ++i) EXPECT_EQ(cell(parsed, kData, i), "tab\t" + std::to_string(i));
}

TEST(RangeParser, AnotherTableIsAnotherMapping) {
  Mapping mapping;
  mapping.table = "visits";
  mapping.fields = {
      {.column = "kind", .paths = {{.when = "", .keys = {"meta", "kind"}}}},
      {.column = "at", .kind = FieldKind::kEpochSeconds, .paths = {{.when = "", .keys = {"meta", "at"}}}},
      {.column = "visit_number", .kind = FieldKind::kTextOrInteger, .paths = {{.when = "", .keys = {"n"}}}}};
  mapping.key = 2;
  mapping.site = 2;
  mapping.time = 1;
  RowFilter filter;
  filter.types = {"visit"};
  const ParsedRange parsed = parse_text(R"({"n":17,"meta":{"at":99,"kind":"visit"}})", mapping, filter);
  ASSERT_EQ(parsed.rows.rows(), 1u);
  EXPECT_EQ(parsed.rows.row(0)[0].as_text(), "visit");
  EXPECT_EQ(parsed.rows.row(0)[1].as_integer(), 99);
  EXPECT_EQ(parsed.rows.row(0)[2].as_text(), "17");
}

}  // namespace
}  // namespace chatload::parse
