#include "parse/line_members.h"

#include <gtest/gtest.h>

#include <string>

namespace chatload::parse {
namespace {

std::string members_of(std::string_view line, std::size_t count_max = 100) {
  std::string text;
  for (const LineMember& member : line_members(line, count_max)) {
    text += std::string(member.key) + '=' + std::string(member.value) + ';';
  }
  return text;
}

TEST(LineMembers, AreKeysAndValuesOfTheRootAlone) {
  EXPECT_EQ(members_of(R"({"a":1,"b" : "x\"y" ,"c":{"d":2,"e":[{"f":3}]},"g":[1,"h",{"i":4}], "j":null , "k":-1.5e3})"),
            R"(a=1;b="x\"y";c={;g=[;j=null;k=-1.5e3;)");
}

TEST(LineMembers, AreNoMoreThanAskedFor) { EXPECT_EQ(members_of(R"({"a":1,"b":2,"c":3})", 2), "a=1;b=2;"); }

TEST(LineMembers, OfWhatIsNoObjectThereAreNone) {
  for (const char* line : {"", "[1,2]", "\"a\":1", "12", "{", "{\"a", "{}", "\xFF"})
    EXPECT_EQ(members_of(line), "") << line;
}

TEST(LineMembers, OfABrokenObjectNoByteBeyondTheLineIsRead) {
  for (const char* line : {"{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":{", "{\"a\":{\"b\":", "{\"a\":]}", "{}}}"}) {
    static_cast<void>(line_members(line, 100));
  }
}

}  // namespace
}  // namespace chatload::parse
