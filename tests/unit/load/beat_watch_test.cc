#include "load/beat_watch.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "mysql/runner_name.h"

namespace chatload::load {
namespace {

using std::chrono::seconds;

class BeatWatchTest : public testing::Test {
 protected:
  BeatWatchTest() {
    load_.load_id = 7;
    load_.owner = "theirs";
    load_.runner = "another host, process 17";
  }

  // A look `at` seconds after the first, over that connection.
  Life look(seconds at, std::uint64_t beat, std::uint64_t connection = 1) {
    load_.beat = beat;
    return watch_.look(load_, connection, BeatWatch::Clock::time_point(seconds(1'000) + at));
  }
  // Without a beat.
  Life look() { return watch_.look(load_, 1, {}); }

  ledger::LoadRecord load_;
  BeatWatch watch_;
};

TEST_F(BeatWatchTest, RunWithoutABeatIsDeadOnceItsLockIsFree) {
  load_.is_locked = true;
  EXPECT_EQ(look(), Life::kAlive);
  load_.is_locked = false;
  EXPECT_EQ(look(), Life::kDead);
}

TEST_F(BeatWatchTest, RunThatHoldsItsLockIsAliveHoweverLongItsBeatStands) {
  load_.is_locked = true;
  EXPECT_EQ(look(seconds(0), 5), Life::kAlive);
  EXPECT_EQ(look(seconds(600), 5), Life::kAlive);
}

TEST_F(BeatWatchTest, LoadThatHasEndedBadlyIsItsRunsAsLongAsThatHoldsItsLock) {
  for (const auto state : {ledger::LoadState::kFailed, ledger::LoadState::kInterrupted}) {
    load_.state = state;
    load_.is_locked = true;
    EXPECT_EQ(look(), Life::kAlive);
    load_.is_locked = false;
    EXPECT_EQ(look(), Life::kDead);
  }
}

TEST_F(BeatWatchTest, BeatThatStandsStillForAMinuteIsADeadRuns) {
  EXPECT_EQ(look(seconds(0), 5), Life::kUnknown);
  EXPECT_EQ(look(seconds(59), 5), Life::kUnknown);
  EXPECT_EQ(look(seconds(60), 5), Life::kDead);
}

TEST_F(BeatWatchTest, MinuteBeginsWhenThisRunSawTheBeatFirstOrSawItMove) {
  EXPECT_EQ(look(seconds(0), 5), Life::kUnknown);
  EXPECT_EQ(look(seconds(50), 6), Life::kAlive);
  EXPECT_EQ(look(seconds(109), 6), Life::kAlive);
  EXPECT_EQ(look(seconds(110), 6), Life::kDead);
}

TEST_F(BeatWatchTest, MinuteBeginsAgainAfterAReconnect) {
  EXPECT_EQ(look(seconds(0), 5, 1), Life::kUnknown);
  EXPECT_EQ(look(seconds(59), 5, 2), Life::kUnknown);
  EXPECT_EQ(look(seconds(118), 5, 2), Life::kUnknown);
  EXPECT_EQ(look(seconds(119), 5, 2), Life::kDead);
}

TEST_F(BeatWatchTest, BeatThatIsAnotherOneAfterAReconnectIsNoSignOfLife) {
  EXPECT_EQ(look(seconds(0), 5, 1), Life::kUnknown);
  EXPECT_EQ(look(seconds(1), 4, 2), Life::kUnknown) << "a replica that lags";
}

TEST_F(BeatWatchTest, MinuteBeginsAgainWithAnotherOwner) {
  EXPECT_EQ(look(seconds(0), 0), Life::kUnknown);
  load_.owner = "a third one's";
  EXPECT_EQ(look(seconds(60), 0), Life::kUnknown);
}

TEST_F(BeatWatchTest, EachLoadIsWatchedByItself) {
  EXPECT_EQ(look(seconds(0), 5), Life::kUnknown);
  load_.load_id = 8;
  EXPECT_EQ(look(seconds(60), 5), Life::kUnknown);
  load_.load_id = 7;
  EXPECT_EQ(look(seconds(60), 5), Life::kDead);
}

TEST_F(BeatWatchTest, LoadThatHasEndedHasNoRun) {
  for (const auto state : {ledger::LoadState::kFailed, ledger::LoadState::kInterrupted, ledger::LoadState::kDone}) {
    load_.state = state;
    EXPECT_EQ(look(seconds(0), 5), Life::kDead);
  }
}

TEST_F(BeatWatchTest, ProcessOfThisMachineThatIsGoneIsDeadAtOnce) {
  int name_pipe[2];
  ASSERT_EQ(pipe(name_pipe), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string name = mysql::runner_name(17);
    _exit(write(name_pipe[1], name.data(), name.size()) == static_cast<ssize_t>(name.size()) ? 0 : 1);
  }
  char name[512];
  load_.runner.assign(name, static_cast<std::size_t>(std::max<ssize_t>(0, read(name_pipe[0], name, sizeof name))));
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  close(name_pipe[0]);
  close(name_pipe[1]);
  EXPECT_EQ(look(seconds(0), 5), Life::kDead);
}

TEST_F(BeatWatchTest, ProcessOfThisMachineThatIsThereIsWatched) {
  load_.runner = mysql::runner_name(17);
  EXPECT_EQ(look(seconds(0), 5), Life::kUnknown);
}

}  // namespace
}  // namespace chatload::load
