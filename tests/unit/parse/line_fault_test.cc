#include "parse/line_fault.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/line_lead.h"
#include "unit/parse/chat_lines.h"

namespace chatload::parse {
namespace {

void expect_faults(const std::vector<std::pair<std::string, std::string>>& texts_by_line) {
  for (const auto& [line, text] : texts_by_line) {
    EXPECT_EQ(to_string(find_json_fault(line)), text) << line;
    EXPECT_EQ(outcome_of(line), "invalid_json") << line;
  }
}

TEST(LineFault, TextAfterTheValueIsNamedByWhatItFollows) {
  expect_faults({
      {R"({"a":1}{"b":2})", "more behind the object at column 8"},
      {R"({"a":1} x)", "more behind the object at column 9"},
      {R"({}})", "more behind the object at column 3"},
      {R"([1],)", "more behind the array at column 4"},
      {R"("a" "b")", "more behind the value at column 5"},
      {R"(1 2)", "more behind the value at column 3"},
  });
}

TEST(LineFault, LineThatEndsTooEarlyIsNamedByWhatItEndsIn) {
  expect_faults({
      {R"({"a":"x)", "ends inside a string"},
      {R"({"a":"x\)", "ends inside a string"},
      {R"({"a)", "ends inside a string"},
      {R"({"a":1)", "ends inside an object"},
      {R"({"a":1,)", "ends inside an object"},
      {R"({"a")", "ends inside an object"},
      {R"({"a":)", "ends inside an object"},
      {R"({)", "ends inside an object"},
      {R"({"a":[1)", "ends inside an array"},
      {R"([1,)", "ends inside an array"},
      {R"({"a":[{}, )", "ends inside an array"},
  });
  const std::string line = R"({"a":"x)";
  EXPECT_EQ(find_json_fault(line), (LineFault{LineFaultKind::kEndsInString, 7}));
}

TEST(LineFault, BytesThatStandNowhereInJsonAreNamed) {
  expect_faults({
      {" \xef\xbb\xbf{}", "byte order mark at column 2"},
      {"{}\xef\xbb\xbf", "byte order mark at column 3"},
      {"{\xef\xbb\xbf\"a\":1}", "byte order mark at column 2"},
      {std::string(" \0{}", 4), "NUL at column 2"},
      {std::string("{\"a\":1\0}", 8), "NUL at column 7"},
      {std::string("{\"a\":\"\0\"}", 9), "NUL at column 7"},
      {"{\"a\":\"\t\"}", "control character at column 7"},
      {"\x0b{}", "control character at column 1"},
      {"[1\x1f]", "control character at column 3"},
  });
}

TEST(LineFault, EscapesAreNamedAtTheirBackslash) {
  expect_faults({
      {R"({"a":"\x"})", "bad escape at column 7"},
      {R"({"a":"\u12"})", "bad escape at column 7"},
      {R"({"a":"\u12g4"})", "bad escape at column 7"},
      {R"({"a":"é\ud83d"})", "lone surrogate at column 9"},
      {R"({"a":"\ud83d)", "lone surrogate at column 7"},
      {R"({"a":"\ud83d\n"})", "lone surrogate at column 7"},
      {R"({"a":"\ud83d\u0041"})", "lone surrogate at column 7"},
      {R"({"a":"\ud83d\ude00\ude00"})", "lone surrogate at column 19"},
      {R"({"\udc00":1})", "lone surrogate at column 3"},
  });
}

TEST(LineFault, WhatIsNoValueKeyOrSeparatorIsNamed) {
  expect_faults({
      {"hello", "not a JSON value at column 1"},
      {R"({"a":nul})", "not a JSON value at column 6"},
      {R"({"a":truefalse})", "not a JSON value at column 6"},
      {R"({"a":NaN})", "not a JSON value at column 6"},
      {R"({"a":'b'})", "not a JSON value at column 6"},
      {R"({"a":01})", "bad number at column 6"},
      {R"({"a":-})", "bad number at column 6"},
      {R"({"a":1.})", "bad number at column 6"},
      {R"({"a":1e+})", "bad number at column 6"},
      {R"({"a":12ab})", "bad number at column 6"},
      {R"({"a":})", "a value is missing at column 6"},
      {R"([,1])", "a value is missing at column 2"},
      {R"([1,])", "a value is missing at column 4"},
      {R"(})", "a value is missing at column 1"},
      {R"({a:1})", "a key in double quotes is missing at column 2"},
      {R"({"a":1,})", "a key in double quotes is missing at column 8"},
      {R"({"a" 1})", "':' is missing at column 6"},
      {R"({"a":1 "b":2})", "',' or '}' is missing at column 8"},
      {R"({"a":"b"c"})", "',' or '}' is missing at column 9"},
      {R"([1 2])", "',' or ']' is missing at column 4"},
      {R"([1})", "',' or ']' is missing at column 3"},
  });
}

TEST(LineFault, DepthBeyondTheLimitIsNamedAtItsBracket) {
  EXPECT_EQ(to_string(find_json_fault(repeat("[", 1024) + repeat("]", 1024))), "");
  expect_faults({{repeat("[", 1025) + repeat("]", 1025), "nested too deep at column 1025"},
                 {repeat(R"({"a":)", 1025), "nested too deep at column 5121"}});
}

TEST(LineFault, FirstByteThatIsNoUtf8IsNamed) {
  const std::vector<std::pair<std::string, std::string>> texts_by_line = {
      {"{\"a\":\"\xff\"}", "not UTF-8 at column 7"},
      {"é\xe2\x82", "not UTF-8 at column 3"},
      {"\xed\xa0\x80", "not UTF-8 at column 1"},
      {"\xf0\x9f\x98\x80\xc0\x80", "not UTF-8 at column 5"},
  };
  for (const auto& [line, text] : texts_by_line) {
    EXPECT_EQ(to_string(find_utf8_fault(line)), text);
    EXPECT_EQ(outcome_of(line), "invalid_utf8");
  }
  EXPECT_EQ(find_utf8_fault("é😀"), LineFault{});
}

// Lines that are good but for a few bytes: the walker and the finder agree on each, and the parser keeps the fault.
TEST(LineFault, IsFoundInEachLineThatTheParserCallsInvalidAndInNoOther) {
  static constexpr char kBytesText[] = "{}[]:,\"\\ \t\x1f\0u/tfn0123456789-+.eEdD8c\xc3\xa9\xef\xbb\xbf";
  constexpr std::string_view kBytes(kBytesText, sizeof kBytesText - 1);
  std::mt19937 random(12);
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  std::size_t invalid = 0;
  std::size_t good = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string line =
        LineParts{.extra = R"("x":[1,-0.5e+3,{"y":[]},true,null,"\ud83d\ude00 \u00e9\\"],"z":{})"}.text();
    const std::size_t begin = round % 2 == 0 ? 0 : 110;  // half of them in what is ignored
    for (std::size_t changes = below(4); changes > 0; --changes) {
      const std::size_t at = begin + below(line.size() - begin);
      const std::size_t kind = below(3);
      if (kind == 0) line[at] = kBytes[below(kBytes.size())];
      if (kind == 1) line.erase(at, 1 + below(3));
      if (kind == 2) line.insert(at, 1, kBytes[below(kBytes.size())]);
    }
    const ParsedRange parsed = parse_text(line);
    ASSERT_EQ(parsed.counts.lines, 1u);
    const RejectReason reason = parsed.rejects.empty() ? RejectReason::kRefusedByServer : parsed.rejects[0].reason;
    const LineFault kept = parsed.rejects.empty() ? LineFault{} : parsed.rejects[0].fault;
    const std::string_view text =
        parsed.rejects.empty()
            ? std::string_view(line).substr(line_lead_bytes(line))
            : std::string_view(line).substr(parsed.rejects[0].line.begin_bytes, parsed.rejects[0].line.size_bytes);
    if (reason == RejectReason::kInvalidUtf8) {
      ASSERT_EQ(kept, find_utf8_fault(text)) << line;
      ASSERT_EQ(kept.kind, LineFaultKind::kNotUtf8) << line;
    } else if (reason == RejectReason::kInvalidJson) {
      ++invalid;
      ASSERT_EQ(kept, find_json_fault(text)) << line;
      ASSERT_NE(kept.kind, LineFaultKind::kNone) << line;
      ASSERT_LE(kept.at_bytes, text.size()) << line;
    } else if (parsed.rejects.empty() || text == line) {
      ++good;
      ASSERT_EQ(kept, LineFault{}) << line;
      ASSERT_EQ(find_json_fault(text), LineFault{}) << line;
    }
  }
  EXPECT_GT(invalid, 5'000u);
  EXPECT_GT(good, 5'000u);
}

}  // namespace
}  // namespace chatload::parse
