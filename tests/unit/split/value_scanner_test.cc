#include "split/value_scanner.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace chatload::split {
namespace {

// By the definition, a byte at a time: where the value that begins the text ends, or npos.
std::size_t end_of(std::string_view text) {
  std::size_t depth = 0;
  bool is_in_string = false;
  bool is_escaped = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_behind_backslash = std::exchange(is_escaped, c == '\\' && !is_escaped);
    if (c == '"' && !is_behind_backslash) {
      is_in_string = !is_in_string;
    } else if (!is_in_string && (c == '{' || c == '[')) {
      ++depth;
    } else if (!is_in_string && (c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

std::string random_value(std::mt19937_64& random) {
  std::string text = random() % 2 == 0 ? "{" : "[";
  const std::size_t bytes = random() % 300;
  constexpr std::string_view kBytes = "{}[]\"\\\\\\\"ab,: {[\xc3";
  for (std::size_t i = 0; i < bytes; ++i) text += kBytes[random() % kBytes.size()];
  return text;
}

TEST(ValueScanner, ValueEndsWhereItsLastBracketClosesWhateverThePieces) {
  std::mt19937_64 random(7);
  std::size_t ended = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = random_value(random);
    const std::size_t expected = end_of(text);
    ValueScanner scanner;
    std::size_t at = 0;
    bool has_ended = false;
    while (at < text.size() && !has_ended) {
      const std::size_t piece = 1 + random() % 150;
      const ValueScanner::Step step = scanner.scan(std::string_view(text).substr(at, piece));
      ASSERT_FALSE(step.is_bad_string);
      at += step.bytes;
      has_ended = step.has_ended;
    }
    ASSERT_EQ(has_ended, expected != std::string_view::npos) << text;
    if (has_ended) {
      ASSERT_EQ(at, expected) << text;
      ++ended;
      ASSERT_TRUE(scanner.scan("[]").has_ended) << "the next value begins anew";
    }
  }
  EXPECT_GT(ended, 1'000U);
}

TEST(ValueScanner, ControlCharacterInAStringIsFoundWhereItStands) {
  for (const std::size_t front : {0U, 1U, 50U, 60U, 63U, 64U, 200U}) {
    const std::string text = "[" + std::string(front, ' ') + "\"a\\\"\nb\"]";
    const ValueScanner::Step step = ValueScanner().scan(text);
    EXPECT_TRUE(step.is_bad_string);
    EXPECT_EQ(step.bytes, text.find('\n'));
  }
  EXPECT_TRUE(ValueScanner().scan("[\n\t\r\"a\"\n]").has_ended) << "between strings they are white space";
  EXPECT_EQ(ValueScanner().scan("[1] \"\n").bytes, 3U) << "what is behind the value is not looked at";
}

}  // namespace
}  // namespace chatload::split
