#include "write/range_scheduler.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <future>
#include <thread>
#include <vector>

#include "unit/write/key_pack.h"

namespace chatload::write {
namespace {

// How long something that must not happen is given to happen.
constexpr std::chrono::milliseconds kLongEnoughToSeeIt{50};

class RangeSchedulerTest : public testing::Test {
 protected:
  static void fill(KeyPack& pack, const std::vector<Keys>& ranges) {
    for (const Keys& keys : ranges) pack.add(keys);
    WriteOrderer(true).order(pack);
  }
  static void fill(KeyPack& pack, const Keys& keys) { fill(pack, std::vector<Keys>{keys}); }
};

TEST_F(RangeSchedulerTest, RangesAreHandedOutInFileOrder) {
  KeyPack first, second;
  fill(first, Keys{});
  fill(second, Keys{});
  RangeScheduler scheduler;
  scheduler.admit(first);
  scheduler.admit(second);
  EXPECT_EQ(scheduler.take(), &first);
  EXPECT_EQ(scheduler.take(), &second);
  scheduler.close();
  EXPECT_EQ(scheduler.take(), nullptr);
}

TEST_F(RangeSchedulerTest, RowsOfAKeyInALowerRangeInFlightAreContested) {
  KeyPack lower, upper;
  fill(lower, Keys{"a", "b"});
  fill(upper, Keys{"b", "c", "d"});
  RangeScheduler scheduler;
  scheduler.admit(lower);
  scheduler.admit(upper);
  EXPECT_EQ(lower.order().late_begin, 2U);
  ASSERT_EQ(upper.order().late_begin, 2U);
  EXPECT_EQ(upper.order().rows, (std::vector<std::uint32_t>{1, 2, 0}));
}

TEST_F(RangeSchedulerTest, ContestedRowsGoBeforeTheLaterRowsOfTheirKeyInTheRange) {
  KeyPack lower, upper;
  fill(lower, Keys{"b"});
  fill(upper, Keys{"b", "a", "b", "a"});
  RangeScheduler scheduler;
  scheduler.admit(lower);
  scheduler.admit(upper);
  EXPECT_EQ(upper.order().late_begin, 1U);
  EXPECT_EQ(upper.order().rows, (std::vector<std::uint32_t>{1, 0, 3, 2}));
}

TEST_F(RangeSchedulerTest, RowsOfAFinishedRangeAreNotContested) {
  KeyPack lower, upper;
  fill(lower, Keys{"a", "b"});
  fill(upper, Keys{"b", "c"});
  RangeScheduler scheduler;
  scheduler.admit(lower);
  scheduler.finish(*scheduler.take());
  scheduler.admit(upper);
  EXPECT_EQ(upper.order().late_begin, 2U);
}

TEST_F(RangeSchedulerTest, ContestedRowsOfEachRangeOfAPackGoLast) {
  KeyPack lower, upper;
  fill(lower, std::vector<Keys>{{"a"}, {"b"}});
  fill(upper, std::vector<Keys>{{"x", "b"}, {"y"}, {"a", "b", "z"}});
  RangeScheduler scheduler;
  scheduler.admit(lower);
  scheduler.admit(upper);
  EXPECT_EQ(upper.order(0).rows, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(upper.order(0).late_begin, 1U);
  EXPECT_EQ(upper.order(1).late_begin, 1U);
  EXPECT_EQ(upper.order(2).rows, (std::vector<std::uint32_t>{2, 0, 1}));
  EXPECT_EQ(upper.order(2).late_begin, 1U);
}

TEST_F(RangeSchedulerTest, ContestedRowsWaitUntilEveryRangeThatSharesAKeyIsFinished) {
  KeyPack one, two, three, unrelated;
  fill(one, Keys{"a"});
  fill(two, Keys{"b"});
  fill(unrelated, Keys{"z"});
  fill(three, Keys{"a", "b", "c"});
  RangeScheduler scheduler;
  for (KeyPack* pack : {&one, &two, &unrelated, &three}) scheduler.admit(*pack);
  for (int i = 0; i < 4; ++i) ASSERT_NE(scheduler.take(), nullptr);

  std::promise<void> waited;
  std::future<void> done = waited.get_future();
  const std::jthread writer([&] {
    EXPECT_TRUE(scheduler.await_contested_with_locks(three, scheduler.lock_reports()));
    waited.set_value();
  });
  EXPECT_NE(done.wait_for(kLongEnoughToSeeIt), std::future_status::ready);
  scheduler.finish(one);
  EXPECT_NE(done.wait_for(kLongEnoughToSeeIt), std::future_status::ready);
  scheduler.finish(two);
  EXPECT_EQ(done.wait_for(std::chrono::seconds(60)), std::future_status::ready) << "must not wait for unrelated ranges";
}

// A range that waits for a lower one, on a thread of its own.
class WaitingRangeTest : public RangeSchedulerTest {
 protected:
  WaitingRangeTest() {
    fill(lower_, Keys{"a"});
    fill(upper_, Keys{"a"});
    scheduler_.admit(lower_);
    scheduler_.admit(upper_);
  }

  KeyPack lower_;
  KeyPack upper_;
  RangeScheduler scheduler_;
};

TEST_F(WaitingRangeTest, GivesWayWithItsLocksWhenAnotherReportsThatItMetSome) {
  const std::uint64_t reports_before = scheduler_.lock_reports();
  std::future<bool> answer =
      std::async(std::launch::async, [&] { return scheduler_.await_contested_with_locks(upper_, reports_before); });
  scheduler_.report_locked(reports_before);
  EXPECT_FALSE(answer.get());
}

TEST_F(WaitingRangeTest, GivesWayToAReportFromBeforeItsWait) {
  const std::uint64_t reports_before = scheduler_.lock_reports();
  scheduler_.report_locked(reports_before);
  EXPECT_FALSE(scheduler_.await_contested_with_locks(upper_, reports_before));
}

TEST_F(WaitingRangeTest, GivesWayToAPause) {
  const std::uint64_t reports_before = scheduler_.lock_reports();
  scheduler_.report_paused();
  EXPECT_FALSE(scheduler_.await_contested_with_locks(upper_, reports_before));
}

TEST_F(WaitingRangeTest, WaitsOnWithoutLocks) {
  std::future<void> answer = std::async(std::launch::async, [&] { scheduler_.await_contested(upper_); });
  scheduler_.report_locked(scheduler_.lock_reports());
  EXPECT_NE(answer.wait_for(kLongEnoughToSeeIt), std::future_status::ready);
  scheduler_.finish(lower_);
  answer.get();
}

// Four writers' ranges in flight, each handed out.
class BackoffTest : public RangeSchedulerTest {
 protected:
  static constexpr std::size_t kWriters = 4;

  BackoffTest() {
    for (std::size_t i = 0; i < kWriters; ++i) admit_next();
  }

  void admit_next() {
    KeyPack& pack = packs_.emplace_back();
    fill(pack, Keys{});
    scheduler_.admit(pack);
  }

  // The lowest range in flight.
  void end_lowest(bool committed) {
    packs_.front().ranges.front().result.committed = committed;
    scheduler_.finish(packs_.front());
    packs_.pop_front();
    admit_next();
  }

  void commit(int ranges) {
    for (int i = 0; i < ranges; ++i) end_lowest(true);
  }

  void fail() { scheduler_.report_locked(scheduler_.lock_reports()); }

  std::deque<KeyPack> packs_;
  RangeScheduler scheduler_{kWriters};
};

TEST_F(BackoffTest, UndisturbedAllWritersGoAtOnce) { EXPECT_EQ(scheduler_.at_once(), kWriters); }

TEST_F(BackoffTest, EachFailureHalvesThemDownToTheLowestRange) {
  for (const std::size_t left : {2U, 1U, 1U}) {
    fail();
    EXPECT_EQ(scheduler_.at_once(), left);
  }
}

TEST_F(BackoffTest, TransactionsThatWereBegunTogetherCountOnce) {
  const std::uint64_t reports_before = scheduler_.lock_reports();
  for (int i = 0; i < 3; ++i) scheduler_.report_locked(reports_before);
  EXPECT_EQ(scheduler_.at_once(), kWriters / 2);
}

TEST_F(BackoffTest, CommitsBringOneBackAndTheMoreFailuresTheMoreCommitsAreNeeded) {
  fail();
  commit(31);
  EXPECT_EQ(scheduler_.at_once(), 2U);
  commit(1);
  EXPECT_EQ(scheduler_.at_once(), 3U);
  fail();
  EXPECT_EQ(scheduler_.at_once(), 1U);
  commit(63);
  EXPECT_EQ(scheduler_.at_once(), 1U);
  commit(1);
  EXPECT_EQ(scheduler_.at_once(), 2U);
  commit(2 * 64);
  EXPECT_EQ(scheduler_.at_once(), kWriters);
}

TEST_F(BackoffTest, RangesThatAreGivenUpBringNoneBack) {
  fail();
  for (int i = 0; i < 100; ++i) end_lowest(false);
  EXPECT_EQ(scheduler_.at_once(), 2U);
}

TEST_F(BackoffTest, RangeWaitsForItsTurnUntilItIsAmongTheLowest) {
  fail();
  scheduler_.await_turn(packs_[1]);
  std::future<void> turn = std::async(std::launch::async, [&] { scheduler_.await_turn(packs_[2]); });
  EXPECT_NE(turn.wait_for(kLongEnoughToSeeIt), std::future_status::ready);
  scheduler_.finish(packs_[0]);
  turn.get();
}

TEST_F(BackoffTest, PauseIsNoFailure) {
  scheduler_.report_paused();
  EXPECT_EQ(scheduler_.at_once(), kWriters);
}

}  // namespace
}  // namespace chatload::write
