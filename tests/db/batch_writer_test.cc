#include "write/batch_writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "db/batch_writer_fixture.h"
#include "ledger/load_ledger.h"
#include "write/writer_pool.h"

namespace chatload::write {
namespace {

TEST_F(BatchWriterTest, SkipKeepsTheFirstLineAndCountsTheOthersAsDuplicate) {
  mysql::Session session = connect();
  const WriteResult first = write(session, {{"a", "1"}, {"b", "2"}, {"a", "3"}}, OnDuplicate::kSkip);
  EXPECT_EQ(std::pair(first.counts.inserted, first.counts.duplicate), std::pair(2UL, 1UL));
  const WriteResult second = write(session, {{"b", "4"}, {"c", "5"}}, OnDuplicate::kSkip);
  EXPECT_EQ(std::pair(second.counts.inserted, second.counts.duplicate), std::pair(1UL, 1UL));
  EXPECT_EQ(table(), "a=1 b=2 c=5 ");
}

TEST_F(BatchWriterTest, ReplaceKeepsTheLastLineAndCountsEveryOtherAsUpdated) {
  mysql::Session session = connect();
  const WriteResult first = write(session, {{"a", "1"}, {"b", "2"}, {"a", "3"}}, OnDuplicate::kReplace);
  EXPECT_EQ(std::pair(first.counts.inserted, first.counts.updated), std::pair(2UL, 1UL));
  // b is identical, a changes, c is new.
  const WriteResult second = write(session, {{"b", "2"}, {"a", "4"}, {"c", "5"}}, OnDuplicate::kReplace);
  EXPECT_EQ(std::pair(second.counts.inserted, second.counts.updated), std::pair(1UL, 2UL));
  EXPECT_EQ(table(), "a=4 b=2 c=5 ");
}

TEST_F(BatchWriterTest, OneRowStatementsCountLikeLongOnes) {
  mysql::Session session = connect();
  EXPECT_EQ(write(session, {{"a", "1"}}, OnDuplicate::kReplace).counts.inserted, 1U);
  EXPECT_EQ(write(session, {{"a", "1"}}, OnDuplicate::kReplace).counts.updated, 1U);
  EXPECT_EQ(write(session, {{"a", "2"}}, OnDuplicate::kReplace).counts.updated, 1U);
  EXPECT_EQ(write(session, {{"a", "3"}}, OnDuplicate::kSkip).counts.duplicate, 1U);
  EXPECT_EQ(table(), "a=2 ");
}

TEST_F(BatchWriterTest, RangeIsSplitIntoStatementsThatFitThePacket) {
  mysql::Session session = connect();
  std::vector<Line> lines;
  for (int i = 0; i < 100; ++i) lines.push_back({"id" + std::to_string(i), std::string(100, 'x')});
  EXPECT_EQ(write(session, lines, OnDuplicate::kSkip, 1'000).counts.inserted, 100U);
}

TEST_F(BatchWriterTest, RowThatFitsNoStatementIsNamedAndNothingIsLoaded) {
  mysql::Session session = connect();
  const auto failure = failure_of<DatabaseError>([&] {
    write(session, {{"a", "1"}, {"b", std::string(500, 'x')}}, OnDuplicate::kSkip, 400);
  });
  ASSERT_TRUE(failure);
  EXPECT_NE(std::string(failure->what()).find("Line 2 makes a statement"), std::string::npos) << failure->what();
  EXPECT_EQ(table(), "");
}

TEST_F(BatchWriterTest, FailModeEndsAtADuplicateAndKeepsEarlierRangesOnly) {
  mysql::Session session = connect();
  EXPECT_EQ(write(session, {{"a", "1"}}, OnDuplicate::kFail).counts.inserted, 1U);
  EXPECT_THROW(write(session, {{"b", "2"}, {"a", "3"}}, OnDuplicate::kFail), DatabaseError);
  EXPECT_THROW(write(session, {{"c", "2"}, {"c", "3"}}, OnDuplicate::kFail), DatabaseError);
  EXPECT_EQ(table(), "a=1 ");
}

TEST_F(BatchWriterTest, RefusedRowBecomesARejectAndItsNeighboursStay) {
  mysql::Session session = connect();
  const WriteResult result = write(session, {{"a", "1"}, {"b", std::string(256, 'x')}, {"c", "3"}}, OnDuplicate::kSkip);
  EXPECT_EQ(table(), "a=1 c=3 ");
  EXPECT_EQ(ledger(), "0: 3 2 0 0 1; ");
  ASSERT_EQ(result.refused.size(), 1U);
  EXPECT_EQ(result.refused[0].line, LineNumber(2));
  EXPECT_EQ(value_read_back("SELECT CONCAT(line, ' ', reason, ' ', LEFT(detail, 15)) FROM chatload_rejects"),
            "2 refused_by_server SQLSTATE 22001:");
}

TEST_F(BatchWriterTest, NextLineTakesThePlaceOfARefusedOne) {
  mysql::Session session = connect();
  const std::string too_long(256, 'x');
  write(session, {{"a", too_long}, {"a", "2"}, {"a", "3"}}, OnDuplicate::kSkip);
  EXPECT_EQ(table(), "a=2 ");
  write(session, {{"b", "1"}, {"b", "2"}, {"b", too_long}}, OnDuplicate::kReplace);
  EXPECT_EQ(table(), "a=2 b=2 ");
  EXPECT_EQ(ledger(), "0: 3 1 0 1 1; 1: 3 1 1 0 1; ");
}

TEST_F(BatchWriterTest, ManyRefusedRowsOfARangeAreAllFound) {
  mysql::Session session = connect();
  std::vector<Line> lines;
  for (int i = 0; i < 600; ++i) lines.push_back({std::to_string(1'000 + i), std::string(i % 2 == 0 ? 256 : 1, 'x')});
  const WriteResult result = write(session, lines, OnDuplicate::kSkip);
  EXPECT_EQ(result.counts.inserted, 300U);
  EXPECT_EQ(result.counts.rejected, 300U);
  EXPECT_EQ(value_read_back("SELECT COUNT(*) FROM chatload_rejects"), "300");
}

TEST_F(BatchWriterTest, RangeWithMoreRefusedRowsThanAllowedIsNotCommitted) {
  mysql::Session session = connect();
  owner_.refused_max = 1;
  const std::string too_long(256, 'x');
  const WriteResult result = write(session, {{"a", "1"}, {"b", too_long}, {"c", too_long}}, OnDuplicate::kSkip);
  EXPECT_FALSE(result.committed);
  EXPECT_EQ(result.refused.size(), 2U);
  EXPECT_EQ(table(), "");
  EXPECT_EQ(ledger(), "");
}

class LoadDataTest : public BatchWriterTest {
 protected:
  void SetUp() override {
    BatchWriterTest::SetUp();
    transport_ = RowTransport::kLoadData;
    local_infile_.emplace(admin(), "local_infile", "1");
  }
  void TearDown() override {
    local_infile_.reset();
    BatchWriterTest::TearDown();
  }

  std::optional<GlobalVariable> local_infile_;
};

TEST_F(LoadDataTest, RowsAreInsertedAndDuplicatesCounted) {
  mysql::Session session = connect(transport_ == RowTransport::kLoadData);
  const WriteResult first = write(session, {{"a", "1"}, {"b", "2"}, {"a", "3"}}, OnDuplicate::kSkip);
  EXPECT_EQ(std::pair(first.counts.inserted, first.counts.duplicate), std::pair(2UL, 1UL));
  const WriteResult second = write(session, {{"b", "4"}, {"c", "5"}}, OnDuplicate::kSkip);
  EXPECT_EQ(std::pair(second.counts.inserted, second.counts.duplicate), std::pair(1UL, 1UL));
  EXPECT_EQ(table(), "a=1 b=2 c=5 ");
  EXPECT_EQ(session.query("SHOW SESSION STATUS LIKE 'Com_load'").at(0).at(1), "2");
}

TEST_F(LoadDataTest, EveryByteArrivesAsItIs) {
  mysql::Session session = connect(transport_ == RowTransport::kLoadData);
  std::string text;
  for (int byte = 0; byte < 128; ++byte) text += static_cast<char>(byte);
  text += "\\N\\0\t\n\xF0\x9F\x98\x80";
  EXPECT_EQ(write(session, {{"\\N", text}, {"b\n\t", ""}}, OnDuplicate::kSkip).counts.inserted, 2U);
  EXPECT_EQ(table(), "\\N=" + text + " b\n\t= ");
  EXPECT_EQ(session.query("SHOW SESSION STATUS LIKE 'Com_load'").at(0).at(1), "1");
}

TEST_F(LoadDataTest, RangeOfManyChunksArrivesWhole) {
  mysql::Session session = connect(transport_ == RowTransport::kLoadData);
  std::vector<Line> lines;
  for (std::size_t i = 0; i < 3'000; ++i) lines.push_back({std::to_string(10'000 + i), std::string(i % 200, 'x')});
  EXPECT_EQ(write(session, lines, OnDuplicate::kSkip).counts.inserted, 3'000U);
  EXPECT_EQ(value_read_back("SELECT CONCAT(COUNT(*), ' ', SUM(LENGTH(data))) FROM chat_messages"), "3000 298500");
}

TEST_F(LoadDataTest, RowThatDoesNotFitIsRefusedAsAnInsertRefusesItAndItsNeighboursStay) {
  mysql::Session session = connect(transport_ == RowTransport::kLoadData);
  const WriteResult result = write(session, {{"a", "1"}, {"b", std::string(256, 'x')}, {"c", "3"}}, OnDuplicate::kSkip);
  EXPECT_EQ(table(), "a=1 c=3 ");
  EXPECT_EQ(ledger(), "0: 3 2 0 0 1; ");
  ASSERT_EQ(result.refused.size(), 1U);
  EXPECT_EQ(result.refused[0].line, LineNumber(2));
}

TEST_F(LoadDataTest, DuplicateThatDoesNotFitIsRefusedAndNotTakenForADuplicate) {
  mysql::Session session = connect(transport_ == RowTransport::kLoadData);
  write(session, {{"a", "1"}}, OnDuplicate::kSkip);
  write(session, {{"a", std::string(256, 'x')}, {"b", "2"}}, OnDuplicate::kSkip);
  EXPECT_EQ(table(), "a=1 b=2 ");
  EXPECT_EQ(ledger(), "0: 1 1 0 0 0; 1: 2 1 0 0 1; ");
}

TEST_F(LoadDataTest, FiguresAreReadWhateverTheServersLanguage) {
  const GlobalVariable language(admin(), "lc_messages", "'it_IT'");
  mysql::Session session = connect(true);
  write(session, {{"a", "1"}}, OnDuplicate::kSkip);
  write(session, {{"a", std::string(256, 'x')}, {"a", "2"}, {"b", "2"}}, OnDuplicate::kSkip);
  EXPECT_EQ(table(), "a=1 b=2 ");
  EXPECT_EQ(ledger(), "0: 1 1 0 0 0; 1: 3 1 0 1 1; ");
}

TEST_F(LoadDataTest, MoreDuplicatesThanTheServerKeepsWarningsOfAreInserted) {
  mysql::Session session = connect(true);
  std::vector<Line> lines;
  for (int i = 0; i < 1'500; ++i) lines.push_back({std::to_string(10'000 + i), "first"});
  write(session, lines, OnDuplicate::kSkip);
  for (Line& line : lines) line.data = "second";
  lines.push_back({"new", "second"});
  const WriteResult result = write(session, lines, OnDuplicate::kSkip);
  EXPECT_EQ(std::pair(result.counts.inserted, result.counts.duplicate), std::pair(1UL, 1'500UL));
  EXPECT_EQ(value_read_back("SELECT COUNT(*) FROM chat_messages WHERE data = 'first'"), "1500");
}

TEST_F(LoadDataTest, ServerThatAllowsItNoLongerGetsInserts) {
  mysql::Session session = connect(transport_ == RowTransport::kLoadData);
  admin().execute("SET GLOBAL local_infile = 0");
  EXPECT_EQ(write(session, {{"a", "1"}, {"b", "2"}}, OnDuplicate::kSkip).counts.inserted, 2U);
  EXPECT_EQ(table(), "a=1 b=2 ");
}

TEST_F(BatchWriterTest, LockWaitIsRetriedUntilTheLockIsGone) {
  mysql::Session session = connect();
  session.execute("SET innodb_lock_wait_timeout = 1");
  admin().execute("START TRANSACTION");
  admin().execute("INSERT INTO chat_messages (id, `from`, type, site_id, timestamp) VALUES ('b','x','x','x',NOW())");
  std::atomic<bool> is_over = false;
  std::jthread holder([&] {
    const mysql::ClientThread client_thread;
    while (retries_ == 0 && !is_over) std::this_thread::yield();
    admin().execute("ROLLBACK");
  });
  std::uint64_t inserted = 0;
  const auto failure = failure_of<DatabaseError>([&] {
    inserted = write(session, {{"a", "1"}, {"b", "2"}}, OnDuplicate::kSkip).counts.inserted;
  });
  is_over = true;
  holder.join();
  EXPECT_FALSE(failure) << failure->what();
  EXPECT_EQ(inserted, 2U);
  EXPECT_GE(retries_, 1U);
}

TEST_F(BatchWriterTest, ConnectionLostBeforeTheRangeIsOpenedAgain) {
  mysql::Session session = connect();
  kill(session);
  EXPECT_EQ(write(session, {{"a", "1"}}, OnDuplicate::kSkip).counts.inserted, 1U);
  EXPECT_EQ(ledger(), "0: 1 1 0 0 0; ");
  EXPECT_EQ(retries_, 1U);
  EXPECT_EQ(disconnected_, 0U);
}

TEST_F(BatchWriterTest, RangeThatIsCommittedAlreadyIsNotWrittenAgain) {
  mysql::Session session = connect();
  write(session, {{"a", "1"}, {"a", "2"}}, OnDuplicate::kSkip);
  next_range_ = 0;
  const WriteResult again = write(session, {{"a", "1"}, {"a", "2"}}, OnDuplicate::kSkip);
  EXPECT_TRUE(again.committed);
  EXPECT_EQ(std::pair(again.counts.inserted, again.counts.duplicate), std::pair(1UL, 1UL));
  EXPECT_EQ(ledger(), "0: 2 1 0 1 0; ");
}

TEST_F(BatchWriterTest, CommittedRangeOfOtherBytesEndsTheRun) {
  mysql::Session session = connect();
  write(session, {{"a", "1"}}, OnDuplicate::kSkip);
  next_range_ = 0;
  EXPECT_THROW(write(session, {{"a", "1"}, {"b", "1"}}, OnDuplicate::kSkip), SourceError);
  EXPECT_EQ(table(), "a=1 ");
}

TEST_F(BatchWriterTest, RunWhoseLoadWasTakenOverWritesNothing) {
  mysql::Session session = connect();
  const ledger::LoadRecord load = ledger::find_loads(admin(), std::vector{load_id_}).at(0);
  ASSERT_TRUE(ledger::take_over(admin(), load, {.owner = "another", .name = "the other run", .sources = "log"}));
  const auto failure = failure_of<LoadError>([&] { write(session, {{"a", "1"}}, OnDuplicate::kSkip); });
  ASSERT_TRUE(failure);
  EXPECT_NE(std::string(failure->what()).find("the other run"), std::string::npos) << failure->what();
  EXPECT_EQ(table(), "");
}

TEST_F(BatchWriterTest, CommitThatTheServerLostEndsTheRunAfterTheReconnect) {
  mysql::Session session = connect();
  write(session, {{"a", "1"}}, OnDuplicate::kSkip);
  admin().execute("DELETE FROM chatload_ranges");
  kill(session);
  EXPECT_THROW(write(session, {{"b", "1"}}, OnDuplicate::kSkip), LoadError);
  EXPECT_EQ(table(), "a=1 ");
}

TEST_F(BatchWriterTest, RangesOfOneNumberAreWrittenEachForItsSource) {
  mysql::Session session = connect();
  for (const std::uint64_t source : {1U, 2U}) {
    OwnPack pack(1);
    WriteJob& job = pack.ranges[0];
    fill(job, {{"a", std::to_string(source)}, {"b" + std::to_string(source), "1"}});
    job.source = SourceOrdinal(source);
    job.parsed.range.number = RangeNumber(0);
    write(session, pack, OnDuplicate::kSkip);
    EXPECT_TRUE(job.result.committed);
    EXPECT_EQ(job.result.counts.duplicate, source - 1);
  }
  EXPECT_EQ(table(), "a=1 b1=1 b2=1 ");
  EXPECT_EQ(value_read_back("SELECT GROUP_CONCAT(CONCAT_WS(' ', source, range_number, inserted, duplicate)"
                            " ORDER BY source SEPARATOR '; ') FROM chatload_ranges"),
            "1 0 2 0; 2 0 1 1");
}

TEST_F(BatchWriterTest, RowThatTheServerRefusesIsARejectOfItsSource) {
  admin().execute("ALTER TABLE chat_messages ADD CONSTRAINT CHECK (data <> 'refused')");
  mysql::Session session = connect();
  OwnPack pack(1);
  WriteJob& job = pack.ranges[0];
  fill(job, {{"a", "1"}, {"b", "refused"}});
  job.source = SourceOrdinal(3);
  write(session, pack, OnDuplicate::kSkip);
  EXPECT_TRUE(job.result.committed);
  EXPECT_EQ(table(), "a=1 ");
  EXPECT_EQ(value_read_back("SELECT CONCAT_WS(' ', source, line, reason) FROM chatload_rejects"),
            "3 2 refused_by_server");
}

TEST_F(BatchWriterTest, NothingOfASourceIsCommittedOnceItIsGivenUp) {
  mysql::Session session = connect();
  is_given_up_ = true;
  EXPECT_FALSE(write(session, {{"a", "1"}}, OnDuplicate::kSkip).committed);
  EXPECT_EQ(table(), "");
  EXPECT_EQ(ledger(), "");
}

TEST_F(BatchWriterTest, NothingIsCommittedAfterAnotherWriterFailed) {
  mysql::Session session = connect();
  failed_ = true;
  EXPECT_FALSE(write(session, {{"a", "1"}}, OnDuplicate::kSkip).committed);
  EXPECT_EQ(table(), "");
}

// A trigger that every row goes through makes ranges of distinct ids wait for one another, which the server cannot see
// while the upper one waits for the lower to end.
TEST_F(BatchWriterTest, RangeThatWaitsForALowerOneGivesWayToIt) {
  transport_ = RowTransport::kText;
  admin().execute("CREATE TABLE totals (name VARCHAR(9) PRIMARY KEY, lines_in INT NOT NULL)");
  admin().execute("INSERT INTO totals VALUES ('all', 0)");
  admin().execute(
      "CREATE TRIGGER count_lines AFTER INSERT ON chat_messages FOR EACH ROW "
      "UPDATE totals SET lines_in = lines_in + 1");
  OwnPack packs[] = {OwnPack(1), OwnPack(1)};
  fill(packs[0].ranges[0], {{"shared", "lower"}, {"a", "1"}});
  fill(packs[1].ranges[0], {{"shared", "upper"}, {"b", "1"}});
  RangeScheduler scheduler;
  for (OwnPack& pack : packs) admit(pack, scheduler);
  ASSERT_EQ(scheduler.take(), &packs[0]);
  ASSERT_EQ(scheduler.take(), &packs[1]);

  const WriteContext shared = context(OnDuplicate::kSkip);
  mysql::Session upper_session = connect();
  std::jthread upper([&] {
    const mysql::ClientThread client_thread;
    BatchWriter(upper_session, shared, failed_, 2).write(packs[1], scheduler);
    scheduler.finish(packs[1]);
  });
  // The upper range has the total's lock as soon as another session cannot have it.
  admin().execute("SET innodb_lock_wait_timeout = 1");
  while (!failure_of<mysql::StatementError>([&] { admin().execute("UPDATE totals SET lines_in = lines_in"); })) {
  }
  mysql::Session lower_session = connect();
  lower_session.execute("SET innodb_lock_wait_timeout = 1");
  BatchWriter(lower_session, shared, failed_, 1).write(packs[0], scheduler);
  scheduler.finish(packs[0]);
  upper.join();
  EXPECT_EQ(table(), "a=1 b=1 shared=lower ");
  EXPECT_EQ(value_read_back("SELECT lines_in FROM totals"), "3");
}

TEST_F(BatchWriterTest, RangeThatWaitsForOneThatMayNotBeginHoldsNoLocks) {
  OwnPack packs[] = {OwnPack(1), OwnPack(1)};
  fill(packs[0].ranges[0], {{"shared", "lower"}});
  fill(packs[1].ranges[0], {{"shared", "upper"}, {"b", "1"}});
  RangeScheduler scheduler;
  for (OwnPack& pack : packs) admit(pack, scheduler);
  ASSERT_EQ(scheduler.take(), &packs[0]);
  ASSERT_EQ(scheduler.take(), &packs[1]);
  const WriteContext shared = context(OnDuplicate::kSkip);
  std::vector<mysql::Session> sessions;
  for (int i = 0; i < 2; ++i) sessions.push_back(connect());
  const auto start = [&](std::size_t i) {
    return std::jthread([&, i] {
      const mysql::ClientThread client_thread;
      BatchWriter(sessions[i], shared, failed_, static_cast<std::uint32_t>(i) + 1).write(packs[i], scheduler);
      scheduler.finish(packs[i]);
    });
  };
  admin().execute("SET innodb_lock_wait_timeout = 1");
  const auto is_locked = [&] {
    admin().execute("START TRANSACTION");
    const bool is_held = failure_of<mysql::StatementError>([&] {
                           admin().execute(
                               "INSERT INTO chat_messages (id, `from`, type, site_id, timestamp) "
                               "VALUES ('b','x','x','x',NOW())");
                         }).has_value();
    admin().execute("ROLLBACK");
    return is_held;
  };

  const std::jthread upper = start(1);
  while (!is_locked()) {
  }
  pause_.set("for the test");
  const std::jthread lower = start(0);
  for (int attempts = 0; attempts < 5 && is_locked(); ++attempts) {
  }
  EXPECT_FALSE(is_locked());
  EXPECT_EQ(table(), "");
  pause_.set("");
}

TEST_F(BatchWriterTest, FiguresThatNoInsertCanGiveEndTheRunBeforeTheCommit) {
  mysql::Session session = connect();
  ASSERT_EQ(write(session, {{"a", "1"}, {"b", "2"}}, OnDuplicate::kSkip).counts.inserted, 2U);
  admin().execute(
      "CREATE TRIGGER rewrite BEFORE UPDATE ON chat_messages FOR EACH ROW SET NEW.data = CONCAT(NEW.data, '!')");
  EXPECT_THROW(write(session, {{"a", "3"}, {"b", "4"}}, OnDuplicate::kSkip), DatabaseError);
  EXPECT_EQ(table(), "a=1 b=2 ");
}

// A pack of three ranges, each of a source of its own.
class PackWriterTest : public BatchWriterTest {
 protected:
  void SetUp() override {
    BatchWriterTest::SetUp();
    fill_pack(pack_,
              {{{"a", "1"}, {"b", "2"}, {"a", "3"}}, {{"b", "4"}, {"c", "5"}}, {{"c", "6"}, {"d", "7"}, {"a", "8"}}});
  }

  // Another attempt at the pack, whose first one may or may not have been committed.
  void write_again(OwnPack& pack, OnDuplicate mode = OnDuplicate::kSkip) {
    mysql::Session session = connect();
    write(session, pack, mode);
  }

  OwnPack pack_{3};
};

TEST_F(PackWriterTest, CountsOfEachRangeAreItsOwnAndOneTransactionHasThemAll) {
  mysql::Session session = connect();
  write(session, pack_, OnDuplicate::kSkip);
  EXPECT_EQ(session.query("SHOW SESSION STATUS LIKE 'Com_commit'").at(0).at(1), "1");
  EXPECT_EQ(table(), "a=1 b=2 c=5 d=7 ");
  EXPECT_EQ(ledger_of_sources(), "1: 3 2 0 1 0 b; 2: 2 1 0 1 0 c; 3: 3 1 0 2 0 d; ");
  EXPECT_TRUE(pack_.is_committed());
  EXPECT_EQ(pack_.ranges[2].result.counts.duplicate, 2U);
  for (const WriteJob& range : pack_.ranges) EXPECT_TRUE(committed_->contains(range.key()));
}

TEST_F(PackWriterTest, LastLineOfAnIdInAnyOfTheRangesReplacesThoseBefore) {
  mysql::Session session = connect();
  write(session, pack_, OnDuplicate::kReplace);
  EXPECT_EQ(table(), "a=8 b=4 c=6 d=7 ");
  EXPECT_EQ(ledger_of_sources(), "1: 3 2 1 0 0 b; 2: 2 1 1 0 0 c; 3: 3 1 2 0 0 d; ");
}

TEST_F(PackWriterTest, RefusedRowIsARejectOfItsRangeAndTheNextLineTakesItsPlaceWhereverThatIs) {
  admin().execute("ALTER TABLE chat_messages ADD CONSTRAINT CHECK (data NOT IN ('2', '5'))");
  mysql::Session session = connect();
  write(session, pack_, OnDuplicate::kSkip);
  EXPECT_EQ(table(), "a=1 b=4 c=6 d=7 ");
  EXPECT_EQ(ledger_of_sources(), "1: 3 1 0 1 1 a; 2: 2 1 0 0 1 b; 3: 3 2 0 1 0 d; ");
  EXPECT_EQ(value_read_back("SELECT GROUP_CONCAT(CONCAT_WS(' ', source, line, reason) ORDER BY source SEPARATOR '; ')"
                            " FROM chatload_rejects"),
            "1 2 refused_by_server; 2 2 refused_by_server");
}

TEST_F(PackWriterTest, ClaimAndCountsOfManyRangesFitStatementsOfAnySize) {
  constexpr std::size_t kRanges = 50;
  OwnPack pack(kRanges);
  std::vector<std::vector<Line>> ranges;
  for (std::size_t i = 0; i < kRanges; ++i) ranges.push_back({{"id" + std::to_string(i), "x"}});
  fill_pack(pack, ranges);
  mysql::Session session = connect();
  write(session, pack, OnDuplicate::kSkip, 1'000);
  EXPECT_TRUE(pack.is_committed());
  EXPECT_EQ(value_read_back("SELECT CONCAT_WS(' ', COUNT(*), SUM(inserted), COUNT(witness)) FROM chatload_ranges"),
            "50 50 50");
}

TEST_F(PackWriterTest, PackWhoseCommitWasInDoubtAndArrivedIsNotWrittenAgain) {
  mysql::Session session = connect();
  write(session, pack_, OnDuplicate::kReplace);
  admin().execute("UPDATE chat_messages SET data = 'since'");
  write_again(pack_, OnDuplicate::kReplace);
  EXPECT_EQ(table(), "a=since b=since c=since d=since ");
  EXPECT_TRUE(pack_.is_committed());
  EXPECT_EQ(pack_.ranges[2].result.counts.updated, 2U);
  EXPECT_EQ(ledger_of_sources(), "1: 3 2 1 0 0 b; 2: 2 1 1 0 0 c; 3: 3 1 2 0 0 d; ");
}

TEST_F(PackWriterTest, PackWhoseCommitWasInDoubtAndNeverArrivedIsWritten) {
  mysql::Session lost = connect();
  lost.execute("START TRANSACTION");
  ledger_->hold(lost, ledger::kFirstWriterSlot);
  ledger::RangeRow row{.key = pack_.ranges[1].key(), .compressed_end = 0, .record = {}};
  row.record.digest = digest_hex("");
  ASSERT_TRUE(ledger_->claim(lost, {&row, 1}, kMiB));
  std::jthread writer([&] {
    const mysql::ClientThread client_thread;
    write_again(pack_);
  });
  EXPECT_TRUE(sees_lock_wait());
  kill(lost);
  writer.join();
  EXPECT_EQ(table(), "a=1 b=2 c=5 d=7 ");
  EXPECT_EQ(ledger_of_sources(), "1: 3 2 0 1 0 b; 2: 2 1 0 1 0 c; 3: 3 1 0 2 0 d; ");
}

TEST_F(PackWriterTest, RangeThatIsRecordedWithOtherBytesEndsTheRun) {
  mysql::Session session = connect();
  write(session, pack_, OnDuplicate::kSkip);
  pack_.ranges[1].digest = digest_hex("other bytes");
  EXPECT_THROW(write_again(pack_), SourceError);
  EXPECT_FALSE(pack_.is_committed());
  EXPECT_EQ(table(), "a=1 b=2 c=5 d=7 ");
}

TEST_F(PackWriterTest, PackOfWhichSomeRangesAreRecordedAndOthersAreNotEndsTheRun) {
  mysql::Session session = connect();
  write(session, pack_, OnDuplicate::kSkip);
  admin().execute("DELETE FROM chatload_ranges WHERE source = 2");
  EXPECT_THROW(write_again(pack_), DatabaseError);
  EXPECT_FALSE(pack_.is_committed());
  EXPECT_EQ(table(), "a=1 b=2 c=5 d=7 ");
  EXPECT_EQ(ledger_of_sources(), "1: 3 2 0 1 0 b; 3: 3 1 0 2 0 d; ");
}

TEST_F(PackWriterTest, RecordedPackIsComparedAndNothingOfItIsWritten) {
  mysql::Session session = connect();
  write(session, pack_, OnDuplicate::kSkip);
  admin().execute("DELETE FROM chat_messages");
  for (WriteJob& range : pack_.ranges) range.is_recorded = true;
  write_again(pack_);
  EXPECT_TRUE(pack_.is_committed());
  EXPECT_EQ(pack_.ranges[0].result.counts.inserted, 2U);
  EXPECT_EQ(table(), "");
}

TEST_F(PackWriterTest, RangeOverItsBudgetLeavesThePackAndTheOthersAreWritten) {
  admin().execute("ALTER TABLE chat_messages ADD CONSTRAINT CHECK (data NOT IN ('4', '5'))");
  owner_.refused_max = 1;
  mysql::Session session = connect();
  write(session, pack_, OnDuplicate::kSkip);
  EXPECT_EQ(table(), "a=1 b=2 c=6 d=7 ");
  EXPECT_EQ(ledger_of_sources(), "1: 3 2 0 1 0 b; 3: 3 2 0 1 0 d; ");
  EXPECT_EQ(value_read_back("SELECT COUNT(*) FROM chatload_rejects"), "0");
  EXPECT_EQ(pack_.jobs, (std::vector{&pack_.ranges[0], &pack_.ranges[2]}));
  EXPECT_TRUE(pack_.is_given_up[1]);
  EXPECT_FALSE(pack_.ranges[1].result.committed);
  EXPECT_TRUE(pack_.ranges[1].result.is_over_budget);
  EXPECT_EQ(pack_.ranges[1].result.refused.size(), 2U) << "by which its source is judged";
}

TEST_F(PackWriterTest, RangesOfSourcesThatAreGivenUpLeaveThePack) {
  pack_.is_given_up[0] = pack_.is_given_up[2] = true;
  mysql::Session session = connect();
  write(session, pack_, OnDuplicate::kSkip);
  EXPECT_EQ(table(), "b=4 c=5 ");
  EXPECT_EQ(ledger_of_sources(), "2: 2 2 0 0 0 c; ");
  EXPECT_EQ(pack_.jobs, std::vector{&pack_.ranges[1]});
}

TEST_F(PackWriterTest, ConnectionThatIsLostLosesNoRange) {
  mysql::Session session = connect();
  kill(session);
  write(session, pack_, OnDuplicate::kSkip);
  EXPECT_EQ(table(), "a=1 b=2 c=5 d=7 ");
  EXPECT_EQ(ledger_of_sources(), "1: 3 2 0 1 0 b; 2: 2 1 0 1 0 c; 3: 3 1 0 2 0 d; ");
}

// Ranges that share many ids, in packs of one to four, written by several connections at once: as if one line came
// after the other.
TEST_F(BatchWriterTest, LinesOfOneIdKeepTheirOrderAcrossConnections) {
  for (const OnDuplicate mode : {OnDuplicate::kSkip, OnDuplicate::kReplace}) {
    admin().execute("TRUNCATE chat_messages");
    begin_load();
    owner_.packs_done = 0;
    constexpr std::size_t kRanges = 40;
    std::deque<OwnPack> packs;
    for (std::size_t range = 0; range < kRanges; ++range) {
      std::vector<Line> lines;
      for (std::size_t i = 0; i < 50; ++i) {
        lines.push_back({"shared" + std::to_string((i * 7 + range) % 60), std::to_string(range)});
        lines.push_back({"own" + std::to_string(range) + "-" + std::to_string(i), "x"});
      }
      const bool is_full = packs.empty() || packs.back().ranges.size() == 1 + packs.size() % 4;
      OwnPack& pack = is_full ? packs.emplace_back(0) : packs.back();
      fill(pack.ranges.emplace_back(), lines);
      pack.jobs.push_back(&pack.ranges.back());
    }
    {
      std::vector<mysql::Session> sessions;
      for (int i = 0; i < 4; ++i) sessions.push_back(connect());
      WriterPool pool(sessions, context(mode));
      for (OwnPack& pack : packs) {
        WriteOrderer(true).order(pack);
        pool.submit(pack);
      }
    }
    ASSERT_EQ(owner_.packs_done, packs.size());
    ledger::LineCounts total;
    for (const OwnPack& pack : packs) {
      for (const WriteJob& job : pack.ranges) {
        ASSERT_TRUE(job.result.committed);
        total.inserted += job.result.counts.inserted;
        total.updated += job.result.counts.updated;
        total.duplicate += job.result.counts.duplicate;
      }
    }
    EXPECT_EQ(total.inserted, kRanges * 50 + 60);
    EXPECT_EQ(mode == OnDuplicate::kSkip ? total.duplicate : total.updated, kRanges * 50 - 60);
    // Each range leaves out 10 of the 60 shared ids: range r has (7 i + r) mod 60 for i below 50.
    for (std::size_t shared = 0; shared < 60; ++shared) {
      std::size_t winner = kRanges;
      for (std::size_t range = 0; range < kRanges; ++range) {
        bool has_it = false;
        for (std::size_t i = 0; i < 50; ++i) has_it |= (i * 7 + range) % 60 == shared;
        if (has_it && (mode == OnDuplicate::kReplace || winner == kRanges)) winner = range;
      }
      EXPECT_EQ(value_read_back("SELECT data FROM chat_messages WHERE id = 'shared" + std::to_string(shared) + "'"),
                std::to_string(winner));
    }
  }
}

}  // namespace
}  // namespace chatload::write
