#include "mysql/control_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <future>
#include <optional>
#include <string>

#include "base/errors.h"
#include "db/database_fixture.h"

namespace chatload::mysql {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class ControlConnectionTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    lock_name_ = endpoint().database;
  }

  // Two runs of one load have one each.
  struct Run {
    explicit Run(ControlConnectionTest& test, milliseconds retry_for = seconds(60))
        : retry(retry_for, test.stop_),
          control(
              [this, &test] {
                ++connects;
                return test.connect();
              },
              retry, test.stop_) {}

    // By a statement, so that a lost connection is noticed.
    std::string connection_id() {
      return control.run(
          [](Session& session) { return session.query("SELECT CONNECTION_ID()").at(0).at(0).value_or(""); });
    }

    RetryPolicy retry;
    std::atomic<int> connects = 0;
    ControlConnection control;
  };

  void kill(Run& run) {
    run.control.run([this](Session& session) { DatabaseTest::kill(session); });
  }

  std::string holder() { return value(admin(), "SELECT IS_USED_LOCK('" + lock_name_ + "')"); }

  StopSignal stop_;
  std::string lock_name_;
};

TEST_F(ControlConnectionTest, OneConnectionServesAllThatIsRun) {
  Run run(*this);
  EXPECT_EQ(run.connection_id(), run.connection_id());
  EXPECT_EQ(run.connects, 1);
}

TEST_F(ControlConnectionTest, LostConnectionIsOpenedAgainAndTheBodyRunAgain) {
  Run run(*this);
  kill(run);
  int runs = 0;
  EXPECT_EQ(run.control.run([&](Session& session) {
    ++runs;
    return value(session, "SELECT 7");
  }),
            "7");
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(run.connects, 2);
}

TEST_F(ControlConnectionTest, ServerThatStaysAwayIsGivenUpWhenTheTimeIsOver) {
  RetryPolicy retry(milliseconds(100), stop_);
  int connects = 0;
  ControlConnection control(
      [&]() -> Session {
        ++connects;
        throw ConnectError(2002, "Nobody answers.");
      },
      retry, stop_);
  EXPECT_THROW(control.run([](Session&) {}), ConnectError);
  EXPECT_GT(connects, 1);
}

TEST_F(ControlConnectionTest, TimeThatAnAttemptTookBeforeItFailedIsNotCounted) {
  RetryPolicy retry(milliseconds(300), stop_);
  ControlConnection control([this] { return connect(); }, retry, stop_);
  int runs = 0;
  control.run([&](Session& session) {
    if (++runs > 1) return;
    static_cast<void>(session.query("SELECT SLEEP(0.5)"));
    throw StatementError(2013, "HY000", "Lost connection");
  });
  EXPECT_EQ(runs, 2);
}

TEST_F(ControlConnectionTest, DeniedAccessIsNotTriedAgain) {
  RetryPolicy retry(seconds(60), stop_);
  int connects = 0;
  ControlConnection control(
      [&]() -> Session {
        ++connects;
        throw ConnectError(1045, "Access is denied.");
      },
      retry, stop_);
  EXPECT_THROW(control.run([](Session&) {}), ConnectError);
  EXPECT_EQ(connects, 1);
}

TEST_F(ControlConnectionTest, StatementThatNoRetryCuresEndsTheRun) {
  Run run(*this);
  const auto failure = failure_of<DatabaseError>(
      [&] { run.control.run([](Session& session) { session.execute("UPDATE no_such_table SET a = 1"); }); });
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->what(), HasSubstr("The table or the ledger cannot be read or written"));
  EXPECT_EQ(run.control.run([this](Session& session) { return value(session, "SELECT 7"); }), "7");
}

TEST_F(ControlConnectionTest, ErrorOfTheBodysOwnPasses) {
  Run run(*this);
  EXPECT_THROW(run.control.run([](Session&) { throw LoadError("mine"); }), LoadError);
  EXPECT_EQ(run.connects, 1);
}

TEST_F(ControlConnectionTest, AttemptOutlivesALostConnectionAndSaysHowItWent) {
  Run run(*this);
  EXPECT_TRUE(run.control.attempt([](Session& session) { session.execute("DO 1"); }));
  kill(run);
  EXPECT_TRUE(run.control.attempt([](Session& session) { session.execute("DO 1"); }));
  EXPECT_FALSE(run.control.attempt([](Session& session) { session.execute("no SQL"); }));
}

TEST_F(ControlConnectionTest, LockExcludesAnotherRunUntilItIsGivenBack) {
  Run first(*this);
  Run second(*this);
  EXPECT_EQ(first.control.lock(lock_name_, milliseconds(0), nullptr), std::nullopt);
  const std::string held_by_first = "connection " + first.connection_id();
  EXPECT_EQ(second.control.lock(lock_name_, milliseconds(0), nullptr), held_by_first);
  EXPECT_EQ(second.control.lock(lock_name_, milliseconds(50), nullptr), held_by_first);
  first.control.unlock_all();
  EXPECT_EQ(second.control.lock(lock_name_, milliseconds(0), nullptr), std::nullopt);
}

TEST_F(ControlConnectionTest, LockIsWaitedFor) {
  Run first(*this);
  Run second(*this);
  ASSERT_EQ(first.control.lock(lock_name_, milliseconds(0), nullptr), std::nullopt);
  std::promise<void> is_waiting;
  std::future<std::optional<std::string>> lock = std::async([&] {
    const ClientThread client_thread;
    is_waiting.set_value();
    return second.control.lock(lock_name_, seconds(60), nullptr);
  });
  is_waiting.get_future().wait();
  first.control.unlock_all();
  EXPECT_EQ(lock.get(), std::nullopt);
  EXPECT_EQ(holder(), second.connection_id());
}

TEST_F(ControlConnectionTest, StopEndsTheWaitForTheLock) {
  Run first(*this);
  Run second(*this);
  ASSERT_EQ(first.control.lock(lock_name_, milliseconds(0), nullptr), std::nullopt);
  std::raise(SIGTERM);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_NE(second.control.lock(lock_name_, seconds(600), nullptr), std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(300));
}

TEST_F(ControlConnectionTest, LockComesBackWithTheNextConnection) {
  Run run(*this);
  ASSERT_EQ(run.control.lock(lock_name_, milliseconds(0), nullptr), std::nullopt);
  const std::string before = run.connection_id();
  kill(run);
  const std::string after = run.connection_id();
  EXPECT_NE(after, before);
  EXPECT_EQ(holder(), after);
}

TEST_F(ControlConnectionTest, LocksAreHeldBesideOneAnotherAndGivenBackOneByOne) {
  Run run(*this);
  const std::string other = lock_name_ + "_other";
  const auto holder_of_other = [&] { return value(admin(), "SELECT IS_USED_LOCK('" + other + "')"); };
  ASSERT_EQ(run.control.lock(lock_name_, milliseconds(0), nullptr), std::nullopt);
  ASSERT_EQ(run.control.lock(other, milliseconds(0), nullptr), std::nullopt);
  kill(run);
  const std::string after = run.connection_id();
  EXPECT_EQ(holder(), after);
  EXPECT_EQ(holder_of_other(), after);
  run.control.unlock(other);
  EXPECT_EQ(holder_of_other(), "NULL");
  EXPECT_EQ(holder(), after);
  run.control.unlock_all();
  EXPECT_EQ(holder(), "NULL");
}

TEST_F(ControlConnectionTest, OthersThatHoldALockAreNamedAndTheRunItselfIsNot) {
  Run first(*this);
  Run second(*this);
  EXPECT_EQ(second.control.wait_for_others(lock_name_, milliseconds(0), nullptr), std::nullopt);
  ASSERT_EQ(first.control.lock(lock_name_, milliseconds(0), nullptr), std::nullopt);
  EXPECT_EQ(first.control.wait_for_others(lock_name_, milliseconds(0), nullptr), std::nullopt);
  EXPECT_EQ(second.control.wait_for_others(lock_name_, milliseconds(50), nullptr),
            "connection " + first.connection_id());
  first.control.unlock(lock_name_);
  EXPECT_EQ(second.control.wait_for_others(lock_name_, milliseconds(0), nullptr), std::nullopt);
}

TEST_F(ControlConnectionTest, LockThatAnotherRunTookMeanwhileStaysItsAndDoesNotEndThisOne) {
  Run first(*this);
  Run second(*this);
  ASSERT_EQ(first.control.lock(lock_name_, milliseconds(0), nullptr), std::nullopt);
  kill(first);
  ASSERT_EQ(second.control.lock(lock_name_, seconds(60), nullptr), std::nullopt);
  static_cast<void>(first.connection_id());
  first.control.unlock_all();
  EXPECT_EQ(holder(), second.connection_id());
}

TEST_F(ControlConnectionTest, LockGoesWithTheRun) {
  {
    Run run(*this);
    ASSERT_EQ(run.control.lock(lock_name_, milliseconds(0), nullptr), std::nullopt);
    EXPECT_NE(holder(), "NULL");
  }
  Run next(*this);
  EXPECT_EQ(next.control.lock(lock_name_, seconds(60), nullptr), std::nullopt);
}

}  // namespace
}  // namespace chatload::mysql
