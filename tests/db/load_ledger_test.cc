#include "ledger/load_ledger.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/database_fixture.h"
#include "ledger/schema.h"

namespace chatload::ledger {
namespace {

constexpr LineCounts kCounts{
    .lines = 21, .inserted = 6, .updated = 5, .duplicate = 4, .filtered = 3, .rejected = 2, .blank = 1};

class LoadLedgerTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    static_cast<void>(apply_schema(admin()));
  }

  [[nodiscard]] static Runner runner(const std::string& owner) {
    return {.owner = owner, .name = "host of " + owner, .source = "log of " + owner};
  }
  [[nodiscard]] std::optional<std::uint64_t> begin(const std::string& owner, std::uint64_t attempt = 1,
                                                   const std::vector<LoadRecord>& superseded = {}) {
    return begin_load(admin(), kKey, setup_, runner(owner), attempt, superseded);
  }
  [[nodiscard]] std::vector<LoadRecord> loads() { return find_loads(admin(), kKey); }

  void add_range(std::uint64_t load_id, int number, int compressed_end) {
    admin().execute("INSERT INTO chatload_ranges VALUES (" + std::to_string(load_id) + ", " + std::to_string(number) +
                    ", 0, 100, '', " + std::to_string(compressed_end) + ", 1, 21, 6, 5, 4, 3, 2, 1, NULL)");
  }
  void add_reject(std::uint64_t load_id, int line, const std::string& reason) {
    admin().execute("INSERT INTO chatload_rejects (load_id, line, byte_offset, reason, raw) VALUES (" +
                    std::to_string(load_id) + ", " + std::to_string(line) + ", 0, '" + reason + "', '')");
  }
  [[nodiscard]] std::string ranges_of(std::uint64_t load_id) {
    return value_read_back("SELECT COUNT(*) FROM chatload_ranges WHERE load_id = " + std::to_string(load_id));
  }

  const LoadKey kKey{"chat_messages", "key"};
  LoadSetup setup_{.plan = "on-duplicate = 'skip'\n",
                   .limits = "`id` 255",
                   .lock_name = "lock",
                   .source_stamp = "began",
                   .source_bytes = 9};
};

TEST_F(LoadLedgerTest, LoadThatBeganIsFoundByItsSourceAndTable) {
  const auto load_id = begin("ours");
  ASSERT_TRUE(load_id);
  ASSERT_EQ(loads().size(), 1U);
  const LoadRecord load = loads().front();
  EXPECT_EQ(load.load_id, *load_id);
  EXPECT_EQ(load.attempt, 1U);
  EXPECT_EQ(load.state, LoadState::kRunning);
  EXPECT_EQ(load.source_stamp, "began");
  EXPECT_EQ(load.owner, "ours");
  EXPECT_EQ(load.runner, "host of ours");
  EXPECT_EQ(load.plan, setup_.plan);
  EXPECT_EQ(load.limits, setup_.limits);
  EXPECT_FALSE(load.is_superseded);
  EXPECT_TRUE(find_loads(admin(), {"chat_messages", "other"}).empty());
  EXPECT_TRUE(find_loads(admin(), {"other", "key"}).empty());
}

TEST_F(LoadLedgerTest, AttemptThatAnotherRunHasBegunIsNotBegunTwice) {
  ASSERT_TRUE(begin("theirs"));
  EXPECT_EQ(begin("ours"), std::nullopt);
  EXPECT_EQ(loads().size(), 1U);
  EXPECT_EQ(loads().front().owner, "theirs");
}

TEST_F(LoadLedgerTest, BeginningAgainAfterALostReplyFindsTheLoadThatBegan) {
  const auto load_id = begin("ours");
  EXPECT_EQ(begin("ours"), load_id);
  EXPECT_EQ(loads().size(), 1U);
}

TEST_F(LoadLedgerTest, SupersededLoadsAreMarkedAndTheirRunsMayNoLongerWrite) {
  const auto first = begin("first");
  const auto second = begin("second", 2, loads());
  ASSERT_TRUE(second);
  ASSERT_EQ(loads().size(), 2U);
  EXPECT_EQ(loads()[0].load_id, *second);
  EXPECT_FALSE(loads()[0].is_superseded);
  EXPECT_TRUE(loads()[1].is_superseded);
  record_end(admin(), *first, "first", {});
  EXPECT_FALSE(mark_done(admin(), *first, "first", 0));
  EXPECT_EQ(value_read_back("SELECT superseded_by FROM chatload_loads WHERE attempt = 1"), std::to_string(*second));
}

TEST_F(LoadLedgerTest, TakeOverGivesTheLoadToTheNewOwnerAsRunning) {
  const auto load_id = begin("first");
  ASSERT_TRUE(mark_ended(admin(), *load_id, "first", LoadState::kFailed, 3));
  EXPECT_TRUE(take_over(admin(), loads().front(), runner("second")));
  EXPECT_EQ(loads().front().state, LoadState::kRunning);
  EXPECT_EQ(loads().front().owner, "second");
  EXPECT_EQ(value_read_back("SELECT source FROM chatload_loads"), "log of second");
  EXPECT_EQ(value_read_back("SELECT finished_at FROM chatload_loads"), "NULL");
  EXPECT_EQ(value_read_back("SELECT exit_code FROM chatload_loads"), "NULL");
}

TEST_F(LoadLedgerTest, LoadThatChangedHandsMeanwhileOrIsDoneIsNotTakenOver) {
  const auto load_id = begin("first");
  const LoadRecord before = loads().front();
  ASSERT_TRUE(take_over(admin(), before, runner("second")));
  EXPECT_FALSE(take_over(admin(), before, runner("third")));
  record_end(admin(), *load_id, "second", {});
  ASSERT_TRUE(mark_done(admin(), *load_id, "second", 0));
  EXPECT_FALSE(take_over(admin(), loads().front(), runner("third")));
  EXPECT_EQ(loads().front().owner, "second");
}

TEST_F(LoadLedgerTest, TotalsAreTheSumsOverTheLoadsRangesAndItsRejectsByReason) {
  const auto load_id = begin("ours");
  EXPECT_EQ(read_totals(admin(), *load_id).counts, LineCounts());
  add_range(*load_id, 0, 700);
  add_range(*load_id, 4, 600);
  add_range(*load_id + 1, 0, 900);
  add_reject(*load_id, 1, "too_long");
  add_reject(*load_id, 2, "too_long");
  add_reject(*load_id, 3, "refused_by_server");
  add_reject(*load_id, 4, "refused_by_server");
  add_reject(*load_id + 1, 3, "empty_id");
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

TEST_F(LoadLedgerTest, LoadThatIsDoneKeepsItsTotalsWithoutItsRanges) {
  const auto load_id = begin("ours");
  add_reject(*load_id, 1, "too_long");
  add_reject(*load_id, 2, "empty_id");
  for (int range = 0; range < 6; ++range) add_range(*load_id, range, 1);
  const LoadEnd end{.source_stamp = "stamp",
                    .source_digest = std::string(32, 'd'),
                    .totals = {.ranges = 7, .counts = kCounts, .bytes_compressed = 900, .bytes_decompressed = 2'000}};
  record_end(admin(), *load_id, "ours", end);
  EXPECT_FALSE(mark_done(admin(), *load_id, "ours", 1)) << "a range is missing";
  add_range(*load_id, 6, 1);
  EXPECT_EQ(loads().front().state, LoadState::kRunning);
  EXPECT_TRUE(mark_done(admin(), *load_id, "ours", 1));
  EXPECT_TRUE(mark_done(admin(), *load_id, "ours", 1)) << "after a lost reply";
  const LoadTotals totals = read_final_totals(admin(), *load_id);
  EXPECT_EQ(totals.ranges, 7U);
  EXPECT_EQ(totals.counts, kCounts);
  EXPECT_EQ(totals.bytes_compressed, 900U);
  EXPECT_EQ(totals.bytes_decompressed, 2'000U);
  EXPECT_EQ(totals.rejected_by_reason[static_cast<std::size_t>(parse::RejectReason::kEmptyId)], 1U);
  const LoadRecord load = loads().front();
  EXPECT_EQ(load.state, LoadState::kDone);
  EXPECT_EQ(load.exit_code, 1);
  EXPECT_EQ(load.source_stamp, "stamp");
  EXPECT_EQ(load.source_digest, end.source_digest);
}

TEST_F(LoadLedgerTest, EndThatDoesNotHoldAnyMoreIsForgottenAndDoneNeedsANewOne) {
  const auto load_id = begin("ours");
  record_end(admin(), *load_id, "ours", {.source_stamp = {}, .source_digest = "digest", .totals = {}});
  forget_end(admin(), *load_id, "theirs");
  EXPECT_EQ(loads().front().source_digest, "digest");
  forget_end(admin(), *load_id, "ours");
  EXPECT_EQ(loads().front().source_digest, "");
  EXPECT_FALSE(mark_done(admin(), *load_id, "ours", 0));
}

TEST_F(LoadLedgerTest, OnlyTheOwnerEndsALoad) {
  const auto load_id = begin("ours");
  EXPECT_FALSE(mark_done(admin(), *load_id, "ours", 0)) << "not all lines are in";
  record_end(admin(), *load_id, "theirs", {.source_stamp = {}, .source_digest = "digest", .totals = {}});
  EXPECT_EQ(loads().front().source_digest, "");
  record_end(admin(), *load_id, "ours", {});
  EXPECT_FALSE(mark_done(admin(), *load_id, "theirs", 0));
  EXPECT_FALSE(mark_ended(admin(), *load_id, "theirs", LoadState::kFailed, 3));
  EXPECT_EQ(loads().front().state, LoadState::kRunning);
  for (const LoadState state : {LoadState::kFailed, LoadState::kInterrupted}) {
    EXPECT_TRUE(mark_ended(admin(), *load_id, "ours", state, 4));
    EXPECT_EQ(loads().front().state, state);
    EXPECT_EQ(loads().front().exit_code, 4);
  }
}

TEST_F(LoadLedgerTest, StampOfASourceThatIsNoFileIsNone) {
  setup_.source_stamp.clear();
  const auto load_id = begin("ours");
  EXPECT_EQ(value_read_back("SELECT source_stamp FROM chatload_loads"), "NULL");
  record_end(admin(), *load_id, "ours", {});
  EXPECT_EQ(value_read_back("SELECT source_stamp FROM chatload_loads"), "NULL");
  record_stamp(admin(), *load_id, "1:2:3");
  EXPECT_EQ(loads().front().source_stamp, "1:2:3");
}

TEST_F(LoadLedgerTest, CompactionDeletesAllRangesOfTheLoadAndNoOthers) {
  const auto load_id = begin("ours");
  add_range(*load_id, 0, 1);
  compact(admin(), *load_id);
  EXPECT_EQ(ranges_of(*load_id), "1") << "it is not done";
  admin().execute("UPDATE chatload_loads SET state = 'done'");
  add_range(*load_id + 1, 0, 1);
  admin().execute(is_mysql() ? "SET SESSION cte_max_recursion_depth = 100000"
                             : "SET SESSION max_recursive_iterations = 100000");
  compact(admin(), *load_id);
  for (const std::uint64_t ranges : {std::uint64_t{1}, std::uint64_t{20'000}, std::uint64_t{20'001}}) {
    admin().execute(
        "INSERT INTO chatload_ranges WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM"
        " numbers WHERE n < " +
        std::to_string(ranges) + ") SELECT " + std::to_string(*load_id) +
        ", n, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL FROM numbers");
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
