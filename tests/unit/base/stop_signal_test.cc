#include "base/stop_signal.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

namespace chatload {
namespace {

bool is_readable(int fd) {
  pollfd poll_fd{fd, POLLIN, 0};
  return poll(&poll_fd, 1, 0) == 1;
}

class StopSignalTest : public testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Signals, StopSignalTest, testing::ValuesIn(kStopSignals),
                         [](const auto& test) { return std::string("SIG") + sigabbrev_np(test.param); });

TEST_P(StopSignalTest, OneSignalAsksForAStopAndStaysVisible) {
  const StopSignal stop;
  EXPECT_FALSE(stop.requested());
  EXPECT_FALSE(is_readable(stop.fd()));
  raise(GetParam());
  EXPECT_TRUE(stop.requested());
  EXPECT_TRUE(is_readable(stop.fd()));
  EXPECT_TRUE(is_readable(stop.fd()));
}

TEST_P(StopSignalTest, WaitEndsAtOnceByASignalFromBeforeOrFromAnotherThread) {
  for (const bool is_before : {true, false}) {
    const StopSignal stop;
    const auto begin = std::chrono::steady_clock::now();
    if (is_before) raise(GetParam());
    std::thread other([&] {
      if (!is_before) kill(getpid(), GetParam());
    });
    EXPECT_TRUE(stop.wait_for(std::chrono::minutes(10)));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::minutes(5));
    other.join();
  }
}

TEST_P(StopSignalTest, ANewOneBeginsUnrequested) {
  {
    const StopSignal stop;
    raise(GetParam());
  }
  const StopSignal stop;
  EXPECT_FALSE(stop.requested());
  EXPECT_FALSE(is_readable(stop.fd()));
}

TEST_P(StopSignalTest, FormerActionsComeBack) {
  struct sigaction before {};
  struct sigaction after {};
  sigaction(GetParam(), nullptr, &before);
  {
    const StopSignal stop;
    sigaction(GetParam(), nullptr, &after);
    EXPECT_NE(after.sa_handler, before.sa_handler);
    raise(GetParam());
  }
  sigaction(GetParam(), nullptr, &after);
  EXPECT_EQ(after.sa_handler, before.sa_handler);
}

TEST_P(StopSignalTest, AnIgnoredSignalStaysIgnored) {
  const auto former = std::signal(GetParam(), SIG_IGN);
  {
    const StopSignal stop;
    raise(GetParam());
    EXPECT_FALSE(stop.requested());
  }
  std::signal(GetParam(), former);
}

TEST_P(StopSignalTest, AnIgnoredSignalStaysIgnoredWhenAnotherAsksForAStop) {
  const int other = GetParam() == SIGHUP ? SIGTERM : SIGHUP;
  const auto former = std::signal(GetParam(), SIG_IGN);
  {
    const StopSignal stop;
    raise(other);
    raise(GetParam());
    EXPECT_TRUE(stop.requested());
  }
  std::signal(GetParam(), former);
}

TEST_P(StopSignalTest, TheSecondSignalKillsWhicheverItIs) {
  for (const int second : kStopSignals) {
    EXPECT_EXIT(
        {
          const StopSignal stop;
          raise(GetParam());
          raise(second);
        },
        testing::KilledBySignal(second), "");
  }
}

TEST(StopSignalWaitTest, WaitWithoutASignalTakesItsTime) {
  const StopSignal stop;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(stop.wait_for(std::chrono::milliseconds(20)));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(20));
  EXPECT_FALSE(stop.wait_for(std::chrono::milliseconds(0)));
}

TEST(StopSignalTwiceTest, TwoAtATimeAreABug) {
  const StopSignal stop;
  EXPECT_THROW(StopSignal(), std::logic_error);
}

}  // namespace
}  // namespace chatload
