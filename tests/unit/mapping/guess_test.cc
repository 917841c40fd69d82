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
