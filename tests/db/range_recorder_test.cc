#include "ledger/range_recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "db/ledger_fixture.h"
#include "mapping/mapping_file.h"
#include "spill/range_journal.h"

namespace chatload::ledger {
namespace {

using testing::HasSubstr;

constexpr std::size_t kStatementBytes = kMiB;
// Of each range of the tests: two lines are rejected, one of them for its field `type`.
constexpr parse::ParseCounts kParseCounts{
    .lines = 10, .valid = 5, .filtered = 2, .blank = 1, .rejected_by_reason = {1, 0, 0, 1}};

class RangeRecorderTest : public LedgerTest {
 protected:
  void SetUp() override {
    LedgerTest::SetUp();
    load_id_ = begin("ours", claims({"a", "b", "c"})).value();
    ledger_.emplace(load_id_, "ours");
    committed_.emplace(admin(), load_id_);
  }

  // Ranges from `first` to `last`, of whose lines the rejected ones have that text.
  [[nodiscard]] static std::unique_ptr<spill::RangeJournal> journal(std::uint64_t first, std::uint64_t last,
                                                                    bool is_recorded = false,
                                                                    const std::string& raw = "raw \x01 line") {
    auto journal = std::make_unique<spill::RangeJournal>(std::filesystem::temp_directory_path());
    add_source(*journal, 1, first, last, is_recorded, raw);
    journal->finish();
    return journal;
  }
  static void add_source(spill::RangeJournal& journal, std::uint64_t source, std::uint64_t first, std::uint64_t last,
                         bool is_recorded = false, const std::string& raw = "raw \x01 line") {
    for (std::uint64_t number = first; number <= last; ++number) {
      spill::RangeEntry range{.key = {SourceOrdinal(source), RangeNumber(number)},
                              .begin = ByteOffset(1000 * number),
                              .length_bytes = 1000,
                              .digest = {},
                              .compressed_end = 100 * (number + 1),
                              .first_line = LineNumber(1 + 10 * number),
                              .counts = kParseCounts,
                              .is_recorded = is_recorded};
      range.digest.fill('d');
      journal.add(range, [&](const auto& visit) {
        visit(reject(range, 3, parse::RejectReason::kInvalidJson, parse::kNoField, raw));
        visit(reject(range, 7, parse::RejectReason::kMissingField, kType, raw));
      });
    }
  }

  [[nodiscard]] RecordedRanges record(const std::unique_ptr<spill::RangeJournal>& journal, mysql::Session& session,
                                      const std::set<SourceOrdinal>& left_out = {}) {
    RangeRecorder recorder(mapping_, *ledger_, *committed_, kStatementBytes, left_out, stop_);
    RecordedRanges all;
    for (const spill::Run& group : journal->groups()) {
      const RecordedRanges recorded = recorder.record(session, group);
      all.counts += recorded.counts;
      all.bytes_decompressed += recorded.bytes_decompressed;
      all.ranges += recorded.ranges;
    }
    return all;
  }
  [[nodiscard]] RecordedRanges record(const std::unique_ptr<spill::RangeJournal>& journal) {
    return record(journal, admin());
  }

  [[nodiscard]] std::string ranges() { return value_read_back("SELECT COUNT(*) FROM chatload_ranges"); }
  [[nodiscard]] std::string rejects() { return value_read_back("SELECT COUNT(*) FROM chatload_rejects"); }

  static void expect_recorded(const RecordedRanges& recorded, std::uint64_t ranges) {
    EXPECT_EQ(recorded.counts.lines, 5 * ranges);
    EXPECT_EQ(recorded.counts.valid, 0U);
    EXPECT_EQ(recorded.counts.filtered, 2 * ranges);
    EXPECT_EQ(recorded.counts.blank, ranges);
    EXPECT_EQ(recorded.counts.rejected(), 2 * ranges);
    EXPECT_EQ(recorded.bytes_decompressed, 1000 * ranges);
    EXPECT_EQ(recorded.ranges, ranges);
  }

  static constexpr std::uint8_t kType = 2;
  StopSignal stop_;
  mapping::Mapping mapping_ = mapping::chat_mapping();
  std::uint64_t load_id_ = 0;
  std::optional<RangeLedger> ledger_;
  std::optional<CommittedRanges> committed_;

 private:
  [[nodiscard]] static parse::RawReject reject(const spill::RangeEntry& range, std::uint64_t line,
                                               parse::RejectReason reason, std::uint8_t field, const std::string& raw) {
    parse::RawReject reject{
        range.key.source, range.first_line + line, range.begin + 100 * line, reason, field, {}, 0, raw};
    if (reason == parse::RejectReason::kInvalidJson) reject.fault = {parse::LineFaultKind::kNul, 6};
    return reject;
  }
};

TEST_F(RangeRecorderTest, RecordsRangesWithoutTheirValidLinesAndAllTheirRejects) {
  expect_recorded(record(journal(0, 2)), 3);
  EXPECT_EQ(value_read_back(
                "SELECT GROUP_CONCAT(CONCAT_WS(' ', range_number, begin_byte, length_bytes, digest, compressed_end,"
                " first_line, `lines`, inserted, updated, duplicate, filtered, rejected, blank)"
                " ORDER BY range_number SEPARATOR '; ') FROM chatload_ranges"),
            "0 0 1000 dddddddddddddddddddddddddddddddd 100 1 5 0 0 0 2 2 1; "
            "1 1000 1000 dddddddddddddddddddddddddddddddd 200 11 5 0 0 0 2 2 1; "
            "2 2000 1000 dddddddddddddddddddddddddddddddd 300 21 5 0 0 0 2 2 1");
  EXPECT_EQ(value_read_back("SELECT GROUP_CONCAT(CONCAT_WS(' ', line, byte_offset, reason, IFNULL(field, '-'),"
                            " IFNULL(detail, '-'), HEX(raw))"
                            " ORDER BY line SEPARATOR '; ') FROM chatload_rejects WHERE line < 20"),
            "4 300 invalid_json - NUL at column 7 7261772001206C696E65; 8 700 missing_field " +
                mapping_.columns[kType].name +
                " - 7261772001206C696E65; 14 1300 invalid_json - NUL at column 7 7261772001206C696E65; 18 1700 "
                "missing_field " +
                mapping_.columns[kType].name + " - 7261772001206C696E65");
  EXPECT_EQ(committed_->count(SourceOrdinal(1)), 3U);
}

TEST_F(RangeRecorderTest, AGroupWhoseCommitWasNotHeardOfIsRecordedOnceAndCountsAsRecorded) {
  const auto three = journal(0, 2);
  static_cast<void>(record(three));
  expect_recorded(record(three), 3);
  EXPECT_EQ(ranges(), "3");
  EXPECT_EQ(rejects(), "6");
}

TEST_F(RangeRecorderTest, WaitsForALostTransactionOfOursAndGoesByHowThatEnds) {
  for (const auto& [end, first] : {std::pair("COMMIT", 0U), std::pair("ROLLBACK", 10U)}) {
    mysql::Session lost = connect();
    lost.execute("START TRANSACTION");
    std::vector<RangeRow> rows;
    for (std::uint64_t number = first; number <= first + 1; ++number) {
      rows.push_back({.key = {SourceOrdinal(1), RangeNumber(number)},
                      .compressed_end = 0,
                      .record = {.begin = ByteOffset(1000 * number),
                                 .length_bytes = 1000,
                                 .digest = std::string(32, 'd'),
                                 .first_line = LineNumber(1 + 10 * number),
                                 .counts = {.lines = 5, .filtered = 2, .rejected = 2, .blank = 1}}});
    }
    ASSERT_TRUE(ledger_->claim(lost, rows, kStatementBytes));
    std::future<void> second = std::async([this, first = first] {
      const mysql::ClientThread client_thread;
      mysql::Session session = connect();
      expect_recorded(record(journal(first, first + 1), session), 2);
    });
    EXPECT_TRUE(sees_lock_wait());
    lost.execute(end);
    second.get();
  }
  EXPECT_EQ(ranges(), "4");
  EXPECT_EQ(rejects(), "4") << "those of the first two were the lost transaction's";
}

TEST_F(RangeRecorderTest, IsNotHeldUpByAnotherLoadThatRecordsItsRanges) {
  const std::uint64_t next_load = begin("ours too", claims({"other"})).value();
  mysql::Session other = connect();
  other.execute("START TRANSACTION");
  RangeRow range{.key = {SourceOrdinal(1), RangeNumber(0)}, .compressed_end = 0, .record = {}};
  range.record.digest = std::string(32, 'd');
  const RangeLedger next_ledger(next_load, "ours too");
  next_ledger.hold(other, kControlSlot);
  ASSERT_TRUE(next_ledger.claim(other, {&range, 1}, kMiB));
  admin().execute("SET SESSION innodb_lock_wait_timeout = 1");
  expect_recorded(record(journal(0, 2)), 3);
  expect_recorded(record(journal(0, 2, /*is_recorded=*/true)), 0);
  other.execute("ROLLBACK");
}

TEST_F(RangeRecorderTest, RangesThatAnEarlierRunRecordedAreComparedAndNotCounted) {
  static_cast<void>(record(journal(0, 2)));
  expect_recorded(record(journal(0, 2, /*is_recorded=*/true)), 0);
  EXPECT_EQ(rejects(), "6");
  admin().execute("UPDATE chatload_ranges SET digest = REPEAT('e', 32) WHERE range_number = 1");
  const auto changed =
      failure_of<SourceError>([this] { static_cast<void>(record(journal(0, 4, /*is_recorded=*/true))); });
  ASSERT_TRUE(changed);
  EXPECT_THAT(changed->what(), HasSubstr("1000 bytes from line 11 on"));
  EXPECT_EQ(ranges(), "3");
}

TEST_F(RangeRecorderTest, ARangeThatTheServerHasLostEndsTheRun) {
  const auto lost = failure_of<LoadError>([this] { static_cast<void>(record(journal(7, 8, /*is_recorded=*/true))); });
  ASSERT_TRUE(lost);
  EXPECT_THAT(lost->what(), HasSubstr("the lines 71 to 80"));
}

TEST_F(RangeRecorderTest, ARunThatWasOvertakenRecordsNothingAndLeavesNothingOpen) {
  ASSERT_TRUE(take_over(admin(), load_of(load_id_), runner("theirs")));
  const auto failure = failure_of<LoadError>([this] { static_cast<void>(record(journal(0, 2))); });
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->what(), HasSubstr("host of theirs"));
  mysql::Session other = connect();
  EXPECT_EQ(value_read_back("SELECT COUNT(*) FROM chatload_ranges"), "0");
  ASSERT_TRUE(take_over(other, load_of(other, load_id_), runner("ours again")));
}

TEST_F(RangeRecorderTest, WhatFailsInTheMidstOfAGroupLeavesNothingOfIt) {
  add_reject(load_id_, 1, 24, "x");
  EXPECT_THROW(static_cast<void>(record(journal(0, 2))), LoadError);
  admin().execute("START TRANSACTION");  // which would commit what was left open
  EXPECT_EQ(ranges(), "0");
  EXPECT_EQ(rejects(), "1");
}

TEST_F(RangeRecorderTest, ManyRangesAndRejectsGoInSeveralStatements) {
  expect_recorded(record(journal(0, 9'999, false, std::string(400, 'x'))), 10'000);
  EXPECT_EQ(ranges(), "10000");
  EXPECT_EQ(rejects(), "20000");
}

TEST_F(RangeRecorderTest, RangesOfSeveralSourcesAreRecordedEachWithTheRejectsOfItsOwn) {
  auto journal = std::make_unique<spill::RangeJournal>(std::filesystem::temp_directory_path());
  add_source(*journal, 1, 0, 1);
  add_source(*journal, 3, 0, 0);
  journal->finish();
  expect_recorded(record(journal), 3);
  EXPECT_EQ(value_read_back("SELECT GROUP_CONCAT(CONCAT_WS(' ', source, range_number, kind, first_line)"
                            " ORDER BY source, range_number SEPARATOR '; ') FROM chatload_ranges"),
            "1 0 range 1; 1 1 range 11; 3 0 range 1");
  EXPECT_EQ(value_read_back("SELECT GROUP_CONCAT(CONCAT_WS(' ', source, line, byte_offset)"
                            " ORDER BY source, line SEPARATOR '; ') FROM chatload_rejects"),
            "1 4 300; 1 8 700; 1 14 1300; 1 18 1700; 3 4 300; 3 8 700");
  EXPECT_EQ(committed_->count(SourceOrdinal(1)), 2U);
  EXPECT_EQ(committed_->count(SourceOrdinal(3)), 1U);
}

TEST_F(RangeRecorderTest, SourceThatIsLeftOutLeavesNothing) {
  auto journal = std::make_unique<spill::RangeJournal>(std::filesystem::temp_directory_path());
  add_source(*journal, 1, 0, 1);
  add_source(*journal, 2, 0, 4);
  add_source(*journal, 3, 0, 0);
  journal->finish();
  expect_recorded(record(journal, admin(), {SourceOrdinal(2)}), 3);
  EXPECT_EQ(value_read_back("SELECT COUNT(*) FROM chatload_ranges WHERE source = 2"), "0");
  EXPECT_EQ(value_read_back("SELECT COUNT(*) FROM chatload_rejects WHERE source = 2"), "0");
  EXPECT_EQ(ranges(), "3");
  EXPECT_EQ(rejects(), "6");
  EXPECT_EQ(committed_->count(SourceOrdinal(2)), 0U);
}

TEST_F(RangeRecorderTest, GroupOfNothingButWhatIsLeftOutRecordsNothing) {
  auto journal = std::make_unique<spill::RangeJournal>(std::filesystem::temp_directory_path());
  add_source(*journal, 2, 0, 9);
  journal->finish();
  expect_recorded(record(journal, admin(), {SourceOrdinal(2)}), 0);
  EXPECT_EQ(ranges(), "0");
  EXPECT_EQ(rejects(), "0");
}

}  // namespace
}  // namespace chatload::ledger
