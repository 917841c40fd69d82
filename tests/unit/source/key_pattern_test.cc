#include "source/key_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace chatload::source {
namespace {

bool matches(const std::string& pattern, const std::string& key) { return KeyPattern(pattern).matches(key); }

TEST(KeyPattern, AStarStandsForAnyCharactersButASlash) {
  EXPECT_TRUE(matches("a/*.gz", "a/b.gz"));
  EXPECT_TRUE(matches("a/*.gz", "a/.gz"));
  EXPECT_FALSE(matches("a/*.gz", "a/b/c.gz"));
  EXPECT_FALSE(matches("a/*.gz", "a/b.gz.tmp"));
  EXPECT_FALSE(matches("a*", "a/"));
  EXPECT_TRUE(matches("*/*/*", "a/b/c"));
  EXPECT_FALSE(matches("*/*", "a/b/c"));
  EXPECT_TRUE(matches("**", "abc"));
}

TEST(KeyPattern, SeveralStarsShareWhatTheyStandFor) {
  EXPECT_TRUE(matches("a*b*c", "a1b2b3c"));
  EXPECT_TRUE(matches("*ab/*cd*", "aab/xcxcdd"));
  EXPECT_FALSE(matches("a*b*c", "a1b2b3"));
  EXPECT_FALSE(matches("*b/c", "ab/b/c"));
}

TEST(KeyPattern, AQuestionMarkIsOneCharacter) {
  EXPECT_TRUE(matches("a?c", "abc"));
  EXPECT_TRUE(matches("a?c",
                      "a\xC3\xA9"
                      "c"));
  EXPECT_TRUE(matches("a?c",
                      "a\xFF"
                      "c"));
  EXPECT_FALSE(matches("a??c",
                       "a\xC3\xA9"
                       "c"));
  EXPECT_FALSE(matches("a?c", "a/c"));
  EXPECT_FALSE(matches("a?", "a"));
}

TEST(KeyPattern, BracketsAreOneOfTheirCharacters) {
  EXPECT_TRUE(matches("[a-cx]", "b"));
  EXPECT_TRUE(matches("[a-cx]", "x"));
  EXPECT_FALSE(matches("[a-cx]", "d"));
  EXPECT_FALSE(matches("[a-cx]", "-"));
  EXPECT_TRUE(matches("[!a-c]", "d"));
  EXPECT_TRUE(matches("[^a-c]", "d"));
  EXPECT_FALSE(matches("[!a-c]", "a"));
  EXPECT_FALSE(matches("a[!b]c", "a/c"));
  EXPECT_FALSE(matches("a[/]c", "a/c"));
  EXPECT_TRUE(matches("[]]", "]"));
  EXPECT_TRUE(matches("[!]]", "a"));
  EXPECT_FALSE(matches("[!]]", "]"));
  EXPECT_TRUE(matches("[a-]", "-"));
  EXPECT_TRUE(matches("[*]", "*"));
  EXPECT_FALSE(matches("[*]", "a"));
  EXPECT_TRUE(matches("[\xC3\xA0-\xC3\xBF]", "\xC3\xA9"));
  EXPECT_FALSE(matches("[\xC3\xA0-\xC3\xBF]", "z"));
}

TEST(KeyPattern, TheRestStandsForItself) {
  EXPECT_TRUE(matches("a\\b[c.+", "a\\b[c.+"));
  EXPECT_FALSE(matches("a.c", "abc"));
  EXPECT_TRUE(matches("", ""));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_FALSE(matches("ab", "a"));
  EXPECT_TRUE(matches("*", ".hidden"));
}

TEST(KeyPattern, ManyStarsTakeNoTime) {
  std::string pattern;
  for (int i = 0; i < 300; ++i) pattern += "a*";
  EXPECT_FALSE(matches(pattern + 'b', std::string(1000, 'a')));
}

TEST(KeyPattern, HasALiteralPrefix) {
  const auto prefix = [](const char* pattern) { return std::string(KeyPattern(pattern).literal_prefix()); };
  EXPECT_EQ(prefix("a/b*c"), "a/b");
  EXPECT_EQ(prefix("a/b?"), "a/b");
  EXPECT_EQ(prefix("a/[bc]*"), "a/");
  EXPECT_EQ(prefix("a/[b*"), "a/[b");
  EXPECT_EQ(prefix("*"), "");
  EXPECT_EQ(prefix("a/[b"), "a/[b");
  EXPECT_FALSE(KeyPattern("a/[b").has_wildcards());
  EXPECT_TRUE(KeyPattern("a/[b]").has_wildcards());
}

}  // namespace
}  // namespace chatload::source
