#include "base/json_scalar.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chatload {
namespace {

TEST(ScanNumber, TakesTheLongestNumberAndSaysWhetherItIsAnInteger) {
  EXPECT_EQ(scan_number("-12,").size_bytes, 3u);
  EXPECT_TRUE(scan_number("-12,").is_integer);
  EXPECT_EQ(scan_number("1.5e-3}").size_bytes, 6u);
  EXPECT_FALSE(scan_number("1.5e-3}").is_integer);
  EXPECT_FALSE(scan_number("1E5").is_integer);
  EXPECT_TRUE(scan_number("-0").is_integer);
}

TEST(ScanNumber, RefusesWhatRfc8259DoesNotName) {
  for (const char* text : {"", "-", "+1", ".5", "1.", "01", "-01", "1e", "1e+", "1.e5", "x", "Infinity"}) {
    EXPECT_EQ(scan_number(text).size_bytes, 0u) << text;
  }
}

std::string unescaped(std::string_view raw) {
  std::vector<char> out(raw.size());
  const auto text = unescape(raw, out.data());
  return text ? std::string(*text) : "refused";
}

TEST(Unescape, DecodesEveryEscape) {
  EXPECT_EQ(unescaped(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(unescaped(R"(a\u0041\u00e9\u4e16\ud83d\ude00z)"), "aA\u00e9\u4e16\U0001f600z");
  EXPECT_EQ(unescaped(R"(\u0000)"), std::string(1, '\0'));
  EXPECT_EQ(unescaped(R"(\uDBFF\uDFFF)"), "\U0010ffff");
  EXPECT_EQ(unescaped(R"(\uFFFF\u07ff\u0800)"), "\uffff\u07ff\u0800");
  EXPECT_EQ(unescaped(""), "");
}

TEST(Unescape, RefusesSurrogatesWithoutPartner) {
  for (const char* raw : {R"(\ud800)", R"(\udc00)", R"(\ud800x)", R"(\ud800\u0041)", R"(\ud800\ud800)",
                          R"(\udc00\ud800)", R"(\ud800\n)", R"(\ud800\udc0)", R"(\ud83d\ude00\ude00)"}) {
    EXPECT_EQ(unescaped(raw), "refused") << raw;
  }
}

TEST(Unescape, RefusesMalformedEscapes) {
  for (const char* raw : {"\\", R"(\x)", R"(\u)", R"(\u12)", R"(\u12g4)", R"(\U0041)", R"(\0)", R"(a\ b)"}) {
    EXPECT_EQ(unescaped(raw), "refused") << raw;
  }
}

}  // namespace
}  // namespace chatload
