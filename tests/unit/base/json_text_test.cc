#include "base/json_text.h"

#include <gtest/gtest.h>

#include <string>

namespace chatload {
namespace {

using namespace std::string_literals;

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

}  // namespace
}  // namespace chatload
