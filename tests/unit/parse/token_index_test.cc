#include "parse/token_index.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/parse/parse_text.h"

namespace chatload::parse {
namespace {

std::vector<std::uint32_t> tokens_of(std::string_view text) {
  const split::Range range = make_range(text);
  TokenIndex index;
  if (!index.index(range.bytes.view())) return {};
  const std::uint32_t* token = index.tokens();
  std::vector<std::uint32_t> tokens;
  do {
    tokens.push_back(*token);
  } while (*token++ != text.size());
  return tokens;
}

using Tokens = std::vector<std::uint32_t>;

TEST(TokenIndex, FindsEachTokensFirstByteAndTheEnd) {
  EXPECT_EQ(tokens_of(R"({"a": 12, "b\"":[]})"), (Tokens{0, 1, 4, 6, 8, 10, 15, 16, 17, 18, 19}));
}

TEST(TokenIndex, TextBehindAStringIsATokenOfItsOwn) {
  EXPECT_EQ(tokens_of(R"("a"x "b""c" "d"\)"), (Tokens{0, 3, 5, 8, 12, 15, 16}));
}

TEST(TokenIndex, TokensOfOneLineAreThoseItHasAlone) {
  const Tokens tokens = tokens_of("tru\ne");
  if (tokens.empty()) GTEST_SKIP() << "this processor indexes single lines";
  EXPECT_EQ(tokens, (Tokens{0, 4, 5}));
  EXPECT_EQ(tokens_of("{\\\n\"a\"}\n"), (Tokens{0, 1, 3, 6, 8}));
}

TEST(TokenIndex, RefusesAStringThatReachesIntoTheNextLine) {
  EXPECT_TRUE(tokens_of("{\"a\n\"}").empty());
  EXPECT_TRUE(tokens_of("{\"a\\\n\"}").empty());
}

TEST(TokenIndex, RefusesWhatIsNotUtf8OrHasNoToken) {
  EXPECT_TRUE(tokens_of("{\"\xff\"}").empty());
  EXPECT_TRUE(tokens_of("\xc3\n\xa9").empty());
  EXPECT_TRUE(tokens_of(" \n\t\r\n").empty());
  EXPECT_TRUE(tokens_of("").empty());
}

}  // namespace
}  // namespace chatload::parse
