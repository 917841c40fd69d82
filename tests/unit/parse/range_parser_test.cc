#include "parse/range_parser.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mapping/mapping_file.h"
#include "unit/parse/chat_lines.h"

namespace chatload::parse {
namespace {

TEST(RangeParser, MessageLineBecomesARow) {
  const ParsedRange parsed = parse_text(LineParts{}.text() + '\n');
  ASSERT_EQ(parsed.rows.rows(), 1u);
  EXPECT_EQ(parsed.rows.layout.columns, 6u);
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
  const RowFilter filter{.only = {{"type", {"typing"}}}};
  const std::string line = LineParts{.type = R"("type":"typing")", .data = ""}.text();
  const ParsedRange parsed = parse_text(line, mapping::chat_mapping(), filter);
  EXPECT_EQ(cell(parsed, kData), "");
  EXPECT_EQ(outcome_of(LineParts{}.text(), mapping::chat_mapping(), filter), "filtered");
}

TEST(RangeParser, FilteredLinesHaveTheirPlacesWhereTheyAreAskedFor) {
  const std::string other = LineParts{.type = R"("type":"join")"}.text() + '\n';
  const std::string text = other + "{bad\n" + LineParts{}.text() + "\r\n\n" + other;
  ParsedRange parsed;
  parsed.range = make_range(text);
  RangeParser parser(mapping::chat_mapping(), filter_of(mapping::chat_mapping()), kTestLineBytesMax, true);
  parser.parse(parsed);
  ASSERT_EQ(parsed.filtered.size(), 2U);
  EXPECT_EQ(parsed.filtered[0].line_index, 0U);
  EXPECT_EQ(parsed.filtered[1].line_index, 4U);
  EXPECT_EQ(parsed.filtered[1].begin_bytes, text.size() - other.size());
  EXPECT_EQ(parsed.filtered[1].size_bytes, other.size() - 1);
  parser.parse_first_rejects(parsed);
  EXPECT_EQ(parsed.filtered.size(), 2U);
  parser.parse(parsed);
  EXPECT_EQ(parsed.filtered.size(), 2U);
  RangeParser(mapping::chat_mapping(), filter_of(mapping::chat_mapping()), kTestLineBytesMax).parse(parsed);
  EXPECT_TRUE(parsed.filtered.empty());
  EXPECT_EQ(parsed.counts.filtered, 2U);
}

TEST(RangeParser, KeyOrderAndWhiteSpaceAreFree) {
  const ParsedRange parsed = parse_text(
      " {\t\"data\" : { \"x\":[] , \"message\" : \"m\" } ,\"timestamp\": \"5\" , \"site_id\" :7 ,"
      "\"from\":\"f\", \"type\" : \"message\" , \"id\":\"i\" } \t\r\n");
  EXPECT_EQ(cell(parsed, kData), "m");
  EXPECT_EQ(cell(parsed, kSiteId), "7");
  EXPECT_EQ(seconds(parsed), 5);
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
      {LineParts{.id = R"("id":"")", .from = "\"from\":" + in_quotes(long_text)}.text(), "empty_id id"},
      {LineParts{.from = "\"from\":" + in_quotes(long_text), .site_id = R"("site_id":null)"}.text(), "too_long from"},
      {LineParts{.timestamp = R"("timestamp":0)", .data = R"("data":1)"}.text(), "wrong_type data"},
  });
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

TEST(RangeParser, NulsAndByteOrderMarksInFrontOfALineAreNoPartOfIt) {
  const std::string line = LineParts{}.text();
  const std::string nuls(10'000, '\0');
  const std::string mark = "\xef\xbb\xbf";
  std::string text;
  std::vector<std::uint64_t> begins;
  for (const std::string& lead : {mark, nuls, mark + nuls, nuls + mark, std::string(), nuls + mark + mark}) {
    text += lead;
    begins.push_back(text.size());
    text += line + "\n";
  }
  ParsedRange parsed;
  parsed.range = make_range(text, ByteOffset(100));
  RangeParser(mapping::chat_mapping(), filter_of(mapping::chat_mapping()), static_cast<std::uint32_t>(line.size()))
      .parse(parsed);
  EXPECT_EQ(parsed.counts.valid, 6u);
  for (std::size_t row = 0; row < parsed.rows.rows(); ++row) {
    EXPECT_EQ(parsed.rows.lines[row].begin_bytes, begins[row]);
    EXPECT_EQ(parsed.rows.lines[row].size_bytes, line.size());
    EXPECT_EQ(cell(parsed, kId, row), "a1");
  }
}

TEST(RangeParser, WhatFollowsALeadIsJudgedAsIfItStoodAlone) {
  for (const std::string& lead : {std::string(3, '\0'), std::string("\xef\xbb\xbf")}) {
    expect_outcomes({{lead, "blank"},
                     {lead + "\r\n", "blank"},
                     {lead + " \t", "blank"},
                     {lead + "true", "not_an_object"},
                     {lead + "\"text\"", "not_an_object"},
                     {lead + "{}", "missing_field type"},
                     {lead + "x", "invalid_json"},
                     {" " + lead + "{}", "invalid_json"},
                     {lead + "\xff", "invalid_utf8"}});
  }
  expect_outcomes({{"\xef\xbb", "invalid_utf8"}, {"\xef\xbb{}", "invalid_utf8"}});
}

TEST(RangeParser, LineBehindASkippedLeadHasItsPlaceInTheStream) {
  ParsedRange parsed;
  parsed.range = make_range("x\n" + std::string(1, '\0') + "bad\n");
  parsed.range.skipped_at = 2;
  parsed.range.skipped_bytes = 5'000'000'000;
  RangeParser(mapping::chat_mapping(), filter_of(mapping::chat_mapping()), kTestLineBytesMax).parse(parsed);
  ASSERT_EQ(parsed.rejects.size(), 2u);
  EXPECT_EQ(parsed.rejects[0].line.begin_bytes, 0u);
  EXPECT_EQ(parsed.rejects[1].line.begin_bytes, 5'000'000'003u);
  EXPECT_EQ(parsed.range.held_at(parsed.rejects[1].line.begin_bytes), 3u);
}

TEST(RangeParser, RejectOfABrokenLineKeepsItsFault) {
  const std::string good = LineParts{}.text();
  const ParsedRange parsed = parse_text(good + "\n{\"a\" 1}\n[\xff]\n[]\n\xef\xbb\xbf" + good + "{}\n");
  ASSERT_EQ(parsed.rejects.size(), 4u);
  EXPECT_EQ(to_string(parsed.rejects[0].fault), "':' is missing at column 6");
  EXPECT_EQ(to_string(parsed.rejects[1].fault), "not UTF-8 at column 2");
  EXPECT_EQ(to_string(parsed.rejects[2].fault), "");
  EXPECT_EQ(to_string(parsed.rejects[3].fault), "more behind the object at column " + std::to_string(good.size() + 1));
}

TEST(RangeParser, LineLongerThanTheMaximumIsTooLongWhateverItHolds) {
  const std::string line = LineParts{}.text();
  const auto size = static_cast<std::uint32_t>(line.size());
  EXPECT_EQ(outcome_of(line, mapping::chat_mapping(), filter_of(mapping::chat_mapping()), size), "valid");
  EXPECT_EQ(outcome_of(line + "\r\n", mapping::chat_mapping(), filter_of(mapping::chat_mapping()), size), "valid");
  EXPECT_EQ(outcome_of(line, mapping::chat_mapping(), filter_of(mapping::chat_mapping()), size - 1), "line_too_long");
  EXPECT_EQ(outcome_of(line + " \n", mapping::chat_mapping(), filter_of(mapping::chat_mapping()), size),
            "line_too_long");
  EXPECT_EQ(outcome_of("          ", mapping::chat_mapping(), filter_of(mapping::chat_mapping()), 9), "line_too_long");
  EXPECT_EQ(outcome_of("\xff\xff\xff\xff", mapping::chat_mapping(), filter_of(mapping::chat_mapping()), 3),
            "line_too_long");
}

TEST(RangeParser, TooLongLineKeepsItsHeadAndItsPlace) {
  const std::string line = LineParts{}.text();
  const auto size = static_cast<std::uint32_t>(line.size());
  const ParsedRange parsed = parse_text(line + '\n' + repeat("y", 5 * size) + '\n' + line + '\n',
                                        mapping::chat_mapping(), filter_of(mapping::chat_mapping()), size);
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
  RangeParser(mapping::chat_mapping(), filter_of(mapping::chat_mapping()), static_cast<std::uint32_t>(line.size()))
      .parse(parsed);
  EXPECT_EQ(parsed.counts.lines, 2u);
  EXPECT_EQ(parsed.counts.valid, 1u);
  ASSERT_EQ(parsed.rejects.size(), 1u);
  EXPECT_EQ(parsed.rejects[0].reason, RejectReason::kLineTooLong);
}

TEST(RangeParser, RejectsAreInFileOrder) {
  std::string text;
  const std::vector<std::string> lines = {"x", "{\"\xff\":1}", repeat("z", 300), "[1]", "{}", "\"open"};
  for (int round = 0; round < 2'000; ++round) text += lines[static_cast<std::size_t>(round) % lines.size()] + '\n';
  const ParsedRange parsed = parse_text(text, mapping::chat_mapping(), filter_of(mapping::chat_mapping()), 200);
  ASSERT_EQ(parsed.rejects.size(), 2'000u);
  for (std::uint32_t i = 0; i < 2'000; ++i) EXPECT_EQ(parsed.rejects[i].line.line_index, i);
  EXPECT_EQ(parsed.rejects[1].reason, RejectReason::kInvalidUtf8);
  EXPECT_EQ(parsed.rejects[2].reason, RejectReason::kLineTooLong);
  EXPECT_EQ(parsed.rejects[5].reason, RejectReason::kInvalidJson);
}

// Bad lines of every kind among good ones, at every distance from the ends of the blocks in which lines are indexed.
TEST(RangeParser, RejectsBeyondTheKeptOnesAreFoundByParsingOn) {
  const std::size_t rejects_max = ParsedRange::kRejectsMax;
  const std::string good = with_message(in_quotes("hi"));
  std::string text;
  for (std::size_t i = 0; i < 2 * rejects_max + 10; ++i) text += i % 100 == 0 ? "x\n\n" + good + "\n" : "x\r\n";
  ParsedRange parsed = parse_text(text);
  const ParseCounts counts = parsed.counts;
  const std::size_t rows = parsed.rows.rows();
  ASSERT_EQ(counts.rejected(), 2 * rejects_max + 10);

  RangeParser parser(mapping::chat_mapping(), filter_of(mapping::chat_mapping()), kTestLineBytesMax);
  std::size_t found = 0;
  for (;;) {
    for (const RejectedLine& reject : parsed.rejects) {
      const std::size_t line_index = found + found / 100 * 2 + (found % 100 > 0 ? 2 : 0);
      ASSERT_EQ(reject.line.line_index, line_index);
      ASSERT_EQ(text.substr(reject.line.begin_bytes, reject.line.size_bytes), "x");
      ++found;
    }
    if (!parsed.has_more_rejects) break;
    parser.parse_more_rejects(parsed);
  }
  EXPECT_EQ(found, counts.rejected());
  EXPECT_EQ(parsed.counts.lines, counts.lines);
  EXPECT_EQ(parsed.counts.rejected(), counts.rejected());
  EXPECT_EQ(parsed.rows.rows(), rows);
}

TEST(RangeParser, FirstRejectsComeBackAfterLaterOnes) {
  std::string text = "\xef\xbb\xbf";
  for (std::size_t i = 0; i < ParsedRange::kRejectsMax + 10; ++i) text += "x\n";
  const ParsedRange first = parse_text(text);
  ParsedRange parsed = parse_text(text + LineParts{}.text());
  RangeParser parser(mapping::chat_mapping(), filter_of(mapping::chat_mapping()), kTestLineBytesMax);
  parser.parse_more_rejects(parsed);
  ASSERT_EQ(parsed.rejects.size(), 10u);
  ASSERT_FALSE(parsed.has_more_rejects);
  parser.parse_first_rejects(parsed);
  EXPECT_TRUE(parsed.has_more_rejects);
  ASSERT_EQ(parsed.rejects.size(), first.rejects.size());
  for (std::size_t i = 0; i < first.rejects.size(); ++i) {
    ASSERT_EQ(parsed.rejects[i].line.line_index, first.rejects[i].line.line_index);
    ASSERT_EQ(parsed.rejects[i].line.begin_bytes, first.rejects[i].line.begin_bytes);
  }
  EXPECT_EQ(parsed.rows.rows(), 1u);
  EXPECT_EQ(parsed.counts.lines, ParsedRange::kRejectsMax + 11);
  parser.parse_more_rejects(parsed);
  EXPECT_EQ(parsed.rejects.back().line.line_index, ParsedRange::kRejectsMax + 9);
}

TEST(CountLines, AreThoseThatParsingCounts) {
  const std::string line = LineParts{}.text();
  for (const std::string& text :
       {std::string(), std::string("\n"), line, line + "\n", line + "\r\n\nbad\n" + line, std::string("\r"),
        std::string("\xef\xbb\xbf"), std::string("\xef\xbb\xbf\n"), "\xef\xbb\xbf" + line, std::string(9, '\0')}) {
    ParsedRange parsed = parse_text(text);
    const std::uint64_t lines = parsed.counts.lines;
    count_lines(parsed);
    EXPECT_EQ(parsed.counts.lines, lines) << text;
  }
}

TEST(CountLines, RangeThatEndsInADrainedLineHasThatLine) {
  ParsedRange parsed;
  parsed.range = make_range("x\n" + repeat("y", 30), ByteOffset(0), 1'000);
  RangeParser(mapping::chat_mapping(), filter_of(mapping::chat_mapping()), 10).parse(parsed);
  const std::uint64_t lines = parsed.counts.lines;
  count_lines(parsed);
  EXPECT_EQ(parsed.counts.lines, lines);
}

TEST(CountLines, LeaveNothingElseBehind) {
  ParsedRange parsed = parse_text(LineParts{}.text() + "\nbad\n\n");
  count_lines(parsed);
  EXPECT_EQ(parsed.counts.lines, 3u);
  EXPECT_EQ(parsed.counts.valid + parsed.counts.filtered + parsed.counts.rejected() + parsed.counts.blank, 0u);
  EXPECT_EQ(parsed.rows.rows(), 0u);
  EXPECT_TRUE(parsed.rejects.empty());
  EXPECT_FALSE(parsed.has_more_rejects);
}

TEST(RangeParser, ManyLinesAreParsedAsEachWouldBeAlone) {
  std::string text;
  std::vector<std::string> outcomes;
  for (std::size_t i = 0; i < 3'000; ++i) {
    std::string line = with_message(in_quotes(repeat(i % 3 == 0 ? "\\n" : "x", i % 200)));
    if (i % 7 == 0) line.resize(line.size() - 4);
    if (i % 401 == 0) line[20] = '\x80';
    if (i % 11 == 0) line = "";
    if (i % 500 == 0) line = with_message(in_quotes(repeat("long ", 10'000)));
    outcomes.push_back(outcome_of(line + '\n'));
    text += line + '\n';
  }
  const ParsedRange parsed = parse_text(text);
  std::vector<std::string> together(outcomes.size(), "blank");
  for (const LineSpan& line : parsed.rows.lines) together[line.line_index] = "valid";
  for (const RejectedLine& reject : parsed.rejects) {
    std::string& outcome = together[reject.line.line_index];
    outcome = to_string(reject.reason);
    if (reject.field != kNoField) outcome += ' ' + mapping::chat_mapping().columns[reject.field].name;
  }
  EXPECT_EQ(together, outcomes);
  EXPECT_EQ(parsed.counts.lines, outcomes.size());
}

TEST(RangeParser, ReusedRangeForgetsWhatItHeld) {
  RangeParser parser(mapping::chat_mapping(), filter_of(mapping::chat_mapping()), kTestLineBytesMax);
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

// A range whose records are these, one behind the other.
ParsedRange range_of(const std::vector<std::string>& records) {
  std::string text;
  std::vector<split::RecordSpan> spans;
  for (const std::string& record : records) {
    spans.push_back({static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(record.size())});
    text += record;
  }
  ParsedRange parsed;
  parsed.range.bytes = PaddedBuffer(text.size());
  parsed.range.bytes.assign(text);
  parsed.range.records = std::move(spans);
  return parsed;
}

TEST(RangeParser, RecordsThatTouchEachOtherAreJudgedEachByItself) {
  const std::string good =
      R"({"id":"a","from":"f","type":"message","site_id":"3","data":{"message":"m"},"timestamp":1})";
  const std::vector<std::string> records = {good,    R"(x\)", R"("")", R"({\ "{" })", R"("a")",
                                            R"(x\)", R"("")", good,    "1",           R"("b\"")",
                                            good,    "[1]",   "tru",   good,          R"({"id":"\u00"})"};
  RangeParser parser(mapping::chat_mapping(), filter_of(mapping::chat_mapping()), 1'000, false);
  ParsedRange whole = range_of(records);
  whole.rejects_max = 3;
  parser.parse(whole);
  EXPECT_EQ(whole.counts.lines, records.size());
  EXPECT_EQ(whole.rows.rows(), 4U);
  std::vector<RejectReason> together;
  for (;;) {
    for (const RejectedLine& reject : whole.rejects) together.push_back(reject.reason);
    if (!whole.has_more_rejects) break;
    parser.parse_more_rejects(whole);
  }
  std::vector<RejectReason> alone;
  for (const std::string& record : records) {
    ParsedRange one = range_of({record});
    parser.parse(one);
    for (const RejectedLine& reject : one.rejects) alone.push_back(reject.reason);
  }
  EXPECT_EQ(together, alone);
  EXPECT_EQ(together.size(), records.size() - 4);
}

}  // namespace
}  // namespace chatload::parse
