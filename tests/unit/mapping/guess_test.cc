#include "mapping/guess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/padded_buffer.h"
#include "mapping/mapping_file.h"
#include "parse/record_surveyor.h"

namespace chatload::mapping {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

FieldSurvey survey_of(const std::vector<std::string_view>& lines) {
  parse::RecordSurveyor surveyor(1'000);
  for (const std::string_view line : lines) {
    PaddedBuffer buffer(line.size());
    buffer.assign(line);
    surveyor.add(buffer.view());
  }
  return surveyor.survey();
}

std::string guessed(const std::vector<std::string_view>& lines) { return guessed_mapping(survey_of(lines), "t", {}); }

std::vector<std::string> names_of(const Mapping& mapping) {
  std::vector<std::string> names;
  for (const Column& column : mapping.columns) names.push_back(column.name);
  return names;
}

TEST(Guess, AnyKeyBecomesAColumnWithAPathThatLeadsToIt) {
  const Mapping mapping = parse_mapping(
      guessed({R"({"o":{"a\tb":1,"\u0000":2,"\"\\":3,"\ud83d\ude42":4,"x🙂y":5," ":6,"\u007f":7,"ü":8}})"}), "m");
  EXPECT_THAT(names_of(mapping), ElementsAre("o_ab", "o_", "o_\"\\", "o__2", "o_xy", "o__3", "o_\x7F", "o_ü"));
  std::vector<PathStep> keys;
  for (const Column& column : mapping.columns) keys.push_back(column.paths.at(0).steps.at(1));
  EXPECT_THAT(keys, ElementsAre(PathStep("a\tb"), PathStep(std::string(1, '\0')), PathStep("\"\\"), PathStep("🙂"),
                                PathStep("x🙂y"), PathStep(" "), PathStep("\x7F"), PathStep("ü")));
}

TEST(Guess, AKeyWithoutACharacterThatANameMayHaveIsCalledColumn) {
  const Mapping mapping = parse_mapping(guessed({R"({"\n":1,"🙂":2,"":3})"}), "m");
  EXPECT_THAT(names_of(mapping), ElementsAre("column", "column_2", "column_3"));
}

TEST(Guess, AFieldThatIsLeftOutIsNamedInACommentWhateverItsKey) {
  const std::string text = guessed({R"({"id":"a","b":{"c\nd\u007f":[18446744073709551616]}})"});
  EXPECT_THAT(text, HasSubstr("\n# b.c\\x0ad\\x7f is left out: "));
  EXPECT_THAT(names_of(parse_mapping(text, "m")), ElementsAre("id"));
}

TEST(Guess, AColumnThatNoRecordHasAValueForIsNamedInACommentWhateverItsName) {
  const Mapping mapping = parse_mapping(guessed({R"({"id":"a"})", R"({"\u007f":1})"}), "m");
  EXPECT_THAT(guessed_difference(survey_of({R"({"id":"a"})"}), mapping), HasSubstr("\n#   \\x7f\n"));
}

// The type of the only field, and what the mapping says of it besides.
std::string type_of(const std::vector<std::string>& numbers) {
  std::vector<std::string> records;
  for (const std::string& number : numbers) records.push_back("{\"n\":" + number + "}");
  const std::string text = guessed({records.begin(), records.end()});
  const Column column = parse_mapping(text, "m").columns.at(0);
  const bool has_reason = text.find("; some that a DOUBLE would change") != std::string::npos;
  return type_text(column.type) + ((column.accepts & kNumbers) != 0 && column.type.is_text() ? " of numbers" : "") +
         (has_reason ? "!" : "");
}

TEST(Guess, NumbersWithFewDigitsBehindThePointAreDecimal) {
  EXPECT_EQ(type_of({"1.5", "-200"}), "DECIMAL(8,1)");
  EXPECT_EQ(type_of({"12345678901234567.25"}), "DECIMAL(23,2)!");
  EXPECT_EQ(type_of({"0.123456"}), "DECIMAL(11,6)");
}

TEST(Guess, NumbersThatADoubleGivesBackAreDouble) {
  EXPECT_EQ(type_of({"0.1234567"}), "DOUBLE");
  EXPECT_EQ(type_of({"0.3333333333333333", "0.14285714285714285", "5e-05", "1e300"}), "DOUBLE");
  EXPECT_EQ(type_of({"1.0000000", "0.000000000000000000000000000000000000001"}), "DOUBLE");
  EXPECT_EQ(type_of({"0.1234567", "100000000000000000000000000000"}), "DOUBLE");
  EXPECT_EQ(type_of({"-0.0", "5e-324", "1.7976931348623157e308"}), "DOUBLE");
}

TEST(Guess, NumbersThatADoubleWouldChangeAreDecimalWhereOneHoldsThem) {
  EXPECT_EQ(type_of({"1234567.123456789012345678"}), "DECIMAL(29,18)!");
  EXPECT_EQ(type_of({"0.33333333333333333"}), "DECIMAL(22,17)!");
  EXPECT_EQ(type_of({"0.1234567", "1152921504606846977"}), "DECIMAL(30,7)!");
  EXPECT_EQ(type_of({"0.1234567", "123456789012345678901234567890"}), "DECIMAL(41,7)!");
  EXPECT_EQ(type_of({std::string(35, '7') + "." + std::string(30, '7')}), "DECIMAL(65,30)!");
}

TEST(Guess, NumbersThatNoTypeKeepsAreText) {
  EXPECT_EQ(type_of({std::string(36, '7') + "." + std::string(30, '7')}), "VARCHAR(128) of numbers!");
  EXPECT_EQ(type_of({"0." + std::string(31, '7')}), "VARCHAR(64) of numbers!");
  EXPECT_EQ(type_of({"1.2345678901234567890e3"}), "VARCHAR(32) of numbers!");
  EXPECT_EQ(type_of({"1e400"}), "VARCHAR(16) of numbers!");
  EXPECT_EQ(type_of({"4e-324"}), "VARCHAR(16) of numbers!");
}

TEST(Guess, ATableIsNamedAfterItsInput) {
  EXPECT_EQ(table_name_of("logs/app-2024.json.gz"), "app_2024");
  EXPECT_EQ(table_name_of("___.json"), "log");
  EXPECT_EQ(table_name_of(std::string(70, 'x')), std::string(64, 'x'));
}

TEST(Guess, NoTableIsNamedLikeOneOfTheLedger) {
  EXPECT_EQ(table_name_of("chatload_2024.json"), "log_chatload_2024");
  EXPECT_EQ(table_name_of("/x/--ChatLoad-2024.json.gz"), "log_ChatLoad_2024");
  EXPECT_EQ(table_name_of("chatload_.json"), "chatload");
  EXPECT_EQ(table_name_of("chatload_" + std::string(70, 'x')).size(), 64U);
}

}  // namespace
}  // namespace chatload::mapping
