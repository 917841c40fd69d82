#include "ledger/load_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "db/ledger_fixture.h"

namespace chatload::ledger {
namespace {

using testing::HasSubstr;

constexpr LineCounts kCounts{
    .lines = 21, .inserted = 6, .updated = 5, .duplicate = 4, .filtered = 3, .rejected = 2, .blank = 1};

class LoadLedgerTest : public LedgerTest {
 protected:
  // Of one source.
  [[nodiscard]] std::optional<std::uint64_t> begin(const std::string& owner, std::uint64_t attempt = 1,
                                                   const std::vector<PutAside>& put_aside = {}) {
    return LedgerTest::begin(owner, {claim("key", attempt)}, put_aside);
  }
  void add_counted_range(std::uint64_t load_id, std::uint64_t source, std::uint64_t number,
                         std::uint64_t compressed_end) {
    add_range(load_id, source, number, kCounts, compressed_end);
  }
  [[nodiscard]] std::string ranges_of(std::uint64_t load_id) {
    return value_read_back("SELECT COUNT(*) FROM chatload_ranges WHERE load_id = " + std::to_string(load_id));
  }
};

TEST_F(LoadLedgerTest, LoadThatBeganIsFoundByItsSourceAndTable) {
  const auto load_id = begin("ours");
  ASSERT_TRUE(load_id);
  const auto found = find_by_keys(admin(), kTable, std::vector<std::string>{"key"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().load_id, *load_id);
  EXPECT_EQ(found.front().attempt, 1U);
  const LoadRecord load = load_of(*load_id);
  EXPECT_EQ(load.load_id, *load_id);
  EXPECT_EQ(load.state, LoadState::kRunning);
  EXPECT_EQ(load.owner, "ours");
  EXPECT_EQ(load.runner, "host of ours");
  EXPECT_EQ(load.plan, setup_.plan);
  EXPECT_EQ(load.limits, setup_.limits);
  EXPECT_EQ(load.lock_name, "lock");
  EXPECT_FALSE(load.is_superseded);
  EXPECT_FALSE(load.is_frozen);
  EXPECT_FALSE(load.all_read);
  EXPECT_EQ(value_read_back("SELECT CONCAT_WS(' ', target_table, source, `order`) FROM chatload_loads"),
            "chat_messages log of ours file");
  EXPECT_TRUE(find_by_keys(admin(), kTable, std::vector<std::string>{"other"}).empty());
  EXPECT_TRUE(find_by_keys(admin(), "other", std::vector<std::string>{"key"}).empty());
}

TEST_F(LoadLedgerTest, LoadsAreFoundByTheirNumbersAndThoseThatAreGoneLeftOut) {
  const std::uint64_t first = LedgerTest::begin("first", {claim("a")}).value();
  const std::uint64_t second = LedgerTest::begin("second", {claim("b")}).value();
  const auto loads = find_loads(admin(), std::vector{second + 7, second, first});
  ASSERT_EQ(loads.size(), 2U);
  EXPECT_EQ(loads[0].load_id, first);
  EXPECT_EQ(loads[0].owner, "first");
  EXPECT_EQ(loads[1].load_id, second);
  EXPECT_TRUE(find_loads(admin(), {}).empty());
}

TEST_F(LoadLedgerTest, AttemptThatAnotherRunHasBegunIsNotBegunTwice) {
  const auto theirs = begin("theirs");
  ASSERT_TRUE(theirs);
  EXPECT_EQ(begin("ours"), std::nullopt);
  EXPECT_EQ(count_of("chatload_loads"), "1");
  EXPECT_EQ(load_of(*theirs).owner, "theirs");
}

TEST_F(LoadLedgerTest, BeginningAgainAfterALostReplyFindsTheLoadThatBegan) {
  const auto load_id = begin("ours");
  EXPECT_EQ(begin("ours"), load_id);
  EXPECT_EQ(count_of("chatload_loads"), "1");
}

TEST_F(LoadLedgerTest, SupersededLoadsAreMarkedAndTheirRunsMayNoLongerWrite) {
  const auto first = begin("first");
  ASSERT_TRUE(disown(admin(), load_of(*first)));
  const auto second = begin("second", 2, {{*first, {SourceOrdinal(1)}, false}});
  ASSERT_TRUE(second);
  const auto found = find_by_keys(admin(), kTable, std::vector<std::string>{"key"});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].load_id, *second);
  EXPECT_FALSE(found[0].is_superseded);
  EXPECT_TRUE(found[1].is_superseded);
  EXPECT_FALSE(load_of(*second).is_superseded);
  EXPECT_TRUE(load_of(*first).is_superseded);
  record_end(admin(), *first, "first", {});
  EXPECT_FALSE(mark_done(admin(), *first, "first", 0));
  EXPECT_EQ(value_read_back("SELECT superseded_by FROM chatload_loads WHERE load_id = " + std::to_string(*first)),
            std::to_string(*second));
}

TEST_F(LoadLedgerTest, LoadIsTakenFromItsRunsOnceTheirTransactionsHaveEnded) {
  const auto load_id = begin("theirs");
  const LoadRecord load = load_of(*load_id);
  mysql::Session theirs = connect();
  theirs.execute("START TRANSACTION");
  RangeLedger(*load_id, "theirs").hold(theirs, kFirstWriterSlot);
  std::future<bool> disowned = std::async(std::launch::async, [&] {
    const mysql::ClientThread client_thread;
    mysql::Session session = connect();
    return disown(session, load);
  });
  EXPECT_TRUE(sees_lock_wait());
  theirs.execute("COMMIT");
  EXPECT_TRUE(disowned.get());
  EXPECT_EQ(load_of(*load_id).owner, "");
  EXPECT_THROW(RangeLedger(*load_id, "theirs").hold(theirs, kFirstWriterSlot), LoadError);
  EXPECT_TRUE(disown(admin(), load)) << "after a lost reply";
  EXPECT_FALSE(mark_ended(admin(), *load_id, "theirs", LoadState::kFailed, 3));
}

TEST_F(LoadLedgerTest, LoadThatChangedHandsOrIsDoneIsNotTakenFromItsRun) {
  const auto load_id = begin("first");
  const LoadRecord before = load_of(*load_id);
  ASSERT_TRUE(take_over(admin(), before, runner("second")));
  EXPECT_FALSE(disown(admin(), before));
  EXPECT_EQ(load_of(*load_id).owner, "second");
  EXPECT_NO_THROW(RangeLedger(*load_id, "second").hold(admin(), kFirstWriterSlot));
  record_end(admin(), *load_id, "second", {});
  ASSERT_TRUE(mark_done(admin(), *load_id, "second", 0));
  EXPECT_FALSE(disown(admin(), load_of(*load_id)));
  EXPECT_EQ(load_of(*load_id).owner, "second");
}

TEST_F(LoadLedgerTest, TakeOverGivesTheLoadToTheNewOwnerAsRunning) {
  const auto load_id = begin("first");
  ASSERT_TRUE(mark_ended(admin(), *load_id, "first", LoadState::kFailed, 3));
  const LoadRecord before = load_of(*load_id);
  EXPECT_TRUE(take_over(admin(), before, runner("second")));
  EXPECT_TRUE(take_over(admin(), before, runner("second"))) << "after a lost reply";
  EXPECT_EQ(load_of(*load_id).state, LoadState::kRunning);
  EXPECT_EQ(load_of(*load_id).owner, "second");
  EXPECT_EQ(load_of(*load_id).runner, "host of second");
  EXPECT_EQ(value_read_back("SELECT source FROM chatload_loads"), "log of second");
  EXPECT_EQ(value_read_back("SELECT finished_at FROM chatload_loads"), "NULL");
  EXPECT_EQ(value_read_back("SELECT exit_code FROM chatload_loads"), "NULL");
}

TEST_F(LoadLedgerTest, DecisionKeepsTheFirstSourcesAndTheOthersAreNobodysAgain) {
  const auto load_id = LedgerTest::begin("ours", claims({"c", "a", "b"}));
  EXPECT_EQ(begin_load(admin(), setup_, runner("theirs"), claims({"b"}), {}), std::nullopt);
  record_decision(admin(), *load_id, "ours", "order = \"key\"\n", "key", 2);
  EXPECT_EQ(states_of(*load_id), "1 waiting; 2 waiting");
  EXPECT_EQ(source_of(*load_id, 1).key, "c") << "the order is the one given";
  EXPECT_EQ(load_of(*load_id).plan, "order = \"key\"\n");
  EXPECT_EQ(value_read_back("SELECT `order` FROM chatload_loads"), "key");
  EXPECT_TRUE(begin_load(admin(), setup_, runner("theirs"), claims({"b"}), {}));
}

TEST_F(LoadLedgerTest, RunThatWasOvertakenDecidesNothing) {
  const auto load_id = LedgerTest::begin("first", claims({"a", "b"}));
  ASSERT_TRUE(take_over(admin(), load_of(*load_id), runner("second")));
  EXPECT_THROW(record_decision(admin(), *load_id, "first", "", "key", 1), LoadError);
  EXPECT_EQ(states_of(*load_id), "1 waiting; 2 waiting");
}

TEST_F(LoadLedgerTest, SourcesAreClaimedInTheOrderOfTheirKeysSoThatTwoRunsMeetInNoDeadlock) {
  admin().execute("CREATE TABLE claimed (place INT AUTO_INCREMENT PRIMARY KEY, source_key VARCHAR(64))");
  admin().execute(
      "CREATE TRIGGER note_claim AFTER INSERT ON chatload_sources FOR EACH ROW "
      "INSERT INTO claimed (source_key) VALUES (NEW.source_key)");
  const auto load_id = LedgerTest::begin("ours", claims({"c", "a", "d", "b"}));
  EXPECT_EQ(value_read_back("SELECT GROUP_CONCAT(source_key ORDER BY place SEPARATOR ' ') FROM claimed"), "a b c d");
  EXPECT_EQ(source_of(*load_id, 1).key, "c");
  EXPECT_EQ(source_of(*load_id, 4).key, "b");
}

TEST_F(LoadLedgerTest, LoadThatChangedHandsMeanwhileOrIsDoneIsNotTakenOver) {
  const auto load_id = begin("first");
  const LoadRecord before = load_of(*load_id);
  ASSERT_TRUE(take_over(admin(), before, runner("second")));
  EXPECT_FALSE(take_over(admin(), before, runner("third")));
  record_end(admin(), *load_id, "second", {});
  ASSERT_TRUE(mark_done(admin(), *load_id, "second", 0));
  EXPECT_FALSE(take_over(admin(), load_of(*load_id), runner("third")));
  EXPECT_EQ(load_of(*load_id).owner, "second");
}

TEST_F(LoadLedgerTest, LoadInWhosePlaceAnotherBeganIsNotTakenOver) {
  const auto first = begin("first");
  ASSERT_TRUE(disown(admin(), load_of(*first)));
  ASSERT_TRUE(begin("second", 2, {{*first, {SourceOrdinal(1)}, false}}));
  EXPECT_FALSE(take_over(admin(), load_of(*first), runner("third")));
  EXPECT_EQ(load_of(*first).owner, "");
}

TEST_F(LoadLedgerTest, TotalsAreTheSumsOverTheLoadsRangesAndItsRejectsByReason) {
  const auto load_id = begin("ours");
  EXPECT_EQ(read_totals(admin(), *load_id).counts, LineCounts());
  add_counted_range(*load_id, 1, 0, 700);
  add_counted_range(*load_id, 1, 4, 600);
  add_counted_range(*load_id + 1, 1, 0, 900);
  add_reject(*load_id, 1, 1, "too_long");
  add_reject(*load_id, 1, 2, "too_long");
  add_reject(*load_id, 1, 3, "refused_by_server");
  add_reject(*load_id, 1, 4, "refused_by_server");
  add_reject(*load_id + 1, 1, 3, "empty_id");
  const LoadTotals totals = read_totals(admin(), *load_id);
  EXPECT_EQ(totals.ranges, 2U);
  EXPECT_EQ(totals.counts, (LineCounts{42, 12, 10, 8, 6, 4, 2}));
  EXPECT_EQ(totals.bytes_compressed, 700U);
  EXPECT_EQ(totals.bytes_decompressed, 200U);
  std::array<std::uint64_t, parse::kRejectReasonCount> by_reason{};
  by_reason[static_cast<std::size_t>(parse::RejectReason::kTooLong)] = 2;
  by_reason[static_cast<std::size_t>(parse::RejectReason::kRefusedByServer)] = 2;
  EXPECT_EQ(totals.rejected_by_reason, by_reason);
}

TEST_F(LoadLedgerTest, TotalsAreOfAllSourcesEachUpToItsLastRangeAndOfTheStretches) {
  const auto load_id = LedgerTest::begin("ours", claims({"a", "b", "c"}));
  add_counted_range(*load_id, 1, 0, 700);
  add_counted_range(*load_id, 1, 1, 800);
  add_counted_range(*load_id, 3, 0, 50);
  add_counted_range(*load_id, 0, 0, 5'000);  // a stretch, whose bytes are those of the ranges
  for (std::uint64_t line = 1; line <= 4; ++line) {
    add_reject(*load_id, 1, line, "too_long");
    add_reject(*load_id, 3, line, "empty_id");  // the same lines of another source
  }
  const LoadTotals totals = read_totals(admin(), *load_id);
  EXPECT_EQ(totals.ranges, 4U);
  EXPECT_EQ(totals.counts, (LineCounts{84, 24, 20, 16, 12, 8, 4}));
  EXPECT_EQ(totals.bytes_compressed, 850U);
  EXPECT_EQ(totals.bytes_decompressed, 300U);
}

TEST_F(LoadLedgerTest, RejectThatIsMissingIsDamage) {
  const auto load_id = LedgerTest::begin("ours", claims({"a", "b"}));
  add_counted_range(*load_id, 1, 0, 700);
  add_counted_range(*load_id, 2, 0, 700);
  for (const std::uint64_t line : {1U, 2U}) add_reject(*load_id, 1, line, "too_long");
  add_reject(*load_id, 2, 1, "too_long");
  const auto damage = failure_of<LoadError>([&] { static_cast<void>(read_totals(admin(), *load_id)); });
  ASSERT_TRUE(damage);
  EXPECT_THAT(damage->what(), HasSubstr("of 4 rejected lines it has 3 in chatload_rejects"));
}

TEST_F(LoadLedgerTest, LoadThatIsDoneKeepsItsTotalsWithoutItsRanges) {
  const auto load_id = begin("ours");
  add_reject(*load_id, 1, 1, "too_long");
  add_reject(*load_id, 1, 2, "empty_id");
  for (std::uint64_t range = 0; range < 6; ++range) add_counted_range(*load_id, 1, range, 1);
  const LoadTotals end{.ranges = 7, .counts = kCounts, .bytes_compressed = 900, .bytes_decompressed = 2'000};
  record_end(admin(), *load_id, "ours", end);
  EXPECT_TRUE(load_of(*load_id).all_read);
  EXPECT_FALSE(mark_done(admin(), *load_id, "ours", 1)) << "a range is missing";
  add_counted_range(*load_id, 1, 6, 1);
  EXPECT_EQ(load_of(*load_id).state, LoadState::kRunning);
  EXPECT_TRUE(mark_done(admin(), *load_id, "ours", 1));
  EXPECT_TRUE(mark_done(admin(), *load_id, "ours", 1)) << "after a lost reply";
  const LoadTotals totals = read_final_totals(admin(), *load_id);
  EXPECT_EQ(totals.ranges, 7U);
  EXPECT_EQ(totals.counts, kCounts);
  EXPECT_EQ(totals.bytes_compressed, 900U);
  EXPECT_EQ(totals.bytes_decompressed, 2'000U);
  EXPECT_EQ(totals.rejected_by_reason[static_cast<std::size_t>(parse::RejectReason::kEmptyId)], 1U);
  const LoadRecord load = load_of(*load_id);
  EXPECT_EQ(load.state, LoadState::kDone);
  EXPECT_EQ(load.exit_code, 1);
}

TEST_F(LoadLedgerTest, DoneNeedsTheRangesOfAllSources) {
  const auto load_id = LedgerTest::begin("ours", claims({"a", "b"}));
  add_range(*load_id, 1, 0);
  add_range(*load_id, 2, 0);
  add_range(*load_id, 0, 0);
  record_end(admin(), *load_id, "ours", {.ranges = 3, .counts = {}});
  admin().execute("DELETE FROM chatload_ranges WHERE source = 2");
  EXPECT_FALSE(mark_done(admin(), *load_id, "ours", 0));
  add_range(*load_id, 2, 0);
  EXPECT_TRUE(mark_done(admin(), *load_id, "ours", 0));
}

TEST_F(LoadLedgerTest, EndThatDoesNotHoldAnyMoreIsForgottenAndDoneNeedsANewOne) {
  const auto load_id = begin("ours");
  record_end(admin(), *load_id, "ours", {});
  forget_end(admin(), *load_id, "theirs");
  EXPECT_TRUE(load_of(*load_id).all_read);
  forget_end(admin(), *load_id, "ours");
  EXPECT_FALSE(load_of(*load_id).all_read);
  EXPECT_FALSE(mark_done(admin(), *load_id, "ours", 0));
}

TEST_F(LoadLedgerTest, OnlyTheOwnerEndsALoad) {
  const auto load_id = begin("ours");
  EXPECT_FALSE(mark_done(admin(), *load_id, "ours", 0)) << "not all lines are in";
  record_end(admin(), *load_id, "theirs", {});
  EXPECT_FALSE(load_of(*load_id).all_read);
  record_end(admin(), *load_id, "ours", {});
  EXPECT_FALSE(mark_done(admin(), *load_id, "theirs", 0));
  EXPECT_FALSE(mark_ended(admin(), *load_id, "theirs", LoadState::kFailed, 3));
  EXPECT_EQ(load_of(*load_id).state, LoadState::kRunning);
  for (const LoadState state : {LoadState::kFailed, LoadState::kInterrupted}) {
    EXPECT_TRUE(mark_ended(admin(), *load_id, "ours", state, 4));
    EXPECT_EQ(load_of(*load_id).state, state);
    EXPECT_EQ(load_of(*load_id).exit_code, 4);
  }
}

TEST_F(LoadLedgerTest, StampOfASourceThatIsNoFileIsNone) {
  SourceClaim pipe = claim("pipe");
  pipe.stamp.clear();
  pipe.bytes.reset();
  const auto load_id = LedgerTest::begin("ours", {pipe});
  EXPECT_EQ(value_read_back("SELECT stamp FROM chatload_sources"), "NULL");
  EXPECT_EQ(value_read_back("SELECT bytes FROM chatload_sources"), "NULL");
  record_ends(admin(), *load_id, "ours",
              std::vector<SourceEnd>{{.source = SourceOrdinal(1), .stamp = {}, .digest = "d"}});
  EXPECT_EQ(value_read_back("SELECT stamp FROM chatload_sources"), "NULL");
  record_stamp(admin(), *load_id, SourceOrdinal(1), "1:2:3");
  EXPECT_EQ(source_of(*load_id, 1).stamp, "1:2:3");
}

TEST_F(LoadLedgerTest, CompactionDeletesAllRangesOfTheLoadAndNoOthers) {
  const auto load_id = begin("ours");
  add_counted_range(*load_id, 1, 0, 1);
  compact(admin(), *load_id);
  EXPECT_EQ(ranges_of(*load_id), "1") << "it is not done";
  admin().execute("UPDATE chatload_loads SET state = 'done'");
  add_counted_range(*load_id + 1, 1, 0, 1);
  admin().execute(is_mysql() ? "SET SESSION cte_max_recursion_depth = 100000"
                             : "SET SESSION max_recursive_iterations = 100000");
  compact(admin(), *load_id);
  for (const std::uint64_t ranges : {std::uint64_t{1}, std::uint64_t{20'000}, std::uint64_t{20'001}}) {
    admin().execute(
        "INSERT INTO chatload_ranges (load_id, source, range_number, begin_byte, length_bytes, digest, compressed_end,"
        " first_line, `lines`, inserted, updated, duplicate, filtered, rejected, blank) WITH RECURSIVE numbers AS"
        " (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < " +
        std::to_string(ranges) + ") SELECT " + std::to_string(*load_id) +
        ", MOD(n, 3), n, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM numbers");
    ASSERT_EQ(ranges_of(*load_id), std::to_string(ranges));
    compact(admin(), *load_id);
    EXPECT_EQ(ranges_of(*load_id), "0");
  }
  EXPECT_EQ(ranges_of(*load_id + 1), "1");
}

TEST_F(LoadLedgerTest, SettingsByWhichCommitsMayBeLostAreNamed) {
  EXPECT_EQ(why_commits_may_be_lost(admin()), std::nullopt);
  {
    const GlobalVariable flush(admin(), "innodb_flush_log_at_trx_commit", "2");
    EXPECT_EQ(why_commits_may_be_lost(admin()),
              "innodb_flush_log_at_trx_commit is 2 (SET GLOBAL innodb_flush_log_at_trx_commit = 1)");
  }
  const GlobalVariable sync(admin(), "sync_binlog", "0");
  const bool has_binlog = value(admin(), "SELECT @@log_bin") == "1";
  EXPECT_EQ(why_commits_may_be_lost(admin()).value_or("nothing"),
            has_binlog ? "sync_binlog is 0 (SET GLOBAL sync_binlog = 1)" : "nothing");
}

}  // namespace
}  // namespace chatload::ledger
