#include "split/record_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "mapping/path_text.h"
#include "unit/split/text_stream.h"

namespace chatload::split {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t kAtOnce = 1 << 20;

struct Cut {
  std::vector<std::string> records;
  std::vector<std::uint64_t> begins;  // of the records, in the text
  std::vector<std::size_t> ranges;    // how many records each has
  std::string text;                   // of all ranges
  std::vector<std::string> outer;     // "first record: values"
  std::string error;
};

Cut cut(std::string_view text, const RecordForm& form, SplitLimits limits = {}, std::size_t read_max = kAtOnce) {
  TextStream stream(text, read_max);
  const auto splitter = make_splitter(stream, limits, form, "log");
  Cut cut;
  try {
    while (const auto range = splitter->next(PaddedBuffer(limits.buffer_bytes()))) {
      EXPECT_EQ(range->begin.value(), cut.text.size());
      EXPECT_EQ(range->number.value(), cut.ranges.size());
      cut.text += range->bytes.view().text();
      cut.ranges.push_back(range->records->size());
      for (const OuterValues& outer : range->outer) {
        cut.outer.push_back(std::to_string(cut.records.size() + outer.first_record) + ": " + outer.json);
      }
      for (const RecordSpan& record : *range->records) {
        cut.records.emplace_back(range->bytes.view().text().substr(record.begin, record.size_bytes));
        cut.begins.push_back(range->begin.value() + record.begin);
      }
    }
  } catch (const CorruptInputError& error) {
    cut.error = error.what();
  }
  return cut;
}

Cut cut(std::string_view text, const std::string& records, SplitLimits limits = {}, std::size_t read_max = kAtOnce) {
  return cut(text, mapping::parse_records(records), limits, read_max);
}

RecordForm with_outer(const std::string& records, const std::vector<std::string>& outer) {
  RecordForm form = mapping::parse_records(records);
  for (const std::string& path : outer) form.outer.push_back(mapping::parse_path(path));
  return form;
}

TEST(RecordSplitter, RangeEndsWithTheLastOfAsManyRecordsAsItMayHave) {
  std::string text;
  for (int i = 0; i < 25; ++i) text += "{} ";
  const SplitLimits limits{.range_bytes = 100, .line_bytes_max = 100, .bytes_a_record = 10};
  for (const std::size_t read_max : {std::size_t{1}, kAtOnce}) {
    EXPECT_EQ(cut(text, "values", limits, read_max).ranges, (std::vector<std::size_t>{10, 10, 5}));
  }
}

TEST(RecordSplitter, WhatTheDocumentSaysInFrontOfTheArrayComesWithItsRecords) {
  const RecordForm form = with_outer("$.r[*]", {"$.a", "$.b.c[1]", "$.b"});
  const std::string text =
      R"({"b" : {"c":[5,"x\"y"], "\u0061":7}, "a": -1.5e3 ,"a":2, "r":[1,2]}{"r":[]}{"a":[ ],"r":[3]} {"r":[4]})";
  const std::vector<std::string> expected = {R"(0: {"0":-1.5e3,"1":"x\"y","2":{"c":[5,"x\"y"], "\u0061":7}})",
                                             R"(2: {"0":[ ]})", "3: {}"};
  EXPECT_EQ(cut(text, form).outer, expected);
  EXPECT_EQ(cut(text, form, {}, 1).outer, expected);
}

TEST(RecordSplitter, AnOuterValueThatSomethingElseShouldHoldIsMisplacedOrNull) {
  const auto misplaced = [](std::string_view text) {
    TextStream stream(text, kAtOnce);
    const auto splitter = make_splitter(stream, {}, with_outer("$.r[*]", {"$.a.b", "$.a[0]"}), "log");
    const std::optional<Range> range = splitter->next(PaddedBuffer(SplitLimits().buffer_bytes()));
    const OuterValues& outer = range->outer.front();
    return outer.json + (outer.is_misplaced[0] ? " 0" : "") + (outer.is_misplaced[1] ? " 1" : "");
  };
  EXPECT_EQ(misplaced(R"({"a":{"b":5},"r":[1]})"), R"({"0":5} 1)");
  EXPECT_EQ(misplaced(R"({"a":["x"],"r":[1]})"), R"({"1":"x"} 0)");
  EXPECT_EQ(misplaced(R"({"a":"text","r":[1]})"), "{} 0 1");
  EXPECT_EQ(misplaced(R"({"a":null,"r":[1]})"), R"({"0":null,"1":null})");
  EXPECT_EQ(misplaced(R"({"r":[1]})"), "{}");
}

TEST(RecordSplitter, EachRangeSaysWhatIsAroundItsRecords) {
  const SplitLimits limits{.range_bytes = 16, .line_bytes_max = 16};
  const Cut parts = cut(R"({"a":1,"r":[10,11,12,13,14,15,16,17,18]})", with_outer("$.r[*]", {"$.a"}), limits);
  ASSERT_GT(parts.ranges.size(), 1U);
  ASSERT_EQ(parts.outer.size(), parts.ranges.size());
  for (const std::string& outer : parts.outer) EXPECT_THAT(outer, HasSubstr(R"({"0":1})"));
}

TEST(RecordSplitter, AnOuterValueBehindTheRecordsIsAFault) {
  EXPECT_THAT(cut(R"({"r":[1],"a":2})", with_outer("$.r[*]", {"$.a"})).error,
              HasSubstr("must be before them, at byte 13"));
  EXPECT_EQ(cut(R"({"a":1,"r":[1],"a":2})", with_outer("$.r[*]", {"$.a"})).error, "");
}

TEST(RecordSplitter, AnOuterValueHasABound) {
  const std::string fits(Envelope::kOuterBytesMax - 2, 'x');
  const RecordForm form = with_outer("$.r[*]", {"$.a"});
  EXPECT_EQ(cut(R"({"a":")" + fits + R"(","r":[1]})", form).error, "");
  EXPECT_THAT(cut(R"({"a":"x)" + fits + R"(","r":[1]})", form).error, HasSubstr("longer than 16 KiB"));
}

TEST(RecordSplitter, EachElementOfTheArrayIsARecord) {
  const std::string_view text =
      R"({"a": [1, {"Records": [5]}], "Records": [ {"x": "]}"} ,[2],"s\"\\", -1.5e3,true ], "z": null})";
  const Cut whole = cut(text, "$.Records[*]");
  EXPECT_EQ(whole.error, "");
  EXPECT_THAT(whole.records, ElementsAre(R"({"x": "]}"})", "[2]", R"("s\"\\")", "-1.5e3", "true"));
  EXPECT_EQ(whole.text, text);
  EXPECT_EQ(whole.begins[0], text.find("{\"x\""));
  EXPECT_THAT(cut("[1,2]", "$[*]").records, ElementsAre("1", "2"));
  EXPECT_THAT(cut("[]", "$[*]").records, IsEmpty());
  EXPECT_THAT(cut(R"({"a":[[7],[8,9]]})", "$.a[1][*]").records, ElementsAre("8", "9"));
  EXPECT_THAT(cut(R"({"a":{"b":[3]}})", "$.a.b[*]").records, ElementsAre("3"));
  EXPECT_THAT(cut(R"({"\u0061":[3]})", "$.a[*]").records, ElementsAre("3"));
}

TEST(RecordSplitter, DocumentsMayFollowOneAnother) {
  EXPECT_THAT(cut("\xef\xbb\xbf[1]\n\xef\xbb\xbf[2] [3]", "$[*]").records, ElementsAre("1", "2", "3"));
  EXPECT_EQ(cut(R"({"r":[1]}{"r":[]})", "$.r[*]").error, "");
}

TEST(RecordSplitter, ValuesNeedNothingBetweenThem) {
  EXPECT_THAT(cut(R"({"a":1}{"b":[2]}
  {"c":
     3} [4]"five"6 true)",
                  "values")
                  .records,
              ElementsAre(R"({"a":1})", R"({"b":[2]})", "{\"c\":\n     3}", "[4]", "\"five\"", "6", "true"));
  EXPECT_THAT(cut("\x1e{}\n\x1e{}\n", "values").records, ElementsAre("{}", "{}"));
  EXPECT_THAT(cut("", "values").records, IsEmpty());
  EXPECT_THAT(cut(std::string("\0\0{}\0", 5), "values").records, ElementsAre("{}"));
  EXPECT_THAT(cut("1\xef\xbb\xbf{}", "values").records, ElementsAre("1", "{}"));
  EXPECT_THAT(cut("\x1e[1]\n\x1e[2]\n", "$[*]").records, ElementsAre("1", "2"));
}

TEST(RecordSplitter, RangesDependOnNoReadAndCoverEveryByte) {
  std::string text = R"({"head": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "r" : [)";
  for (int i = 0; i < 200; ++i) text += (i > 0 ? " ,\n  " : "") + std::string(R"({"i":[)") + std::to_string(i) + "]}";
  text += R"(], "tail": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]})";
  for (const SplitLimits limits : {SplitLimits{1, 20}, SplitLimits{30, 20}, SplitLimits{100, 30}, SplitLimits{}}) {
    const Cut once = cut(text, "$.r[*]", limits);
    EXPECT_EQ(once.error, "");
    EXPECT_EQ(once.text, text);
    EXPECT_EQ(once.records.size(), 200U);
    EXPECT_EQ(once.records[199], R"({"i":[199]})");
    for (const std::size_t read_max : {1U, 2U, 7U, 64U}) {
      const Cut piecemeal = cut(text, "$.r[*]", limits, read_max);
      EXPECT_EQ(piecemeal.records, once.records);
      EXPECT_EQ(piecemeal.ranges, once.ranges);
    }
  }
}

TEST(RecordSplitter, RangeHasNoMoreRecordsThanItsMax) {
  std::string text = "[";
  for (std::size_t i = 0; i < RecordSplitter::kRecordsMax + 5; ++i) text += i > 0 ? ",1" : "1";
  EXPECT_THAT(cut(text + "]", "$[*]").ranges, ElementsAre(RecordSplitter::kRecordsMax, 5U));
}

TEST(RecordSplitter, DamageIsSaidAtItsByteAndWhatStandsInFrontIsKept) {
  struct Case {
    std::string text, records, error;
  };
  for (const Case& c : std::vector<Case>{
           {"[1 2]", "$[*]", "a comma or ']' is missing behind a record, at byte 3 "},
           {"[1,]", "$[*]", "a JSON value is missing, at byte 3 "},
           {"[,1]", "$[*]", "a JSON value is missing, at byte 1 "},
           {"[{\"a\":[1}", "$[*]", "a record does not end, at byte 1 "},
           {"[{\"a\": \"x\ny\"}]", "$[*]", "a string has a control character, or does not end, at byte 9 "},
           {"[\"x\ny\"]", "$[*]", "a string has a control character, or does not end, at byte 3 "},
           {"[1", "$[*]", "a record does not end, at byte 1 "},
           {"[1,2 ", "$[*]", "the array of records does not end, at byte 5 "},
           {"[1]]", "$[*]", "a JSON value is missing, at byte 3 "},
           {"{\"r\":[1]", "$.r[*]", "the document does not end, at byte 8 "},
           {"{\"r\":[1],\"r\":[2]}", "$.r[*]", "the path of the records leads to a second array, at byte 13 "},
           {"{\"q\":[1]}", "$.r[*]", "the document has no array at the path of the records, at byte 8 "},
           {"{\"r\":null}", "$.r[*]", "the value at the path of the records is no array, at byte 5 "},
           {"{\"r\":[1],,}", "$.r[*]", "a key in double quotes is missing, at byte 9 "},
           {"{\"r\" [1]}", "$.r[*]", "a colon is missing, at byte 5 "},
           {"{\"x\":tru,\"r\":[]}", "$.r[*]", "'tru' is no JSON value, at byte 8 "},
           {"{\"x\":01,\"r\":[]}", "$.r[*]", "'01' is no JSON value, at byte 7 "},
           {"{\"x\":\"\\q\",\"r\":[]}", "$.r[*]", "a backslash escapes nothing, at byte 7 "},
           {"{\"z\":1" + std::string(5000, '1') + "}", "$.r[*]", "a number or a word is too long, at byte 4,101 "},
           {"", "$[*]", "there is no document, at byte 0 "},
           {"1 , 2", "values", "a JSON value is missing, at byte 2 "},
           {"{}]", "values", "a JSON value is missing, at byte 2 "},
       }) {
    EXPECT_THAT(cut(c.text, c.records).error, HasSubstr("log: " + c.error)) << c.text;
    EXPECT_THAT(cut(c.text, c.records, {}, 1).error, HasSubstr("log: " + c.error)) << c.text;
  }
  const Cut damaged = cut("[11,22,33,x", "$[*]", {.range_bytes = 1, .line_bytes_max = 100});
  EXPECT_THAT(damaged.records, ElementsAre("11", "22", "33"));
  EXPECT_NE(damaged.error, "");
}

TEST(RecordSplitter, RecordLongerThanALineMayBeEndsTheInput) {
  const SplitLimits limits{.range_bytes = 10, .line_bytes_max = 20};
  EXPECT_EQ(cut("[\"" + std::string(18, 'x') + "\",[" + std::string(18, ' ') + "]]", "$[*]", limits).error, "");
  for (const std::string& text : {"[\"" + std::string(19, 'x') + "\"]", "[1,[" + std::string(19, ' ') + "]]",
                                  "[1," + std::string(500, '7') + "]"}) {
    EXPECT_THAT(cut(text, "$[*]", limits).error, HasSubstr("a record is longer than --max-line")) << text;
  }
}

}  // namespace
}  // namespace chatload::split
