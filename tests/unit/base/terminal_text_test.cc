#include "base/terminal_text.h"

#include <gtest/gtest.h>

#include <string>

namespace chatload {
namespace {

TEST(TerminalText, WhatCouldMoveACursorIsEscaped) {
  EXPECT_EQ(terminal_text("é\x1b[2J\x7f\xC2\x9B\xFF\n", 80), "é\\x1b[2J\\x7f\\xc2\\x9b\\xff\\x0a");
}

TEST(TerminalText, LongTextIsCutBetweenCharacters) {
  EXPECT_EQ(terminal_text("aéz", 2), "aé…");
  EXPECT_EQ(terminal_text("aéz", 4), "aéz");
}

TEST(TerminalText, OnlyTextThatStaysAsItIsIsTerminalText) {
  EXPECT_TRUE(is_terminal_text(""));
  EXPECT_TRUE(is_terminal_text("nächtlich 1 😀"));
  for (const char* text : {"a\nb", "\x1b", "\x7f", "\xC2\x85", "\xFF", "a\xC3"}) {
    EXPECT_FALSE(is_terminal_text(text)) << terminal_text(text, 80);
  }
}

}  // namespace
}  // namespace chatload
