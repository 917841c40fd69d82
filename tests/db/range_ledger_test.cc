#include "ledger/range_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <future>
#include <string>
#include <tuple>

#include "base/errors.h"
#include "db/database_fixture.h"
#include "ledger/load_ledger.h"
#include "ledger/schema.h"

namespace chatload::ledger {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr LineCounts kRangeCounts{
    .lines = 21, .inserted = 6, .updated = 5, .duplicate = 4, .filtered = 3, .rejected = 2, .blank = 1};

class RangeLedgerTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    static_cast<void>(apply_schema(admin()));
    load_id_ = begin_load(admin(), {"chat_messages", "key"}, {}, runner("ours"), 1, {}).value();
  }

  [[nodiscard]] static Runner runner(const std::string& owner) {
    return {.owner = owner, .name = "host of " + owner, .source = "log"};
  }
  [[nodiscard]] RangeLedger ledger(const std::string& owner = "ours") const { return {load_id_, owner}; }
  [[nodiscard]] bool take_over(mysql::Session& session, const std::string& owner) {
    return ledger::take_over(session, find_loads(session, {"chat_messages", "key"}).at(0), runner(owner));
  }

  [[nodiscard]] static RangeRow range(std::uint64_t number) {
    return {.number = RangeNumber(number),
            .compressed_end = 0,
            .record = {.begin = ByteOffset(1'000 * number),
                       .digest = std::string(32, 'd'),
                       .first_line = LineNumber(1 + 10 * number),
                       .counts = {}}};
  }

  void commit(std::uint64_t number) {
    admin().execute("START TRANSACTION");
    ASSERT_TRUE(ledger().claim(admin(), range(number)));
    ledger().record_counts(admin(), RangeNumber(number), kRangeCounts, "key" + std::to_string(number));
    admin().execute("COMMIT");
  }

  std::uint64_t load_id_ = 0;
};

TEST_F(RangeLedgerTest, ClaimedRangeThatIsCommittedCannotBeClaimedAgain) {
  commit(0);
  EXPECT_FALSE(ledger().claim(admin(), range(0)));
  EXPECT_TRUE(ledger().claim(admin(), range(1)));
}

TEST_F(RangeLedgerTest, ClaimThatIsRolledBackWasNone) {
  admin().execute("START TRANSACTION");
  ASSERT_TRUE(ledger().claim(admin(), range(0)));
  admin().execute("ROLLBACK");
  EXPECT_TRUE(ledger().claim(admin(), range(0)));
}

TEST_F(RangeLedgerTest, ClaimWaitsForWhoeverHasTheRangeAndGoesByHowThatEnds) {
  for (const auto& [number, end, is_free] : {std::tuple{0U, "COMMIT", false}, std::tuple{1U, "ROLLBACK", true}}) {
    mysql::Session first = connect();
    first.execute("START TRANSACTION");
    ASSERT_TRUE(ledger().claim(first, range(number)));
    std::future<bool> second = std::async([this, number = number] {
      const mysql::ClientThread client_thread;
      mysql::Session session = connect();
      session.execute("START TRANSACTION");
      const bool is_claimed = ledger().claim(session, range(number));
      session.execute("COMMIT");
      return is_claimed;
    });
    EXPECT_TRUE(sees_lock_wait());
    first.execute(end);
    EXPECT_EQ(second.get(), is_free) << end;
  }
}

TEST_F(RangeLedgerTest, RunThatWasOvertakenClaimsNothingAndNamesTheOther) {
  ASSERT_TRUE(take_over(admin(), "theirs"));
  const auto failure = failure_of<LoadError>([this] { static_cast<void>(ledger().claim(admin(), range(0))); });
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->what(), HasSubstr("host of theirs"));
  EXPECT_TRUE(ledger("theirs").claim(admin(), range(0)));
}

TEST_F(RangeLedgerTest, TakeOverWaitsForTheTransactionsUnderWayAndNoneBeginsBehindIt) {
  mysql::Session first = connect();
  first.execute("START TRANSACTION");
  ASSERT_TRUE(ledger().claim(first, range(0)));
  std::future<bool> taken = std::async([this] {
    const mysql::ClientThread client_thread;
    mysql::Session session = connect();
    return take_over(session, "theirs");
  });
  EXPECT_TRUE(sees_lock_wait());
  first.execute("COMMIT");
  EXPECT_TRUE(taken.get());
  EXPECT_TRUE(CommittedRanges(admin(), load_id_).contains(RangeNumber(0)));
  EXPECT_THROW(static_cast<void>(ledger().claim(first, range(1))), LoadError);
}

TEST_F(RangeLedgerTest, ClaimOfALoadThatIsGoneSaysSo) {
  admin().execute("DELETE FROM chatload_loads");
  const auto failure = failure_of<LoadError>([this] { static_cast<void>(ledger().claim(admin(), range(0))); });
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->what(), HasSubstr("no longer in chatload_loads"));
}

TEST_F(RangeLedgerTest, RecordIsWhatWasClaimedAndCounted) {
  commit(3);
  const auto record = ledger().find(admin(), RangeNumber(3));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->begin, ByteOffset(3'000));
  EXPECT_EQ(record->length_bytes, 0U);
  EXPECT_EQ(record->digest, std::string(32, 'd'));
  EXPECT_EQ(record->first_line, LineNumber(31));
  EXPECT_EQ(record->counts, kRangeCounts);
  EXPECT_FALSE(ledger().find(admin(), RangeNumber(2)));
}

TEST_F(RangeLedgerTest, RejectedLinesAreThoseOfTheLinesAskedForInOrderUpToTheMost) {
  for (const int line : {40, 12, 19, 20, 11, 9}) {
    admin().execute("INSERT INTO chatload_rejects (load_id, line, byte_offset, reason, raw) VALUES (" +
                    std::to_string(load_id_) + ", " + std::to_string(line) + ", 0, 'invalid_json', '')");
  }
  admin().execute("INSERT INTO chatload_rejects (load_id, line, byte_offset, reason, raw) VALUES (0, 15, 0, 'x', '')");
  EXPECT_THAT(ledger().rejected_lines(admin(), LineNumber(11), 9, 10),
              ElementsAre(LineNumber(11), LineNumber(12), LineNumber(19)));
  EXPECT_THAT(ledger().rejected_lines(admin(), LineNumber(11), 9, 2), ElementsAre(LineNumber(11), LineNumber(12)));
  EXPECT_THAT(ledger().rejected_lines(admin(), LineNumber(21), 9, 10), IsEmpty());
}

TEST_F(RangeLedgerTest, CommittedRangesAreThoseOfTheLoadAndWhatIsAdded) {
  commit(2);
  admin().execute(
      "INSERT INTO chatload_ranges SELECT load_id + 1, 5, begin_byte, length_bytes, digest, compressed_end,"
      " first_line, 0, 0, 0, 0, 0, 0, 0, NULL FROM chatload_ranges");
  CommittedRanges committed(admin(), load_id_);
  EXPECT_EQ(committed.count(), 1U);
  EXPECT_TRUE(committed.contains(RangeNumber(2)));
  EXPECT_FALSE(committed.contains(RangeNumber(1)));
  EXPECT_FALSE(committed.contains(RangeNumber(5)));
  committed.add(RangeNumber(7));
  committed.add(RangeNumber(7));
  EXPECT_TRUE(committed.contains(RangeNumber(7)));
  EXPECT_EQ(committed.count(), 2U);
}

TEST_F(RangeLedgerTest, RangesThatTheServerLostAreNoticedAndThoseItHasBesideAreNot) {
  for (const std::uint64_t number : {0U, 1U, 2U}) commit(number);
  CommittedRanges committed(admin(), load_id_);
  commit(9);  // by a COMMIT whose reply was lost
  EXPECT_NO_THROW(committed.require_all(admin()));
  admin().execute("DELETE FROM chatload_ranges WHERE range_number = 1");
  const auto failure = failure_of<LoadError>([&] { committed.require_all(admin()); });
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->what(), HasSubstr("lost 1 of the 3 ranges"));
}

}  // namespace
}  // namespace chatload::ledger
