#include "ledger/range_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "db/ledger_fixture.h"

namespace chatload::ledger {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr LineCounts kRangeCounts{
    .lines = 21, .inserted = 6, .updated = 5, .duplicate = 4, .filtered = 3, .rejected = 2, .blank = 1};

class RangeLedgerTest : public LedgerTest {
 protected:
  void SetUp() override {
    LedgerTest::SetUp();
    load_id_ = begin("ours", claims({"a", "b", "c"})).value();
  }

  [[nodiscard]] RangeLedger ledger(const std::string& owner = "ours") const { return {load_id_, owner}; }
  [[nodiscard]] bool take_over(mysql::Session& session, const std::string& owner) {
    return ledger::take_over(session, load_of(session, load_id_), runner(owner));
  }

  [[nodiscard]] static RangeKey key(std::uint64_t number, std::uint64_t source = 1) {
    return {SourceOrdinal(source), RangeNumber(number)};
  }
  [[nodiscard]] static RangeRow range(std::uint64_t number, std::uint64_t source = 1) {
    return {.key = key(number, source),
            .compressed_end = 0,
            .record = {.begin = ByteOffset(1'000 * number),
                       .digest = std::string(32, 'd'),
                       .first_line = LineNumber(1 + 10 * number),
                       .counts = {}}};
  }

  // As a transaction begins.
  [[nodiscard]] static bool claim(const RangeLedger& ledger, mysql::Session& session,
                                  const std::vector<RangeRow>& ranges) {
    ledger.hold(session, kFirstWriterSlot);
    return ledger.claim(session, ranges, kMiB);
  }
  [[nodiscard]] bool claim(mysql::Session& session, std::uint64_t number, std::uint64_t source = 1) {
    return claim(ledger(), session, {range(number, source)});
  }

  void commit(std::uint64_t number, std::uint64_t source = 1) {
    std::vector<RangeRow> ranges = {range(number, source)};
    admin().execute("START TRANSACTION");
    ASSERT_TRUE(claim(ledger(), admin(), ranges));
    ranges[0].record.counts = kRangeCounts;
    ranges[0].witness = "key" + std::to_string(number);
    ledger().record(admin(), ranges, kMiB);
    admin().execute("COMMIT");
  }

  std::uint64_t load_id_ = 0;
};

TEST_F(RangeLedgerTest, ClaimedRangeThatIsCommittedCannotBeClaimedAgain) {
  commit(0);
  EXPECT_FALSE(claim(admin(), 0));
  EXPECT_TRUE(claim(admin(), 1));
}

TEST_F(RangeLedgerTest, ClaimThatIsRolledBackWasNone) {
  admin().execute("START TRANSACTION");
  ASSERT_TRUE(claim(admin(), 0));
  admin().execute("ROLLBACK");
  EXPECT_TRUE(claim(admin(), 0));
}

TEST_F(RangeLedgerTest, ClaimWaitsForWhoeverHasTheRangeAndGoesByHowThatEnds) {
  for (const auto& [number, end, is_free] : {std::tuple{0U, "COMMIT", false}, std::tuple{1U, "ROLLBACK", true}}) {
    mysql::Session first = connect();
    first.execute("START TRANSACTION");
    ASSERT_TRUE(claim(first, number));
    std::future<bool> second = std::async([this, number = number] {
      const mysql::ClientThread client_thread;
      mysql::Session session = connect();
      session.execute("START TRANSACTION");
      const bool is_claimed = claim(session, number);
      session.execute("COMMIT");
      return is_claimed;
    });
    EXPECT_TRUE(sees_lock_wait());
    first.execute(end);
    EXPECT_EQ(second.get(), is_free) << end;
  }
}

TEST_F(RangeLedgerTest, RunThatWasOvertakenMayNotWriteOnAnyConnectionAndNamesTheOther) {
  ASSERT_TRUE(take_over(admin(), "theirs"));
  for (const std::uint32_t slot : {kControlSlot, kFirstWriterSlot, kFirstWriterSlot + 1}) {
    const auto failure = failure_of<LoadError>([&] { ledger().hold(admin(), slot); });
    ASSERT_TRUE(failure);
    EXPECT_THAT(failure->what(), HasSubstr("host of theirs"));
    EXPECT_NO_THROW(ledger("theirs").hold(admin(), slot));
  }
}

TEST_F(RangeLedgerTest, ConnectionsOfARunDoNotWaitForOneAnother) {
  admin().execute("SET innodb_lock_wait_timeout = 1");
  mysql::Session other = connect();
  other.execute("START TRANSACTION");
  ledger().hold(other, kFirstWriterSlot);
  EXPECT_NO_THROW(ledger().hold(admin(), kFirstWriterSlot + 1));
  EXPECT_NO_THROW(ledger().hold(admin(), kControlSlot));
  EXPECT_THROW(ledger().hold(admin(), kFirstWriterSlot), mysql::StatementError) << "a connection of ours that was lost";
}

TEST_F(RangeLedgerTest, RunThatTakesALoadOverBringsFencesForItsOwnConnections) {
  Runner wider = runner("wider");
  wider.slots = 5;
  ASSERT_TRUE(ledger::take_over(admin(), load_of(load_id_), wider));
  EXPECT_NO_THROW(ledger("wider").hold(admin(), 4));
  ASSERT_TRUE(take_over(admin(), "narrower"));
  EXPECT_EQ(count_of("chatload_fences"), "3");
  EXPECT_THROW(ledger("wider").hold(admin(), 4), LoadError);
}

TEST_F(RangeLedgerTest, LoadOfAnOlderChatloadGetsItsFencesFromTheRunThatTakesItOver) {
  admin().execute("DELETE FROM chatload_fences");
  EXPECT_THROW(ledger().hold(admin(), kControlSlot), LoadError);
  ASSERT_TRUE(take_over(admin(), "theirs"));
  EXPECT_NO_THROW(ledger("theirs").hold(admin(), kControlSlot));
}

TEST_F(RangeLedgerTest, TakeOverWaitsForTheTransactionsUnderWayAndNoneBeginsBehindIt) {
  mysql::Session first = connect();
  first.execute("START TRANSACTION");
  ASSERT_TRUE(claim(first, 0));
  std::future<bool> taken = std::async([this] {
    const mysql::ClientThread client_thread;
    mysql::Session session = connect();
    return take_over(session, "theirs");
  });
  EXPECT_TRUE(sees_lock_wait());
  first.execute("COMMIT");
  EXPECT_TRUE(taken.get());
  EXPECT_TRUE(CommittedRanges(admin(), load_id_).contains(key(0)));
  EXPECT_THROW(ledger().hold(first, kFirstWriterSlot + 1), LoadError);
}

TEST_F(RangeLedgerTest, RunOfALoadThatIsGoneIsToldSo) {
  admin().execute("DELETE FROM chatload_loads");
  admin().execute("DELETE FROM chatload_fences");
  const auto failure = failure_of<LoadError>([this] { ledger().hold(admin(), kFirstWriterSlot); });
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->what(), HasSubstr("no longer in chatload_loads"));
}

TEST_F(RangeLedgerTest, RecordIsWhatWasClaimedAndCounted) {
  commit(3);
  const auto record = ledger().find(admin(), key(3));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->begin, ByteOffset(3'000));
  EXPECT_EQ(record->length_bytes, 0U);
  EXPECT_EQ(record->digest, std::string(32, 'd'));
  EXPECT_EQ(record->first_line, LineNumber(31));
  EXPECT_EQ(record->counts, kRangeCounts);
  EXPECT_FALSE(ledger().find(admin(), key(2)));
}

TEST_F(RangeLedgerTest, RejectedLinesAreThoseOfTheLinesAskedForInOrderUpToTheMost) {
  for (const int line : {40, 12, 19, 20, 11, 9}) {
    add_reject(load_id_, 2, static_cast<std::uint64_t>(line), "invalid_json");
  }
  add_reject(0, 2, 15, "x");
  add_reject(load_id_, 1, 16, "invalid_json");
  add_reject(load_id_, 3, 17, "invalid_json");
  EXPECT_THAT(ledger().rejected_lines(admin(), SourceOrdinal(2), LineNumber(11), 9, 10),
              ElementsAre(LineNumber(11), LineNumber(12), LineNumber(19)));
  EXPECT_THAT(ledger().rejected_lines(admin(), SourceOrdinal(2), LineNumber(11), 9, 2),
              ElementsAre(LineNumber(11), LineNumber(12)));
  EXPECT_THAT(ledger().rejected_lines(admin(), SourceOrdinal(2), LineNumber(21), 9, 10), IsEmpty());
}

TEST_F(RangeLedgerTest, CommittedRangesAreThoseOfTheLoadAndWhatIsAdded) {
  commit(2);
  admin().execute(
      "INSERT INTO chatload_ranges (load_id, source, range_number, begin_byte, length_bytes, digest, compressed_end,"
      " first_line, `lines`, inserted, updated, duplicate, filtered, rejected, blank) SELECT load_id + 1, 1, 5,"
      " begin_byte, length_bytes, digest, compressed_end, first_line, 0, 0, 0, 0, 0, 0, 0 FROM chatload_ranges");
  CommittedRanges committed(admin(), load_id_);
  EXPECT_EQ(committed.count(SourceOrdinal(1)), 1U);
  EXPECT_TRUE(committed.contains(key(2)));
  EXPECT_FALSE(committed.contains(key(1)));
  EXPECT_FALSE(committed.contains(key(5)));
  committed.add(key(7));
  committed.add(key(7));
  EXPECT_TRUE(committed.contains(key(7)));
  EXPECT_EQ(committed.count(SourceOrdinal(1)), 2U);
}

TEST_F(RangeLedgerTest, FrontOfASourceIsItsFirstRangesWithoutAGap) {
  for (const std::uint64_t number : {0U, 1U, 3U}) commit(number, 2);
  commit(0, 3);
  CommittedRanges committed(admin(), load_id_);
  EXPECT_EQ(committed.count_front(SourceOrdinal(1)), 0U);
  EXPECT_EQ(committed.count_front(SourceOrdinal(2)), 2U);
  EXPECT_EQ(committed.count_front(SourceOrdinal(3)), 1U);
  admin().execute("UPDATE chatload_ranges SET length_bytes = 100 + range_number");
  const RecordedFront front = ledger().front(admin(), SourceOrdinal(2), 2);
  EXPECT_EQ(front.ranges, 2U);
  EXPECT_EQ(front.end, ByteOffset(201));
  EXPECT_EQ(front.lines, 42U);
  EXPECT_EQ(front.rejected, 4U);
  EXPECT_EQ(front.blank, 2U);
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

TEST_F(RangeLedgerTest, RangesOfOneNumberAreClaimedEachForItsSource) {
  commit(0, 1);
  commit(0, 2);
  EXPECT_FALSE(claim(admin(), 0, 1));
  EXPECT_FALSE(claim(admin(), 0, 2));
  EXPECT_TRUE(claim(admin(), 0, 3));
}

TEST_F(RangeLedgerTest, CountsAreThoseOfTheRangeOfItsSourceAlone) {
  commit(0, 1);
  admin().execute("START TRANSACTION");
  ASSERT_TRUE(claim(admin(), 0, 2));
  RangeRow second = range(0, 2);
  second.record.counts = {.lines = 1, .inserted = 1};
  ledger().record(admin(), {&second, 1}, kMiB);
  admin().execute("COMMIT");
  EXPECT_EQ(ledger().find(admin(), key(0, 1))->counts, kRangeCounts);
  EXPECT_EQ(ledger().find(admin(), key(0, 2))->counts, (LineCounts{.lines = 1, .inserted = 1}));
  EXPECT_FALSE(ledger().find(admin(), key(0, 3)));
}

TEST_F(RangeLedgerTest, StretchIsKnownByTheSourceZero) {
  commit(0, 0);
  commit(0, 1);
  ASSERT_TRUE(claim(ledger(), admin(), {range(1, 0), range(1, 1)}));
  EXPECT_EQ(value_read_back("SELECT GROUP_CONCAT(CONCAT_WS(' ', source, range_number, kind)"
                            " ORDER BY source, range_number SEPARATOR '; ') FROM chatload_ranges"),
            "0 0 stretch; 0 1 stretch; 1 0 range; 1 1 range");
}

TEST_F(RangeLedgerTest, ManyAreClaimedInStatementsOfBoundedSizeOrNoneIsWhereOneIsThere) {
  commit(5, 3);
  std::vector<RangeRow> rows;
  for (const std::uint64_t source : {1U, 2U, 3U}) {
    for (std::uint64_t number = 0; number < 100; ++number) rows.push_back(range(number, source));
  }
  admin().execute("START TRANSACTION");
  ledger().hold(admin(), kControlSlot);
  EXPECT_FALSE(ledger().claim(admin(), rows, 2'000));
  admin().execute("ROLLBACK");
  EXPECT_EQ(count_of("chatload_ranges"), "1");
  admin().execute("DELETE FROM chatload_ranges");
  EXPECT_TRUE(ledger().claim(admin(), rows, 2'000));
  EXPECT_EQ(count_of("chatload_ranges"), "300");
}

TEST_F(RangeLedgerTest, RangesAreFoundWhateverSourcesAndRangesAreBetweenThem) {
  for (const std::uint64_t source : {0U, 1U, 2U, 3U}) {
    for (const std::uint64_t number : {0U, 1U, 2U}) commit(number, source);
  }
  const auto found = [&](const std::vector<RangeKey>& keys) {
    std::string text;
    for (const auto& [at, record] : ledger().find(admin(), keys)) {
      EXPECT_EQ(record.begin, ByteOffset(1'000 * at.number.value()));
      EXPECT_EQ(record.counts, kRangeCounts);
      text += std::to_string(at.source.value()) + "." + std::to_string(at.number.value()) + " ";
    }
    return text;
  };
  EXPECT_EQ(found({key(1, 1)}), "1.1 ");
  EXPECT_EQ(found({key(1, 1), key(7, 1)}), "1.1 ");
  EXPECT_EQ(found({key(1, 1), key(0, 2)}), "1.1 2.0 ");
  EXPECT_EQ(found({key(2, 1), key(1, 2), key(0, 3)}), "1.2 2.1 3.0 ");
  EXPECT_EQ(found({key(3, 1), key(0, 3)}), "3.0 ");
  EXPECT_EQ(found({key(0, 0), key(2, 3), key(9, 9)}), "0.0 3.2 ");
  EXPECT_EQ(found({key(3, 3), key(9, 9)}), "");
}

TEST_F(RangeLedgerTest, CommittedRangesAreKnownBySourceAndNumber) {
  for (const auto& [source, number] : {std::pair(0U, 4U), std::pair(1U, 0U), std::pair(1U, 2U), std::pair(3U, 0U)}) {
    commit(number, source);
  }
  CommittedRanges committed(admin(), load_id_);
  EXPECT_EQ(committed.count(SourceOrdinal(0)), 1U);
  EXPECT_EQ(committed.count(SourceOrdinal(1)), 2U);
  EXPECT_EQ(committed.count(SourceOrdinal(2)), 0U);
  EXPECT_EQ(committed.count(SourceOrdinal(3)), 1U);
  EXPECT_EQ(committed.count(SourceOrdinal(9)), 0U);
  EXPECT_TRUE(committed.contains(key(4, 0)));
  EXPECT_TRUE(committed.contains(key(2, 1)));
  EXPECT_FALSE(committed.contains(key(1, 1)));
  EXPECT_FALSE(committed.contains(key(2, 2)));
  EXPECT_TRUE(committed.contains(key(0, 3)));
  EXPECT_FALSE(committed.contains(key(2, 3)));
  committed.add(key(2, 2));
  EXPECT_TRUE(committed.contains(key(2, 2)));
  EXPECT_FALSE(committed.contains(key(1, 2)));
  EXPECT_EQ(committed.count(SourceOrdinal(1)), 2U);
}

TEST_F(RangeLedgerTest, RangesThatTheServerLostOfAnySourceAreNoticed) {
  for (const std::uint64_t source : {0U, 1U, 2U, 3U}) {
    for (const std::uint64_t number : {0U, 1U}) commit(number, source);
  }
  const CommittedRanges committed(admin(), load_id_);
  EXPECT_NO_THROW(committed.require_all(admin()));
  for (const char* lost : {"source = 0 AND range_number = 1", "source = 3"}) {
    admin().execute(std::string("DELETE FROM chatload_ranges WHERE ") + lost);
    EXPECT_THROW(committed.require_all(admin()), LoadError) << lost;
  }
  const auto failure = failure_of<LoadError>([&] { committed.require_all(admin()); });
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->what(), HasSubstr("lost 3 of the 8 ranges"));
}

TEST_F(RangeLedgerTest, NumberFarBehindTheOthersOfItsSourceIsDamage) {
  constexpr std::uint64_t kFar = (std::uint64_t{1} << 24) + 1;
  commit(0, 1);
  commit(kFar, 2);
  const auto damage = failure_of<LoadError>([&] { CommittedRanges(admin(), load_id_); });
  ASSERT_TRUE(damage);
  EXPECT_THAT(damage->what(), HasSubstr(std::to_string(kFar)));
}

}  // namespace
}  // namespace chatload::ledger
