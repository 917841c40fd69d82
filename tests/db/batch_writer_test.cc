#include "write/batch_writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "db/database_fixture.h"
#include "write/schema.h"
#include "write/write_order.h"
#include "write/writer_pool.h"

namespace chatload::write {
namespace {

struct Line {
  std::string id;
  std::string data;
};

class BatchWriterTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    static_cast<void>(apply_schema(admin()));
  }

  // A job of chat lines; the text that it borrows lives in texts_.
  void fill(WriteJob& job, std::vector<Line> lines, OnDuplicate mode) {
    parse::RowBatch& rows = job.parsed.rows;
    rows.columns = mapping_.fields.size();
    for (Line& line : lines) {
      for (const parse::FieldMapping& field : mapping_.fields) {
        std::string text = field.column == "id" ? line.id : field.column == "data" ? line.data : "x";
        rows.cells.push_back(field.kind == parse::FieldKind::kEpochSeconds ? parse::Cell::integer(1'479'816'000)
                                                                           : parse::Cell::text(keep(std::move(text))));
      }
      rows.lines.push_back({static_cast<std::uint32_t>(rows.lines.size()), 0, 0});
    }
    job.parsed.counts.lines = rows.rows();
    job.first_line = LineNumber(1);
    WriteOrderer(mapping_.key, mode, true).order(rows, job.order);
  }

  WriteResult write(Session& session, std::vector<Line> lines, OnDuplicate mode,
                    std::size_t statement_bytes_max = kMiB) {
    WriteJob job;
    fill(job, std::move(lines), mode);
    const WriteContext context{mapping_, mode, statement_bytes_max, failed_, retries_};
    RangeScheduler scheduler;
    scheduler.admit(job);
    BatchWriter(session, context).write(*scheduler.take(), scheduler);
    return job.result;
  }

  std::string table() {
    std::string text;
    for (const Row& row : admin().query("SELECT id, data FROM chat_messages ORDER BY id")) {
      text += *row[0] + "=" + *row[1] + " ";
    }
    return text;
  }

  parse::Mapping mapping_ = parse::chat_mapping();
  std::atomic<bool> failed_ = false;
  std::atomic<std::uint64_t> retries_ = 0;

 private:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  std::deque<std::string> texts_;
};

TEST_F(BatchWriterTest, SkipKeepsTheFirstLineAndCountsTheOthersAsDuplicate) {
  Session session = connect();
  const WriteResult first = write(session, {{"a", "1"}, {"b", "2"}, {"a", "3"}}, OnDuplicate::kSkip);
  EXPECT_EQ(std::pair(first.inserted, first.duplicate), std::pair(2UL, 1UL));
  const WriteResult second = write(session, {{"b", "4"}, {"c", "5"}}, OnDuplicate::kSkip);
  EXPECT_EQ(std::pair(second.inserted, second.duplicate), std::pair(1UL, 1UL));
  EXPECT_EQ(table(), "a=1 b=2 c=5 ");
}

TEST_F(BatchWriterTest, ReplaceKeepsTheLastLineAndCountsEveryOtherAsUpdated) {
  Session session = connect();
  const WriteResult first = write(session, {{"a", "1"}, {"b", "2"}, {"a", "3"}}, OnDuplicate::kReplace);
  EXPECT_EQ(std::pair(first.inserted, first.updated), std::pair(2UL, 1UL));
  // b is identical, a changes, c is new.
  const WriteResult second = write(session, {{"b", "2"}, {"a", "4"}, {"c", "5"}}, OnDuplicate::kReplace);
  EXPECT_EQ(std::pair(second.inserted, second.updated), std::pair(1UL, 2UL));
  EXPECT_EQ(table(), "a=4 b=2 c=5 ");
}

TEST_F(BatchWriterTest, OneRowStatementsCountLikeLongOnes) {
  Session session = connect();
  EXPECT_EQ(write(session, {{"a", "1"}}, OnDuplicate::kReplace).inserted, 1U);
  EXPECT_EQ(write(session, {{"a", "1"}}, OnDuplicate::kReplace).updated, 1U);
  EXPECT_EQ(write(session, {{"a", "2"}}, OnDuplicate::kReplace).updated, 1U);
  EXPECT_EQ(write(session, {{"a", "3"}}, OnDuplicate::kSkip).duplicate, 1U);
  EXPECT_EQ(table(), "a=2 ");
}

TEST_F(BatchWriterTest, RangeIsSplitIntoStatementsThatFitThePacket) {
  Session session = connect();
  std::vector<Line> lines;
  for (int i = 0; i < 100; ++i) lines.push_back({"id" + std::to_string(i), std::string(100, 'x')});
  EXPECT_EQ(write(session, lines, OnDuplicate::kSkip, 1'000).inserted, 100U);
}

TEST_F(BatchWriterTest, RowThatFitsNoStatementIsNamedAndNothingIsLoaded) {
  Session session = connect();
  const auto failure = failure_of<DatabaseError>([&] {
    write(session, {{"a", "1"}, {"b", std::string(500, 'x')}}, OnDuplicate::kSkip, 400);
  });
  ASSERT_TRUE(failure);
  EXPECT_NE(std::string(failure->what()).find("Line 2 makes a statement"), std::string::npos) << failure->what();
  EXPECT_EQ(table(), "");
}

TEST_F(BatchWriterTest, FailModeEndsAtADuplicateAndKeepsEarlierRangesOnly) {
  Session session = connect();
  EXPECT_EQ(write(session, {{"a", "1"}}, OnDuplicate::kFail).inserted, 1U);
  EXPECT_THROW(write(session, {{"b", "2"}, {"a", "3"}}, OnDuplicate::kFail), DatabaseError);
  EXPECT_THROW(write(session, {{"c", "2"}, {"c", "3"}}, OnDuplicate::kFail), DatabaseError);
  EXPECT_EQ(table(), "a=1 ");
}

TEST_F(BatchWriterTest, RefusedRowLeavesNothingOfItsRange) {
  Session session = connect();
  const auto failure = failure_of<DatabaseError>([&] {
    write(session, {{"a", "1"}, {"b", std::string(256, 'x')}}, OnDuplicate::kSkip);
  });
  ASSERT_TRUE(failure);
  EXPECT_NE(std::string(failure->what()).find("1406"), std::string::npos) << failure->what();
  EXPECT_EQ(table(), "");
}

TEST_F(BatchWriterTest, LockWaitIsRetriedUntilTheLockIsGone) {
  Session session = connect();
  session.execute("SET innodb_lock_wait_timeout = 1");
  admin().execute("START TRANSACTION");
  admin().execute("INSERT INTO chat_messages (id, `from`, type, site_id, timestamp) VALUES ('b','x','x','x',NOW())");
  std::atomic<bool> is_over = false;
  std::jthread holder([&] {
    const ClientThread client_thread;
    while (retries_ == 0 && !is_over) std::this_thread::yield();
    admin().execute("ROLLBACK");
  });
  std::uint64_t inserted = 0;
  const auto failure = failure_of<DatabaseError>([&] {
    inserted = write(session, {{"a", "1"}, {"b", "2"}}, OnDuplicate::kSkip).inserted;
  });
  is_over = true;
  holder.join();
  EXPECT_FALSE(failure) << failure->what();
  EXPECT_EQ(inserted, 2U);
  EXPECT_GE(retries_, 1U);
}

TEST_F(BatchWriterTest, ConnectionLostBeforeTheCommitEndsTheRunAndSaysThatNothingIsIn) {
  Session session = connect();
  kill(session);
  const auto failure = failure_of<DatabaseError>([&] { write(session, {{"a", "1"}}, OnDuplicate::kSkip); });
  ASSERT_TRUE(failure);
  EXPECT_NE(std::string(failure->what()).find("none of them is in the table"), std::string::npos) << failure->what();
}

TEST_F(BatchWriterTest, NothingIsCommittedAfterAnotherWriterFailed) {
  Session session = connect();
  failed_ = true;
  EXPECT_FALSE(write(session, {{"a", "1"}}, OnDuplicate::kSkip).committed);
  EXPECT_EQ(table(), "");
}

// A trigger that every row goes through makes ranges of distinct ids wait for one another, which the server cannot see
// while the upper one waits for the lower to end.
TEST_F(BatchWriterTest, RangeThatWaitsForALowerOneGivesWayToIt) {
  admin().execute("CREATE TABLE totals (name VARCHAR(9) PRIMARY KEY, lines_in INT NOT NULL)");
  admin().execute("INSERT INTO totals VALUES ('all', 0)");
  admin().execute(
      "CREATE TRIGGER count_lines AFTER INSERT ON chat_messages FOR EACH ROW "
      "UPDATE totals SET lines_in = lines_in + 1");
  std::vector<WriteJob> jobs(2);
  fill(jobs[0], {{"shared", "lower"}, {"a", "1"}}, OnDuplicate::kSkip);
  fill(jobs[1], {{"shared", "upper"}, {"b", "1"}}, OnDuplicate::kSkip);
  jobs[1].parsed.range.number = RangeNumber(1);
  RangeScheduler scheduler;
  for (WriteJob& job : jobs) scheduler.admit(job);
  ASSERT_EQ(scheduler.take(), &jobs[0]);
  ASSERT_EQ(scheduler.take(), &jobs[1]);

  const WriteContext context{mapping_, OnDuplicate::kSkip, kMiB, failed_, retries_};
  Session upper_session = connect();
  std::jthread upper([&] {
    const ClientThread client_thread;
    BatchWriter(upper_session, context).write(jobs[1], scheduler);
    scheduler.finish(jobs[1]);
  });
  // The upper range has the total's lock as soon as another session cannot have it.
  admin().execute("SET innodb_lock_wait_timeout = 1");
  while (!failure_of<StatementError>([&] { admin().execute("UPDATE totals SET lines_in = lines_in"); })) {
  }
  Session lower_session = connect();
  lower_session.execute("SET innodb_lock_wait_timeout = 1");
  BatchWriter(lower_session, context).write(jobs[0], scheduler);
  scheduler.finish(jobs[0]);
  upper.join();
  EXPECT_EQ(table(), "a=1 b=1 shared=lower ");
  EXPECT_EQ(value(admin(), "SELECT lines_in FROM totals"), "3");
}

TEST_F(BatchWriterTest, FiguresThatNoInsertCanGiveEndTheRunBeforeTheCommit) {
  Session session = connect();
  ASSERT_EQ(write(session, {{"a", "1"}, {"b", "2"}}, OnDuplicate::kSkip).inserted, 2U);
  admin().execute(
      "CREATE TRIGGER rewrite BEFORE UPDATE ON chat_messages FOR EACH ROW SET NEW.data = CONCAT(NEW.data, '!')");
  EXPECT_THROW(write(session, {{"a", "3"}, {"b", "4"}}, OnDuplicate::kSkip), DatabaseError);
  EXPECT_EQ(table(), "a=1 b=2 ");
}

// Ranges that share many ids, written by several connections at once: as if one line came after the other.
TEST_F(BatchWriterTest, LinesOfOneIdKeepTheirOrderAcrossConnections) {
  for (const OnDuplicate mode : {OnDuplicate::kSkip, OnDuplicate::kReplace}) {
    admin().execute("TRUNCATE chat_messages");
    constexpr std::size_t kRanges = 40;
    std::vector<WriteJob> jobs(kRanges);
    for (std::size_t range = 0; range < kRanges; ++range) {
      std::vector<Line> lines;
      for (std::size_t i = 0; i < 50; ++i) {
        lines.push_back({"shared" + std::to_string((i * 7 + range) % 60), std::to_string(range)});
        lines.push_back({"own" + std::to_string(range) + "-" + std::to_string(i), "x"});
      }
      jobs[range].parsed.range.number = RangeNumber(range);
      fill(jobs[range], std::move(lines), mode);
    }
    std::atomic<std::size_t> done = 0;
    {
      std::vector<Session> sessions;
      for (int i = 0; i < 4; ++i) sessions.push_back(connect());
      WriterPool pool(std::move(sessions), mapping_, mode, kMiB, retries_);
      for (WriteJob& job : jobs) {
        job.done = [&](WriteJob&) { ++done; };
        pool.submit(job);
      }
    }
    ASSERT_EQ(done, kRanges);
    WriteResult total;
    for (const WriteJob& job : jobs) {
      ASSERT_TRUE(job.result.committed);
      total.inserted += job.result.inserted;
      total.updated += job.result.updated;
      total.duplicate += job.result.duplicate;
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
      EXPECT_EQ(value(admin(), "SELECT data FROM chat_messages WHERE id = 'shared" + std::to_string(shared) + "'"),
                std::to_string(winner));
    }
  }
}

}  // namespace
}  // namespace chatload::write
