#include "parse/line_walker.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "unit/parse/chat_lines.h"

namespace chatload::parse {
namespace {

TEST(LineWalker, JsonThatIsNoObjectIsNotAnObject) {
  for (const char* line : {"[]", "[{}]", "1", "-2.5e3", "\"x\"", " \"x\" ", "true", "null", R"("\u0041")"}) {
    EXPECT_EQ(outcome_of(line), "not_an_object") << line;
  }
  for (const char* line : {"[", "01", "\"x", "\"x\"y", "\"x\" 1", "nul", "1 2", R"("\ud800")", "{}{}", "{} x"}) {
    EXPECT_EQ(outcome_of(line), "invalid_json") << line;
  }
}

TEST(LineWalker, AnyTextArrivesAsItIs) {
  EXPECT_EQ(cell(parse_text(with_message(R"("O'Hara\"; DROP TABLE x; -- \\ %s `")")), kData),
            "O'Hara\"; DROP TABLE x; -- \\ %s `");
  EXPECT_EQ(cell(parse_text(with_message(R"("a\u0000b")")), kData), std::string("a\0b", 3));
  EXPECT_EQ(cell(parse_text(with_message(R"("\ud83d\ude00 😀")")), kData), "\U0001f600 \U0001f600");
}

TEST(LineWalker, EveryByteValueInAStringIsTextOrAReject) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string line = with_message("\"a" + std::string(1, static_cast<char>(byte)) + "z\"");
    if (byte == '\n') continue;
    const std::string expected = byte < 0x20 || byte == '"' || byte == '\\' ? "invalid_json"
                                 : byte < 0x80                              ? "valid"
                                                                            : "invalid_utf8";
    EXPECT_EQ(outcome_of(line), expected) << byte;
  }
}

TEST(LineWalker, LoneSurrogatesAreInvalidMappedOrNot) {
  for (const char* text :
       {R"("\ud800")", R"("\udc00")", R"("\ud800\u0041")", R"("\ud800\ud800")", R"("\udc00\ud800")"}) {
    EXPECT_EQ(outcome_of(with_message(text)), "invalid_json") << text;
    EXPECT_EQ(outcome_of(line_with_ignored(text)), "invalid_json") << text;
    EXPECT_EQ(outcome_of(LineParts{.extra = std::string(text) + ":1"}.text()), "invalid_json") << text;
    EXPECT_EQ(outcome_of(line_with_ignored("{" + std::string(text) + ":1}")), "invalid_json") << text;
  }
}

TEST(LineWalker, NestingBombIsInvalidJson) {
  for (const char* open : {"[", "{\"a\":", "[[{\"a\":"}) {
    EXPECT_EQ(outcome_of(repeat(open, 100'000)), "invalid_json") << open;
    EXPECT_EQ(outcome_of(line_with_ignored(repeat(open, 100'000))), "invalid_json") << open;
  }
  EXPECT_EQ(outcome_of(repeat("[", 100'000) + repeat("]", 100'000)), "invalid_json");
}

TEST(LineWalker, DepthCountsTheRoot) {
  EXPECT_EQ(outcome_of(repeat("[", 1'024) + repeat("]", 1'024)), "not_an_object");
  EXPECT_EQ(outcome_of(repeat("[", 1'025) + repeat("]", 1'025)), "invalid_json");
  EXPECT_EQ(outcome_of(line_with_ignored(repeat("[", 1'023) + repeat("]", 1'023))), "valid");
  EXPECT_EQ(outcome_of(line_with_ignored(repeat("[", 1'024) + repeat("]", 1'024))), "invalid_json");
}

TEST(LineWalker, LinesDoNotLeanOnTheirNeighbours) {
  // Each pair would be JSON if the newline were not there.
  const ParsedRange parsed = parse_text("{\"a\":\n1}\n[1\n]\n{\"a\":{\"b\":1}\n}\n" + LineParts{}.text());
  EXPECT_EQ(parsed.counts.lines, 7u);
  EXPECT_EQ(parsed.counts.valid, 1u);
  EXPECT_EQ(parsed.counts.rejected_by_reason[static_cast<std::size_t>(RejectReason::kInvalidJson)], 6u);
}

}  // namespace
}  // namespace chatload::parse
