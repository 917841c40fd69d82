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
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

TEST(ConfigFile, SectionsKeysAndValuesAreRead) {
  const auto entries = parse_config("# all\n\nto = \"mysql://u@h/d\" # here\n[ load ]\n  threads=4\r\n", "f");
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].section, "");
  EXPECT_EQ(entries[0].key, "to");
  EXPECT_THAT(entries[0].values, ElementsAre("mysql://u@h/d"));
  EXPECT_EQ(entries[0].line, 3U);
  EXPECT_EQ(entries[1].section, "load");
  EXPECT_THAT(entries[1].values, ElementsAre("4"));
  EXPECT_EQ(entries[1].line, 5U);
}

TEST(ConfigFile, StringsKeepHashesSpacesAndEscapes) {
  const auto entries = parse_config(R"(a = "x # y\"\\\t,[1]"
b = 'C:\new # file'
c = "")",
                                    "f");
  EXPECT_THAT(entries.at(0).values, ElementsAre("x # y\"\\\t,[1]"));
  EXPECT_THAT(entries.at(1).values, ElementsAre("C:\\new # file"));
  EXPECT_THAT(entries.at(2).values, ElementsAre(""));
}

TEST(ConfigFile, ArraysSpanLines) {
  const auto entries = parse_config("type = [ # two\n \"message\", 'status' ,\n]\nsite=[]\nn=[1,2]", "f");
  EXPECT_THAT(entries.at(0).values, ElementsAre("message", "status"));
  EXPECT_THAT(entries.at(1).values, ElementsAre());
  EXPECT_THAT(entries.at(2).values, ElementsAre("1", "2"));
}

TEST(ConfigFile, NumbersAndDatesStandBare) {
  const auto entries = parse_config("a = 10_000\nb = 2016-11-22T12:00:00Z\nc = -1", "f");
  EXPECT_THAT(entries.at(0).values, ElementsAre("10000"));
  EXPECT_THAT(entries.at(1).values, ElementsAre("2016-11-22T12:00:00Z"));
  EXPECT_THAT(entries.at(2).values, ElementsAre("-1"));
}

TEST(ConfigFile, WhatIsNotUnderstoodIsNamedWithFileAndLine) {
  for (const char* line :
       {"to", "= 1", "a = ", "a = 64M", "a = true", "a = \"x", "a = 'x", "a = \"x\" y", "a = \"\\q\"", "[load", "[]",
        "a = [1", "a = [1 2]", "a.b = 1", "a = {b = 1}", "a = \"\"\"x\"\"\"", "]"}) {
    const std::string text = std::string("# first\n") + line;
    EXPECT_THAT([&] { (void)parse_config(text, "my.toml"); }, ThrowsMessage<UsageError>(StartsWith("my.toml:2: ")))
        << line;
  }
}

TEST(ConfigFile, KeyThatStandsTwiceIsRefused) {
  EXPECT_THAT([] { (void)parse_config("a = 1\n[load]\na = 2\na = 3", "f"); },
              ThrowsMessage<UsageError>("f:4: 'a' is set twice."));
}

TEST(ConfigFile, FileThatCannotBeReadIsNamed) {
  const ScratchFolder folder;
  EXPECT_THAT([&] { (void)read_config(folder / "none.toml"); },
              ThrowsMessage<UsageError>(AllOf(HasSubstr("none.toml"), HasSubstr("No such file"))));
  EXPECT_THAT([&] { (void)read_config(folder.path()); }, ThrowsMessage<UsageError>(HasSubstr("Is a directory")));
}

}  // namespace
}  // namespace chatload::cli
