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

TEST(JsonText, Utf8EndsAtTheLastCodePointOfEachLength) {
  EXPECT_EQ(utf8_sequence_bytes("\x7F"), 1U);
  EXPECT_EQ(utf8_sequence_bytes("\xC2\x80"), 2U);
  EXPECT_EQ(utf8_sequence_bytes("\xE0\xA0\x80"), 3U);
  EXPECT_EQ(utf8_sequence_bytes("\xEF\xBF\xBF"), 3U);
  EXPECT_EQ(utf8_sequence_bytes("\xF0\x90\x80\x80"), 4U);
  EXPECT_EQ(utf8_sequence_bytes("\xF4\x8F\xBF\xBF"), 4U);
}

TEST(JsonText, OverlongSurrogateTruncatedAndTooLargeAreNotUtf8) {
  for (const char* bytes : {"\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                            "\xF5\x80\x80\x80", "\xE2\x82", "\xE2\x82z", "\xFE"}) {
    EXPECT_FALSE(is_utf8(bytes)) << json_string(bytes);
  }
  EXPECT_TRUE(is_utf8("x\0y"s));
  EXPECT_TRUE(is_utf8(""));
}

}  // namespace
}  // namespace chatload
