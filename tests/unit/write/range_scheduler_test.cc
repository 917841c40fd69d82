#include "write/range_scheduler.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <future>
#include <initializer_list>
#include <string_view>
#include <thread>
#include <vector>

namespace chatload::write {
namespace {

// How long something that must not happen is given to happen.
constexpr std::chrono::milliseconds kLongEnoughToSeeIt{50};

// The jobs of a test are ranges 0, 1, 2, … in the order in which they are filled.
class RangeSchedulerTest : public testing::Test {
 protected:
  void fill(WriteJob& job, std::initializer_list<std::string_view> keys) {
    job.parsed.range.number = RangeNumber(next_number_++);
    parse::RowBatch& rows = job.parsed.rows;
    rows.columns = 1;
    for (const std::string_view key : keys) {
      rows.cells.push_back(parse::Cell::text(key));
      rows.lines.push_back({});
    }
    WriteOrderer(0, true).order(rows, job.order);
  }

 private:
  std::uint64_t next_number_ = 0;
};

TEST_F(RangeSchedulerTest, RangesAreHandedOutInFileOrder) {
  WriteJob first, second;
  fill(first, {});
  fill(second, {});
  RangeScheduler scheduler;
  scheduler.admit(first);
  scheduler.admit(second);
  EXPECT_EQ(scheduler.take(), &first);
  EXPECT_EQ(scheduler.take(), &second);
  scheduler.close();
  EXPECT_EQ(scheduler.take(), nullptr);
}

TEST_F(RangeSchedulerTest, RowsOfAKeyInALowerRangeInFlightAreContested) {
  WriteJob lower, upper;
  fill(lower, {"a", "b"});
  fill(upper, {"b", "c", "d"});
  RangeScheduler scheduler;
  scheduler.admit(lower);
  scheduler.admit(upper);
  EXPECT_EQ(lower.order.late_begin, 2U);
  ASSERT_EQ(upper.order.late_begin, 2U);
  EXPECT_EQ(upper.order.rows, (std::vector<std::uint32_t>{1, 2, 0}));
}

TEST_F(RangeSchedulerTest, ContestedRowsGoBeforeTheLaterRowsOfTheirKeyInTheRange) {
  WriteJob lower, upper;
  fill(lower, {"b"});
  fill(upper, {"b", "a", "b", "a"});
  RangeScheduler scheduler;
  scheduler.admit(lower);
  scheduler.admit(upper);
  EXPECT_EQ(upper.order.late_begin, 1U);
  EXPECT_EQ(upper.order.rows, (std::vector<std::uint32_t>{1, 0, 3, 2}));
}

TEST_F(RangeSchedulerTest, RowsOfAFinishedRangeAreNotContested) {
  WriteJob lower, upper;
  fill(lower, {"a", "b"});
  fill(upper, {"b", "c"});
  RangeScheduler scheduler;
  scheduler.admit(lower);
  scheduler.finish(*scheduler.take());
  scheduler.admit(upper);
  EXPECT_EQ(upper.order.late_begin, 2U);
}

TEST_F(RangeSchedulerTest, ContestedRowsWaitUntilEveryRangeThatSharesAKeyIsFinished) {
  WriteJob one, two, three, unrelated;
  fill(one, {"a"});
  fill(two, {"b"});
  fill(unrelated, {"z"});
  fill(three, {"a", "b", "c"});
  RangeScheduler scheduler;
  for (WriteJob* job : {&one, &two, &unrelated, &three}) scheduler.admit(*job);
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
    fill(lower_, {"a"});
    fill(upper_, {"a"});
    scheduler_.admit(lower_);
    scheduler_.admit(upper_);
  }

  WriteJob lower_;
  WriteJob upper_;
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
    WriteJob& job = jobs_.emplace_back();
    fill(job, {});
    scheduler_.admit(job);
  }

  // The lowest range in flight.
  void end_lowest(bool committed) {
    jobs_.front().result.committed = committed;
    scheduler_.finish(jobs_.front());
    jobs_.pop_front();
    admit_next();
  }

  void commit(int ranges) {
    for (int i = 0; i < ranges; ++i) end_lowest(true);
  }

  void fail() { scheduler_.report_locked(scheduler_.lock_reports()); }

  std::deque<WriteJob> jobs_;
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
  scheduler_.await_turn(jobs_[1]);
  std::future<void> turn = std::async(std::launch::async, [&] { scheduler_.await_turn(jobs_[2]); });
  EXPECT_NE(turn.wait_for(kLongEnoughToSeeIt), std::future_status::ready);
  scheduler_.finish(jobs_[0]);
  turn.get();
}

TEST_F(BackoffTest, PauseIsNoFailure) {
  scheduler_.report_paused();
  EXPECT_EQ(scheduler_.at_once(), kWriters);
}

}  // namespace
}  // namespace chatload::write
