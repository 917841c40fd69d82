#include "cli/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/errors.h"
#include "unit/scratch_folder.h"

namespace chatload::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing::ThrowsMessage;

// The values of the text's only entry.
std::vector<std::string> values_of(const std::string& text) {
  const auto entries = parse_config(text, "f");
  EXPECT_EQ(entries.size(), 1U) << text;
  return entries.at(0).values;
}

// A sentence that names the second line, where `line` stands, and says `part`.
void expect_refused(const std::string& line, const std::string& part) {
  EXPECT_THAT(
      [&] { (void)parse_config("# first\n" + line, "my.toml"); },
      ThrowsMessage<UsageError>(AllOf(StartsWith("my.toml:2: "), HasSubstr(part), EndsWith("."), Not(HasSubstr("\n")))))
      << line;
}

TEST(ConfigFile, SectionsKeysAndValuesAreReadInTheOrderOfTheirLines) {
  const auto entries = parse_config(
      "# all\n\nto = \"mysql://u@h/d\" # here\nconnections = 3\n[ load ]\n  threads=4\r\n[check]\nmemory = '64M'\n",
      "f");
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[0].section, "");
  EXPECT_EQ(entries[0].key, "to");
  EXPECT_THAT(entries[0].values, ElementsAre("mysql://u@h/d"));
  EXPECT_EQ(entries[0].line, 3U);
  EXPECT_EQ(entries[1].key, "connections");
  EXPECT_EQ(entries[2].section, "load");
  EXPECT_THAT(entries[2].values, ElementsAre("4"));
  EXPECT_EQ(entries[2].line, 6U);
  EXPECT_EQ(entries[3].section, "check");
}

TEST(ConfigFile, SectionsMayBeWrittenInAnyOfTomlsWays) {
  for (const char* text : {"[check]\nthreads = 2", "check.threads = 2", "check = {threads = 2}",
                           "\"check\".threads = 2", "[ 'check' ]\n\"threads\" = 2"}) {
    const auto entries = parse_config(text, "f");
    ASSERT_EQ(entries.size(), 1U) << text;
    EXPECT_EQ(entries[0].section + '.' + entries[0].key, "check.threads") << text;
    EXPECT_THAT(entries[0].values, ElementsAre("2")) << text;
  }
  EXPECT_THAT(parse_config("[load]\n[check]\n[schema]\n[loads]\n[rejects]\n", "f"), ElementsAre());
  EXPECT_THAT(parse_config("", "f"), ElementsAre());
}

TEST(ConfigFile, StringsOfEveryKindKeepTheirCharacters) {
  EXPECT_THAT(values_of(R"(a = "x # y\"\\\t,[1]")"), ElementsAre("x # y\"\\\t,[1]"));
  EXPECT_THAT(values_of(R"(a = "caf\u00e9 \U0001F600")"), ElementsAre("caf\u00e9 \U0001F600"));
  EXPECT_THAT(values_of(R"(a = 'C:\new # file')"), ElementsAre("C:\\new # file"));
  EXPECT_THAT(values_of("a = \"\"\"\nmess\\\n   age\"\"\""), ElementsAre("message"));
  EXPECT_THAT(values_of("a = '''it's'''"), ElementsAre("it's"));
  EXPECT_THAT(values_of("a = \"\""), ElementsAre(""));
}

TEST(ConfigFile, ArraysSpanLinesAndMayBeEmpty) {
  EXPECT_THAT(values_of("type = [ # two\n \"message\", 'status' ,\n]"), ElementsAre("message", "status"));
  EXPECT_THAT(values_of("site=[]"), ElementsAre());
  EXPECT_THAT(values_of("n=[1,2]"), ElementsAre("1", "2"));
}

TEST(ConfigFile, NumbersAreWrittenAsTheCommandLineTakesThem) {
  EXPECT_THAT(values_of("a = 10_000"), ElementsAre("10000"));
  EXPECT_THAT(values_of("a = -1"), ElementsAre("-1"));
  EXPECT_THAT(values_of("a = 0x10"), ElementsAre("16"));
}

TEST(ConfigFile, DatesAndTimesAreWrittenAsRfc3339) {
  EXPECT_THAT(values_of("since = 2016-11-22T12:00:00Z"), ElementsAre("2016-11-22T12:00:00Z"));
  EXPECT_THAT(values_of("since = 2016-11-22 12:00:00Z"), ElementsAre("2016-11-22T12:00:00Z"));
  EXPECT_THAT(values_of("since = 2016-11-22T12:00:00.25-03:30"), ElementsAre("2016-11-22T12:00:00.25-03:30"));
  EXPECT_THAT(values_of("since = 2016-11-22"), ElementsAre("2016-11-22"));
}

TEST(ConfigFile, WhatIsNoTomlIsNamedWithFileAndLine) {
  for (const char* line : {"to", "= 1", "a = ", "a = 64M", "a = \"x", "a = 'x", "a = \"x\" y", "a = \"\\q\"", "[load",
                           "[]", "a = [1", "a = [1 2]", "]", "a =\r\nb", "a = \"\xff\"", "a = 99999999999999999999"}) {
    expect_refused(line, "");
  }
}

TEST(ConfigFile, OtherTablesAreRefusedEvenWhereTheyAreEmpty) {
  for (const char* line : {"[lod]", "[lod]\nthreads = 1", "lod.threads = 1", "lod = {}", "[lod.load]"}) {
    expect_refused(line, "There is no section [lod]");
  }
}

TEST(ConfigFile, WhatIsNestedDeeperIsRefused) {
  for (const char* line : {"[load.x]", "load.x.y = 1", "load.x = {}", "[[load]]", "a = [[1]]", "a = [{}]"}) {
    expect_refused(line, "nested too deep");
  }
}

TEST(ConfigFile, BooleansAreToldFromStringsAndRefusedInLists) {
  EXPECT_THAT(values_of("fail-fast = true"), ElementsAre("true"));
  EXPECT_TRUE(parse_config("fail-fast = false", "f").at(0).is_boolean);
  EXPECT_FALSE(parse_config("fail-fast = 'false'", "f").at(0).is_boolean);
  expect_refused("type = [true]", "'type' is a list with true or false");
}

TEST(ConfigFile, KeyThatStandsTwiceIsRefused) {
  EXPECT_THAT([] { (void)parse_config("a = 1\n[load]\na = 2\na = 3", "f"); },
              ThrowsMessage<UsageError>(AllOf(StartsWith("f:4: "), HasSubstr("'a'"))));
}

TEST(ConfigFile, FileThatCannotBeReadIsNamed) {
  const ScratchFolder folder;
  EXPECT_THAT([&] { (void)read_config(folder / "none.toml"); },
              ThrowsMessage<UsageError>(AllOf(HasSubstr("none.toml"), HasSubstr("No such file"))));
  EXPECT_THAT([&] { (void)read_config(folder.path()); }, ThrowsMessage<UsageError>(HasSubstr("Is a directory")));
}

}  // namespace
}  // namespace chatload::cli
