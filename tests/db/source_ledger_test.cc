#include "ledger/source_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/errors.h"
#include "db/ledger_fixture.h"

namespace chatload::ledger {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SourceLedgerTest : public LedgerTest {
 protected:
  // In key order.
  [[nodiscard]] std::uint64_t begin_sorted(const std::string& owner, const std::vector<SourceClaim>& sources) {
    setup_.order = "key";
    const auto load_id = begin(owner, sources);
    setup_.order = "file";
    return load_id.value();
  }

  [[nodiscard]] static SourceEnd end_of(std::uint64_t source, std::uint64_t ranges, std::uint64_t lines = 0) {
    return {.source = SourceOrdinal(source),
            .stamp = "read " + std::to_string(source),
            .digest = "digest " + std::to_string(source),
            .bytes = 100 * source,
            .ranges = ranges,
            .lines = lines};
  }
  void end(std::uint64_t load_id, const std::string& owner, const std::vector<SourceEnd>& ends) {
    record_ends(admin(), load_id, owner, ends);
  }
  void fail(std::uint64_t load_id, const std::string& owner, std::uint64_t source, const std::string& why = "Why.") {
    record_failures(admin(), load_id, owner, std::vector<SourceFailure>{{SourceOrdinal(source), why}});
  }
  // "source: lines valid filtered rejected blank inserted updated duplicate; …", "-" for NULL.
  [[nodiscard]] std::string sums_of(std::uint64_t load_id) {
    return value_read_back(
        "SELECT GROUP_CONCAT(CONCAT(source, ': ', CONCAT_WS(' ', IFNULL(`lines`, '-'), IFNULL(valid, '-'),"
        " IFNULL(filtered, '-'), IFNULL(rejected, '-'), IFNULL(blank, '-'), IFNULL(inserted, '-'), IFNULL(updated, "
        "'-'),"
        " IFNULL(duplicate, '-'))) ORDER BY source SEPARATOR '; ') FROM chatload_sources WHERE load_id = " +
        std::to_string(load_id));
  }
};

TEST_F(SourceLedgerTest, SourcesThatBeganAreFoundByNameByKeyAndOfTheirLoadInOrder) {
  const std::uint64_t load_id = begin("ours", claims({"b", "a"})).value();
  const auto of_load = sources_of(load_id);
  ASSERT_THAT(of_load, SizeIs(2));
  const SourceRecord& first = of_load[0];
  EXPECT_EQ(first.load_id, load_id);
  EXPECT_EQ(first.source, SourceOrdinal(1));
  EXPECT_EQ(first.key, "b");
  EXPECT_EQ(first.attempt, 1U);
  EXPECT_EQ(first.name, "b.json.gz");
  EXPECT_EQ(first.name_digest, digest_hex("b.json.gz"));
  EXPECT_EQ(first.stamp, "stamp of b");
  EXPECT_EQ(first.digest, "");
  EXPECT_EQ(first.state, SourceState::kWaiting);
  EXPECT_EQ(first.why, "");
  EXPECT_FALSE(first.is_superseded);
  EXPECT_FALSE(first.lines);
  EXPECT_EQ(of_load[1].source, SourceOrdinal(2));
  EXPECT_EQ(of_load[1].key, "a");

  const auto by_key = find_by_keys(admin(), kTable, std::vector<std::string>{"a", "none"});
  ASSERT_THAT(by_key, SizeIs(1));
  EXPECT_EQ(by_key[0].source, SourceOrdinal(2));
  const auto by_name = find_by_names(admin(), kTable, std::vector<std::string>{digest_hex("b.json.gz")});
  ASSERT_THAT(by_name, SizeIs(1));
  EXPECT_EQ(by_name[0].source, SourceOrdinal(1));
  EXPECT_THAT(find_by_names(admin(), "other", std::vector<std::string>{digest_hex("b.json.gz")}), IsEmpty());
  EXPECT_THAT(find_by_keys(admin(), "other", std::vector<std::string>{"a"}), IsEmpty());
}

TEST_F(SourceLedgerTest, LatestAttemptIsFoundFirstByKeyAndLatestLoadByName) {
  for (const std::uint64_t attempt : {1U, 3U, 2U}) {
    ASSERT_TRUE(begin("run " + std::to_string(attempt), {claim("a", attempt)}));
  }
  std::vector<std::uint64_t> attempts;
  for (const SourceRecord& source : find_by_keys(admin(), kTable, std::vector<std::string>{"a"})) {
    attempts.push_back(source.attempt);
  }
  EXPECT_THAT(attempts, ElementsAre(3, 2, 1));
  EXPECT_EQ(find_by_names(admin(), kTable, std::vector<std::string>{digest_hex("a.json.gz")}).at(0).attempt, 2U);
}

TEST_F(SourceLedgerTest, SourceThatCouldNotBeReadBeginsAsFailed) {
  SourceClaim missing = claim("name:a");
  missing.why = "there is no such file";
  const std::uint64_t load_id = begin("ours", {missing, claim("b")}).value();
  EXPECT_EQ(states_of(load_id), "1 failed; 2 waiting");
  EXPECT_EQ(source_of(load_id, 1).why, "there is no such file");
}

TEST_F(SourceLedgerTest, ClaimsThatCollideGiveNothingAndLeaveNothingBehind) {
  const std::uint64_t theirs = begin("theirs", claims({"a", "b"})).value();
  const std::uint64_t old = begin("old", {claim("c")}).value();
  ASSERT_TRUE(disown(admin(), load_of(old)));
  for (const auto& keys : {std::vector<std::string>{"b", "d"}, {"d", "b"}, {"d", "e", "a"}}) {
    std::vector<SourceClaim> sources = claims(keys);
    sources.push_back(claim("c", 2));
    EXPECT_EQ(begin("ours", sources, {{old, {SourceOrdinal(1)}, false}}), std::nullopt);
  }
  EXPECT_EQ(count_of("chatload_loads"), "2");
  EXPECT_EQ(count_of("chatload_sources"), "3");
  EXPECT_EQ(load_of(theirs).owner, "theirs");
  EXPECT_FALSE(load_of(old).is_superseded);
  EXPECT_FALSE(source_of(old, 1).is_superseded);
  mysql::Session other = connect();
  EXPECT_TRUE(begin_load(other, setup_, runner("another"), claims({"d", "e"}), {})) << "nothing was left locked";
}

TEST_F(SourceLedgerTest, ClaimWaitsForWhoeverHasItAndGoesByHowThatEnds) {
  for (const auto& [key, end, is_free] : {std::tuple{"a", "COMMIT", false}, std::tuple{"b", "ROLLBACK", true}}) {
    mysql::Session first = connect();
    first.execute("START TRANSACTION");
    first.execute(std::string("INSERT INTO chatload_sources (load_id, source, target_table, source_key, attempt, name,"
                              " state) VALUES (0, 1, 'chat_messages', '") +
                  key + "', 1, 'log', 'waiting')");
    std::future<bool> second = std::async(std::launch::async, [this, key = key] {
      const mysql::ClientThread client_thread;
      mysql::Session session = connect();
      return begin_load(session, setup_, runner(std::string("ours ") + key), claims({key}), {}).has_value();
    });
    EXPECT_TRUE(sees_lock_wait());
    first.execute(end);
    EXPECT_EQ(second.get(), is_free) << end;
    admin().execute("DELETE FROM chatload_sources WHERE load_id = 0");
  }
}

TEST_F(SourceLedgerTest, OneSourceTwiceInOneLoadIsACollision) {
  EXPECT_EQ(begin("ours", claims({"a", "a"})), std::nullopt);
  EXPECT_EQ(count_of("chatload_loads"), "0");
  EXPECT_TRUE(begin("ours", {claim("a", 1), claim("a", 2)}));
}

TEST_F(SourceLedgerTest, BeginningAgainAfterALostReplyFindsTheLoadWithItsSources) {
  const std::vector<SourceClaim> sources = claims({"a", "b", "c"});
  const auto load_id = begin("ours", sources);
  ASSERT_TRUE(load_id);
  EXPECT_EQ(begin("ours", sources), load_id);
  EXPECT_EQ(count_of("chatload_loads"), "1");
  EXPECT_EQ(count_of("chatload_sources"), "3");
}

TEST_F(SourceLedgerTest, SourceThatIsPutAsideLeavesTheOthersOfItsLoad) {
  const std::uint64_t first = begin("first", claims({"a", "b"})).value();
  ASSERT_TRUE(disown(admin(), load_of(first)));
  const std::uint64_t second = begin("second", {claim("b", 2)}, {{first, {SourceOrdinal(2)}, false}}).value();
  EXPECT_FALSE(source_of(first, 1).is_superseded);
  EXPECT_TRUE(source_of(first, 2).is_superseded);
  EXPECT_FALSE(load_of(first).is_superseded);
  EXPECT_EQ(states_of(first), "1 waiting; 2 waiting");
  EXPECT_TRUE(take_over(admin(), load_of(first), runner("first again"))) << "it goes on without that one";
  ASSERT_TRUE(disown(admin(), load_of(first)));
  const std::uint64_t third = begin("third", {claim("a", 2)}, {{first, {SourceOrdinal(1)}, false}}).value();
  EXPECT_TRUE(load_of(first).is_superseded) << "none of it is left";
  EXPECT_EQ(value_read_back("SELECT GROUP_CONCAT(superseded_by ORDER BY source SEPARATOR ' ') FROM chatload_sources"
                            " WHERE load_id = " +
                            std::to_string(first)),
            std::to_string(third) + " " + std::to_string(second));
}

TEST_F(SourceLedgerTest, LoadOfWhichOnlyReleasedSourcesAreLeftIsPutAsideToo) {
  const std::uint64_t first = begin("first", claims({"a", "b"})).value();
  release(admin(), first, "first", std::vector<SourceFailure>{{SourceOrdinal(1), "gone"}});
  ASSERT_TRUE(disown(admin(), load_of(first)));
  ASSERT_TRUE(begin("second", {claim("b", 2)}, {{first, {SourceOrdinal(2)}, false}}));
  EXPECT_TRUE(load_of(first).is_superseded);
}

TEST_F(SourceLedgerTest, FrozenLoadIsPutAsideWithAllOfItsSources) {
  const std::uint64_t frozen = begin_sorted("first", claims({"a", "b", "c"}));
  freeze(admin(), frozen, "first", {});
  ASSERT_TRUE(disown(admin(), load_of(frozen)));
  const std::uint64_t second = begin("second", {claim("b", 2)}, {{frozen, {SourceOrdinal(2)}, true}}).value();
  EXPECT_TRUE(load_of(frozen).is_superseded);
  EXPECT_EQ(states_of(frozen), "1 released; 2 waiting; 3 released");
  EXPECT_FALSE(source_of(frozen, 1).is_superseded);
  EXPECT_TRUE(source_of(frozen, 2).is_superseded);
  EXPECT_FALSE(load_of(second).is_superseded);
  EXPECT_FALSE(take_over(admin(), load_of(frozen), runner("third")));
}

TEST_F(SourceLedgerTest, SourceIsPutAsideForALoadThatBeganBefore) {
  const std::uint64_t first = begin("first", claims({"a", "b"})).value();
  const std::uint64_t second = begin("second", {claim("b", 2)}).value();
  ASSERT_TRUE(disown(admin(), load_of(first)));
  for (int time = 0; time < 2; ++time) supersede(admin(), second, {first, {SourceOrdinal(2)}, false});
  EXPECT_TRUE(source_of(first, 2).is_superseded);
  EXPECT_FALSE(load_of(first).is_superseded);
}

TEST_F(SourceLedgerTest, EndsOfSourcesAreKeptAndAFailureBeforeIsForgotten) {
  const std::uint64_t load_id = begin("ours", claims({"a", "b", "c"})).value();
  fail(load_id, "ours", 3, "It's \\ \"bad\".");
  EXPECT_EQ(states_of(load_id), "1 waiting; 2 waiting; 3 failed");
  EXPECT_EQ(source_of(load_id, 3).why, "It's \\ \"bad\".");
  SourceEnd pipe = end_of(1, 2, 20);
  pipe.stamp.clear();
  for (int time = 0; time < 2; ++time) end(load_id, "ours", {pipe, end_of(3, 4, 40)});
  EXPECT_EQ(states_of(load_id), "1 done; 2 waiting; 3 done");
  EXPECT_EQ(value_read_back("SELECT stamp FROM chatload_sources WHERE source = 1"), "NULL");
  EXPECT_EQ(value_read_back("SELECT why FROM chatload_sources WHERE source = 3"), "NULL");
  EXPECT_EQ(value_read_back("SELECT CONCAT_WS(' ', stamp, digest, bytes, ranges, `lines`) FROM chatload_sources"
                            " WHERE source = 3"),
            "read 3 digest 3 300 4 40");
  EXPECT_EQ(source_of(load_id, 3).stamp, "read 3");
  EXPECT_EQ(source_of(load_id, 3).digest, "digest 3");
  EXPECT_EQ(source_bytes(admin(), load_id), 400U);
}

TEST_F(SourceLedgerTest, OnlyTheOwnerChangesTheSourcesOfALoad) {
  const std::uint64_t load_id = begin("ours", claims({"a", "b"})).value();
  const std::uint64_t other = begin("theirs", claims({"c", "d"})).value();
  end(load_id, "ours", {end_of(2, 1, 10)});
  const std::string before = states_of(load_id) + sums_of(load_id);
  end(load_id, "theirs", {end_of(1, 1, 10)});
  fail(load_id, "theirs", 1);
  release(admin(), load_id, "theirs", std::vector<SourceFailure>{{SourceOrdinal(1), "gone"}});
  reopen_incomplete(admin(), load_id, "theirs");
  sum_up(admin(), load_id, "theirs");
  EXPECT_EQ(states_of(load_id) + sums_of(load_id), before);
  EXPECT_EQ(states_of(other), "1 waiting; 2 waiting") << "nor are those of another load";
  ASSERT_TRUE(disown(admin(), load_of(load_id)));
  end(load_id, "ours", {end_of(1, 1, 10)});
  EXPECT_EQ(states_of(load_id) + sums_of(load_id), before) << "it was ours";
}

TEST_F(SourceLedgerTest, TwelveHundredSourcesAtOnce) {
  constexpr std::uint64_t kSources = 1'200;
  std::vector<SourceClaim> sources;
  for (std::uint64_t i = 1; i <= kSources; ++i) {
    SourceClaim& source = sources.emplace_back(claim("key " + std::to_string(i)));
    source.name = std::string(1'000, 'x') + "'\\\xC3\xA4 " + std::to_string(i);
    source.name_digest = digest_hex(source.name);
  }
  const std::uint64_t load_id = begin("ours", sources).value();
  EXPECT_EQ(begin("theirs", {claim("free"), claim("key 1200")}), std::nullopt);
  const auto of_load = sources_of(load_id);
  ASSERT_THAT(of_load, SizeIs(kSources));
  for (std::uint64_t i = 1; i <= kSources; ++i) {
    ASSERT_EQ(of_load[i - 1].source, SourceOrdinal(i));
    ASSERT_EQ(of_load[i - 1].name, sources[i - 1].name);
  }
  std::vector<std::string> keys;
  std::vector<std::string> names;
  for (std::uint64_t i = 0; i < kSourcesAtOnce; ++i) {
    keys.push_back(sources[i].key);
    names.push_back(sources[i].name_digest);
  }
  EXPECT_THAT(find_by_keys(admin(), kTable, keys), SizeIs(kSourcesAtOnce));
  EXPECT_THAT(find_by_names(admin(), kTable, names), SizeIs(kSourcesAtOnce));

  std::vector<SourceEnd> ends;
  std::vector<SourceFailure> failures;
  for (std::uint64_t i = 1; i <= kSources; ++i) {
    if (i % 3 != 0) {
      ends.push_back(end_of(i, 0, i));
    } else {
      failures.push_back({SourceOrdinal(i), "Why " + std::to_string(i)});
    }
  }
  end(load_id, "ours", ends);
  record_failures(admin(), load_id, "ours", failures);
  EXPECT_EQ(value_read_back("SELECT COUNT(*) FROM chatload_sources WHERE state = 'done' AND MOD(source, 3) <> 0"
                            " AND digest = CONCAT('digest ', source) AND stamp = CONCAT('read ', source)"
                            " AND bytes = 100 * source AND ranges = 0 AND `lines` = source"),
            "800");
  EXPECT_EQ(value_read_back("SELECT COUNT(*) FROM chatload_sources WHERE state = 'failed' AND MOD(source, 3) = 0"
                            " AND why = CONCAT('Why ', source)"),
            "400");
  EXPECT_EQ(count_incomplete(admin(), load_id), 400U);
}

TEST_F(SourceLedgerTest, SourcesThatAreReadAndLackRangesAreToBeReadAgain) {
  const std::uint64_t load_id = begin("ours", claims({"a", "b", "c", "d", "e"})).value();
  end(load_id, "ours", {end_of(1, 2), end_of(2, 2), end_of(3, 1), end_of(4, 0)});
  add_range(load_id, 1, 0);
  add_range(load_id, 1, 1);
  add_range(load_id, 2, 1);
  add_range(load_id, 0, 0);      // a stretch is no range of a source
  add_range(load_id + 1, 3, 0);  // of another load
  EXPECT_EQ(count_incomplete(admin(), load_id), 3U);
  for (int time = 0; time < 2; ++time) reopen_incomplete(admin(), load_id, "ours");
  EXPECT_EQ(states_of(load_id), "1 done; 2 waiting; 3 waiting; 4 done; 5 waiting");
  EXPECT_EQ(count_incomplete(admin(), load_id), 3U);
}

TEST_F(SourceLedgerTest, WhatIsReleasedOrPutAsideIsNotMissing) {
  const std::uint64_t load_id = begin("ours", claims({"a", "b", "c", "d"})).value();
  const std::uint64_t by = begin("by", {claim("c", 2)}).value();
  EXPECT_EQ(count_incomplete(admin(), load_id), 4U);
  end(load_id, "ours", {end_of(1, 0)});
  EXPECT_EQ(count_incomplete(admin(), load_id), 3U);
  release(admin(), load_id, "ours", std::vector<SourceFailure>{{SourceOrdinal(2), "gone"}});
  EXPECT_EQ(count_incomplete(admin(), load_id), 2U);
  supersede(admin(), by, {load_id, {SourceOrdinal(3)}, false});
  EXPECT_EQ(count_incomplete(admin(), load_id), 1U);
  fail(load_id, "ours", 4);
  EXPECT_EQ(count_incomplete(admin(), load_id), 1U);
}

TEST_F(SourceLedgerTest, SumsOfALoadInFileOrderAreThoseOfItsRanges) {
  const std::uint64_t load_id = begin("ours", claims({"a", "b", "c", "d"})).value();
  const LineCounts counts{
      .lines = 21, .inserted = 6, .updated = 5, .duplicate = 4, .filtered = 3, .rejected = 2, .blank = 1};
  add_range(load_id, 1, 0, counts);
  add_range(load_id, 1, 1, counts);
  add_range(load_id, 2, 0, counts);
  for (const std::uint64_t line : {1U, 2U, 22U, 23U}) add_reject(load_id, 1, line, "too_long");
  for (const std::uint64_t line : {1U, 2U}) add_reject(load_id, 2, line, "refused_by_server");
  add_range(load_id + 1, 1, 0, counts);
  add_reject(load_id + 1, 1, 1, "too_long");
  end(load_id, "ours", {end_of(1, 2, 42), end_of(3, 0, 0)});
  fail(load_id, "ours", 2);
  release(admin(), load_id, "ours", std::vector<SourceFailure>{{SourceOrdinal(4), "gone"}});
  for (int time = 0; time < 2; ++time) {
    sum_up(admin(), load_id, "ours");
    EXPECT_EQ(sums_of(load_id), "1: 42 30 6 4 2 12 10 8; 2: 21 15 3 2 1 6 5 4; 3: 0 0 0 0 0 0 0 0; 4: - - - - - - - -");
  }
  const SourceLines lines = source_of(load_id, 1).lines.value();
  EXPECT_EQ(lines.lines, 42U);
  EXPECT_EQ(lines.valid, 30U);
  EXPECT_EQ(lines.filtered, 6U);
  EXPECT_EQ(lines.rejected, 4U);
  EXPECT_EQ(lines.blank, 2U);
  EXPECT_EQ(lines.inserted, 12U);
  EXPECT_EQ(lines.updated, 10U);
  EXPECT_EQ(lines.duplicate, 8U);
}

// A range has the lines that make no row, a stretch the others; what the server refused is the source's, too.
TEST_F(SourceLedgerTest, SumsOfALoadInKeyOrderHaveValidLinesAndThoseThatTheServerRefused) {
  const std::uint64_t load_id = begin_sorted("ours", claims({"a", "b", "c"}));
  const LineCounts no_rows{
      .lines = 6, .inserted = 0, .updated = 0, .duplicate = 0, .filtered = 3, .rejected = 2, .blank = 1};
  add_range(load_id, 1, 0, no_rows);
  add_range(load_id, 2, 0, no_rows);
  for (const std::uint64_t source : {1U, 2U}) {
    for (const std::uint64_t line : {1U, 2U}) add_reject(load_id, source, line, "too_long");
  }
  add_range(load_id, 0, 0,
            {.lines = 30, .inserted = 20, .updated = 0, .duplicate = 7, .filtered = 0, .rejected = 3, .blank = 0});
  for (const std::uint64_t line : {9U, 10U, 11U}) add_reject(load_id, 2, line, "refused_by_server", "NULL");
  release(admin(), load_id, "ours", std::vector<SourceFailure>{{SourceOrdinal(3), "damaged"}});
  end(load_id, "ours", {end_of(1, 1, 16), end_of(2, 1, 26)});
  for (int time = 0; time < 2; ++time) {
    sum_up(admin(), load_id, "ours");
    EXPECT_EQ(sums_of(load_id), "1: 16 10 3 2 1 - - -; 2: 26 17 3 5 1 - - -; 3: - - - - - - - -");
  }
  const SourceLines lines = source_of(load_id, 2).lines.value();
  EXPECT_EQ(lines.lines, lines.valid + lines.filtered + lines.rejected + lines.blank);
  EXPECT_EQ(lines.inserted, std::nullopt);
  const LoadTotals totals = read_totals(admin(), load_id);
  EXPECT_EQ(totals.counts.lines, 42U) << "those of its sources";
  EXPECT_EQ(totals.counts.rejected, 7U);
}

TEST_F(SourceLedgerTest, FreezingReleasesWhatFailedAndFixesTheOthers) {
  const std::uint64_t load_id = begin_sorted("ours", claims({"a", "b", "c"}));
  const std::vector<SourceFailure> failed{{SourceOrdinal(2), "damaged"}};
  EXPECT_FALSE(load_of(load_id).is_frozen);
  freeze(admin(), load_id, "ours", failed);
  EXPECT_TRUE(load_of(load_id).is_frozen);
  EXPECT_EQ(states_of(load_id), "1 waiting; 2 released; 3 waiting");
  EXPECT_EQ(source_of(load_id, 2).why, "damaged");
  const std::string frozen_at = value_read_back("SELECT frozen_at FROM chatload_loads");
  EXPECT_NO_THROW(freeze(admin(), load_id, "ours", failed)) << "after a lost reply";
  EXPECT_EQ(value_read_back("SELECT frozen_at FROM chatload_loads"), frozen_at);
}

TEST_F(SourceLedgerTest, RunThatWasOvertakenFreezesNothing) {
  const std::uint64_t load_id = begin_sorted("ours", claims({"a", "b"}));
  ASSERT_TRUE(take_over(admin(), load_of(load_id), runner("theirs")));
  EXPECT_THROW(freeze(admin(), load_id, "ours", std::vector<SourceFailure>{{SourceOrdinal(2), "damaged"}}), LoadError);
  EXPECT_FALSE(load_of(load_id).is_frozen);
  EXPECT_EQ(states_of(load_id), "1 waiting; 2 waiting");
  mysql::Session other = connect();
  EXPECT_TRUE(take_over(other, load_of(other, load_id), runner("another"))) << "nothing was left locked";
}

class PartialSourcesTest : public SourceLedgerTest {
 protected:
  [[nodiscard]] static SourceClaim named(const std::string& key, const std::string& name) {
    SourceClaim source = claim(key);
    source.name = name;
    source.name_digest = digest_hex(name);
    return source;
  }
  // Those that the load of these finds, "load.source " each.
  [[nodiscard]] std::string partial(std::uint64_t load_id) {
    std::string text;
    for (const SourceRecord& source : find_partial_sources(admin(), kTable, load_id)) {
      text += std::to_string(source.load_id) + "." + std::to_string(source.source.value()) + " ";
    }
    return text;
  }
  [[nodiscard]] static std::string text_of(std::uint64_t load_id, std::uint64_t source) {
    return std::to_string(load_id) + "." + std::to_string(source) + " ";
  }
};

TEST_F(PartialSourcesTest, AreThoseOfAFileThatIsReadNowThatHaveCommittedSomething) {
  const std::uint64_t before =
      begin("before", {named("file:1", "log"), named("file:2", "log"), named("file:3", "other")}).value();
  add_range(before, 1, 0);  // the second one has none
  add_range(before, 3, 0);
  const std::uint64_t now = begin("now", {named("file:4", "log")}).value();
  EXPECT_EQ(partial(now), "") << "it is not read to its end";
  end(now, "now", {end_of(1, 0)});
  EXPECT_EQ(partial(now), text_of(before, 1));
  fail(before, "before", 1);
  EXPECT_EQ(partial(now), text_of(before, 1));
  release(admin(), before, "before", std::vector<SourceFailure>{{SourceOrdinal(1), "gone"}});
  EXPECT_EQ(partial(now), text_of(before, 1)) << "a released one is loaded now, too";
  end(before, "before", {end_of(1, 1)});
  EXPECT_EQ(partial(now), "") << "it is whole itself";
}

TEST_F(PartialSourcesTest, AreNotThoseThatAreSupersededOrOfAnotherTable) {
  const std::uint64_t before = begin("before", {named("file:1", "log"), named("file:2", "log")}).value();
  add_range(before, 1, 0);
  add_range(before, 2, 0);
  setup_.table = "other_table";
  const std::uint64_t elsewhere = begin("elsewhere", {named("file:1", "log")}).value();
  setup_.table = kTable;
  add_range(elsewhere, 1, 0);
  const std::uint64_t now = begin("now", {named("file:4", "log")}).value();
  end(now, "now", {end_of(1, 0)});
  EXPECT_EQ(partial(now), text_of(before, 1) + text_of(before, 2));
  supersede(admin(), now, {before, {SourceOrdinal(1)}, false});
  EXPECT_EQ(partial(now), text_of(before, 2));
}

TEST_F(PartialSourcesTest, IncludeEmptyFilesAndInputsThatCouldNotBeReadButNoneOfASourceId) {
  SourceClaim empty = named("file:1", "log");
  empty.bytes = 0;
  SourceClaim missing = named("name:1", "log");
  missing.bytes.reset();
  missing.why = "there is no such file";
  SourceClaim of_id = named("id:1", "log");
  const std::uint64_t before = begin("before", {empty, missing, of_id, named("run:1", "log")}).value();
  add_range(before, 3, 0);
  add_range(before, 4, 0);
  const std::uint64_t now = begin("now", {named("file:4", "log")}).value();
  end(now, "now", {end_of(1, 0)});
  EXPECT_EQ(partial(now), text_of(before, 1) + text_of(before, 2));
}

TEST_F(PartialSourcesTest, AreOfTheSameNameByteForByte) {
  const std::uint64_t before =
      begin("before", {named("file:1", "LOG"), named("file:2", "log "), named("file:3", "l\xC3\xB6g")}).value();
  for (const std::uint64_t source : {1U, 2U, 3U}) add_range(before, source, 0);
  const std::uint64_t now = begin("now", {named("file:4", "log"), named("file:5", "l\xC3\xB6g")}).value();
  end(now, "now", {end_of(1, 0)});
  EXPECT_EQ(partial(now), "");
  end(now, "now", {end_of(2, 0)});
  EXPECT_EQ(partial(now), text_of(before, 3));
}

TEST_F(SourceLedgerTest, SourceThatIsFoundAgainHasItsNewNameAndStamp) {
  const std::uint64_t load_id = begin("ours", claims({"a", "b"})).value();
  SourceRecord source = source_of(load_id, 2);
  source.name = "moved/b.json.gz";
  source.name_digest = digest_hex(source.name);
  source.stamp = "touched";
  record_place(admin(), source);
  EXPECT_EQ(find_by_names(admin(), kTable, std::vector<std::string>{source.name_digest}).at(0).stamp, "touched");
  EXPECT_EQ(source_of(load_id, 2).name, "moved/b.json.gz");
  EXPECT_EQ(source_of(load_id, 1).name, "a.json.gz");
  record_stamp(admin(), load_id, SourceOrdinal(1), "again");
  EXPECT_EQ(source_of(load_id, 1).stamp, "again");
  EXPECT_EQ(source_of(load_id, 2).stamp, "touched");
}

TEST_F(SourceLedgerTest, StatesHaveTheirNames) {
  EXPECT_EQ(to_string(SourceState::kWaiting), "waiting");
  EXPECT_EQ(to_string(SourceState::kDone), "done");
  EXPECT_EQ(to_string(SourceState::kFailed), "failed");
  EXPECT_EQ(to_string(SourceState::kReleased), "released");
}

}  // namespace
}  // namespace chatload::ledger
