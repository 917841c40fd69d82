#include "mysql/retry_policy.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

namespace chatload::mysql {
namespace {

using Clock = RetryPolicy::Clock;
using std::chrono::hours;
using std::chrono::milliseconds;

// What is logged while it lives, a message a line.
class LogText {
 public:
  LogText() : before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
    logger->set_pattern("%v");
    spdlog::set_default_logger(std::move(logger));
  }
  LogText(const LogText&) = delete;
  LogText& operator=(const LogText&) = delete;
  ~LogText() { spdlog::set_default_logger(before_); }

  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

class RetryPolicyTest : public testing::Test {
 protected:
  LogText log_;
  StopSignal stop_;
};

TEST_F(RetryPolicyTest, ServerThatTakesNoWritesIsTriedAgainIfItTookSomeBefore) {
  RetryPolicy retry(hours(1), stop_);
  const StatementError read_only(1290, "HY000", "The server is running with the --read-only option");
  EXPECT_FALSE(retry.may_redo(read_only));
  retry.committed();
  EXPECT_TRUE(retry.may_redo(read_only));
}

TEST_F(RetryPolicyTest, LocksAndLostConnectionsAreTriedAgainButNoRefusedRow) {
  const RetryPolicy retry(hours(1), stop_);
  EXPECT_TRUE(retry.may_redo(StatementError(1213, "40001", "Deadlock found")));
  EXPECT_TRUE(retry.may_redo(StatementError(2013, "HY000", "Lost connection")));
  EXPECT_FALSE(retry.may_redo(StatementError(1406, "22001", "Data too long")));
}

TEST_F(RetryPolicyTest, NoTimeMeansNoFurtherAttempt) {
  RetryPolicy retry(milliseconds(0), stop_);
  EXPECT_FALSE(retry.wait(Clock::now(), 0, "trouble"));
  EXPECT_EQ(log_.text(), "");
}

TEST_F(RetryPolicyTest, TimeIsOverByWhenTheTroubleBegan) {
  RetryPolicy retry(milliseconds(1'000), stop_);
  const Clock::time_point begin = Clock::now();
  EXPECT_TRUE(retry.wait(begin, 0, "trouble"));
  std::this_thread::sleep_until(begin + milliseconds(1'001));
  EXPECT_FALSE(retry.wait(begin, 0, "trouble"));
  EXPECT_TRUE(retry.wait(Clock::now(), 0, "trouble that begins now"));
}

TEST_F(RetryPolicyTest, CommitBeginsTheTimeAnew) {
  RetryPolicy retry(milliseconds(1'000), stop_);
  const Clock::time_point begin = Clock::now();
  std::this_thread::sleep_until(begin + milliseconds(1'001));
  EXPECT_FALSE(retry.wait(begin, 0, "trouble"));
  EXPECT_FALSE(retry.has_committed());
  retry.committed();
  EXPECT_TRUE(retry.has_committed());
  EXPECT_TRUE(retry.wait(begin, 0, "trouble"));
}

TEST_F(RetryPolicyTest, PauseBeginsTheTimeAnewAndIsNoCommit) {
  RetryPolicy retry(milliseconds(1'000), stop_);
  const Clock::time_point begin = Clock::now();
  std::this_thread::sleep_until(begin + milliseconds(1'001));
  retry.begin_anew();
  EXPECT_FALSE(retry.has_committed());
  EXPECT_TRUE(retry.wait(begin, 0, "trouble"));
}

// Half of each step at least, whatever the jitter: 10 ms, 20, … up to 2 s.
TEST_F(RetryPolicyTest, WaitsGrowWithTheAttempts) {
  RetryPolicy retry(hours(1), stop_);
  for (const auto& [attempts, least] : {std::pair{0U, 5}, std::pair{4U, 80}, std::pair{40U, 1'000}}) {
    const Clock::time_point begin = Clock::now();
    EXPECT_TRUE(retry.wait(begin, attempts, "trouble"));
    EXPECT_GE(Clock::now() - begin, milliseconds(least)) << attempts;
  }
}

TEST_F(RetryPolicyTest, StopEndsTheWait) {
  RetryPolicy retry(hours(1), stop_);
  std::raise(SIGTERM);
  EXPECT_FALSE(retry.wait(Clock::now(), 40, "trouble"));
}

TEST_F(RetryPolicyTest, TroubleThatComesAgainAtOnceIsNamedOnce) {
  RetryPolicy retry(std::chrono::minutes(5), stop_);
  const std::string deadlock = "Deadlock found; trying again for up to 5 min (--retry-for).\n";
  const std::string sentence = "No server answers; trying again for up to 5 min (--retry-for).\n";
  for (const char* trouble : {"Deadlock found", "No server answers.", "Deadlock found"}) {
    ASSERT_TRUE(retry.wait(Clock::now(), 0, trouble));
    retry.committed();
  }
  EXPECT_EQ(log_.text(), deadlock + sentence);
}

TEST_F(RetryPolicyTest, TroublesThatAreNewEachTimeDoNotFillTheLog) {
  RetryPolicy retry(hours(1), stop_);
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(retry.wait(Clock::now(), 0, "trouble " + std::to_string(i)));
  const std::string text = log_.text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 16);
}

}  // namespace
}  // namespace chatload::mysql
