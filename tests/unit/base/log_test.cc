#include "base/log.h"

#include <gtest/gtest.h>

#include <string>

namespace chatload {
namespace {

std::string line(LogFormat format, bool to_terminal, std::string_view message) {
  const auto time = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'479'816'000'042));
  return log_line(format, to_terminal, time, "warning", message);
}

TEST(Log, JsonLineIsAnObjectWithUtcTimeLevelAndEscapedMessage) {
  EXPECT_EQ(line(LogFormat::kJson, false, "a \"b\"\n\xFF"),
            "{\"ts\":\"2016-11-22T12:00:00.042Z\",\"level\":\"warning\",\"message\":\"a \\\"b\\\"\\n\uFFFD\"}\n");
}

TEST(Log, TextLineHasTimeLevelAndMessage) {
  EXPECT_EQ(line(LogFormat::kText, false, "hello"), "2016-11-22T12:00:00Z warning: hello\n");
}

TEST(Log, TextLineOnATerminalWipesTheProgressBar) {
  EXPECT_EQ(line(LogFormat::kText, true, "hello"), "\r\x1b[K2016-11-22T12:00:00Z warning: hello\n");
}

TEST(Log, JsonLineNeverHasTerminalCodes) { EXPECT_EQ(line(LogFormat::kJson, true, "x").front(), '{'); }

TEST(Log, KeepsTheFirstEventsAndTheLastButNoPassingOnes) {
  testing::internal::CaptureStdout();  // where the log goes without set_up_log()
  for (std::size_t i = 0; i <= 2 * kKeptEventsMax; ++i) {
    log_warning("event " + std::to_string(i));
    log_passing("42 %");
  }
  const std::string said = testing::internal::GetCapturedStdout();
  EXPECT_NE(said.find("42 %"), std::string::npos);
  const KeptLog kept = kept_log();
  EXPECT_EQ(kept.first.size(), kKeptEventsMax);
  ASSERT_EQ(kept.last.size(), kKeptEventsMax);
  EXPECT_GE(kept.between, 1U);
  EXPECT_EQ(kept.last.front().message, "event 101");
  EXPECT_EQ(kept.last.back().message, "event 200");
  EXPECT_EQ(kept.last.back().level, LogLevel::kWarning);
}

}  // namespace
}  // namespace chatload
