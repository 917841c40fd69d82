#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace chatload {
namespace {

using namespace std::string_literals;

TEST(Utf8, EndsAtTheLastCodePointOfEachLength) {
  EXPECT_EQ(utf8_sequence_bytes("\x7F"), 1U);
  EXPECT_EQ(utf8_sequence_bytes("\xC2\x80"), 2U);
  EXPECT_EQ(utf8_sequence_bytes("\xE0\xA0\x80"), 3U);
  EXPECT_EQ(utf8_sequence_bytes("\xEF\xBF\xBF"), 3U);
  EXPECT_EQ(utf8_sequence_bytes("\xF0\x90\x80\x80"), 4U);
  EXPECT_EQ(utf8_sequence_bytes("\xF4\x8F\xBF\xBF"), 4U);
}

TEST(Utf8, OverlongSurrogateTruncatedAndTooLargeAreNotUtf8) {
  for (const char* bytes : {"\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                            "\xF5\x80\x80\x80", "\xE2\x82", "\xE2\x82z", "\xFE"}) {
    EXPECT_FALSE(is_utf8(bytes)) << bytes;
  }
  EXPECT_TRUE(is_utf8("x\0y"s));
  EXPECT_TRUE(is_utf8(""));
}

TEST(Utf8, BeginningEndsAtTheFirstByteThatIsNoPartOfIt) {
  EXPECT_EQ(utf8_beginning("a\u00e9\xE2\x82"), "a\u00e9");
  EXPECT_EQ(utf8_beginning("a\xFFz"), "a");
  EXPECT_EQ(utf8_beginning("a\u00e9"), "a\u00e9");
}

TEST(Utf8, CharactersAreCountedByTheirFirstByte) { EXPECT_EQ(count_characters("a\u00e9\u6f22\U0001F600"), 4U); }

}  // namespace
}  // namespace chatload
