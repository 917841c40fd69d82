#include "base/json_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace chatload {
namespace {

using namespace std::string_literals;

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonText, QuotesBackslashesAndControlsAreEscaped) {
  EXPECT_EQ(json_string("a\"b\\c\n\t\r\b\f\0\x1f/"s), R"("a\"b\\c\n\t\r\b\f\u0000\u001f/")");
}

TEST(JsonText, Utf8StandsAsItIs) { EXPECT_EQ(json_string("é 漢 😀"), "\"é 漢 😀\""); }

TEST(JsonText, EachByteThatIsNotUtf8BecomesTheReplacementCharacter) {
  EXPECT_EQ(json_string("a\xFF\xC3z"), "\"a\uFFFD\uFFFDz\"");
}

TEST(JsonText, AppendsBehindWhatIsThere) {
  std::string out = "[";
  append_json_string(out, "");
  EXPECT_EQ(out, "[\"\"");
}

TEST(JsonText, ObjectHasItsMembersInTheOrderInWhichTheyWereAdded) {
  JsonObject object;
  object.add("text", "a\"");
  object.add("number", std::numeric_limits<std::uint64_t>::max());
  object.add("none", std::optional<std::string>());
  object.add("some", std::optional<std::uint64_t>(0));
  object.add_json("json", "[1.50]");
  EXPECT_EQ(std::move(object).str(),
            R"({"text":"a\"","number":18446744073709551615,"none":null,"some":0,"json":[1.50]})");
  EXPECT_EQ(JsonObject().str(), "{}");
}

}  // namespace
}  // namespace chatload
