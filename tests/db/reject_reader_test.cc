#include "ledger/reject_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/errors.h"
#include "db/ledger_fixture.h"
#include "ledger/missing_raw.h"

namespace chatload::ledger {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RejectReaderTest : public LedgerTest {
 protected:
  void SetUp() override {
    LedgerTest::SetUp();
    load_id_ = begin("ours", claims({"a", "b", "c"})).value();
    other_ = begin("theirs", claims({"d"})).value();
  }

  // So many of a source, from line 1 on.
  void add_rejects(std::uint64_t source, std::uint64_t count) {
    admin().execute("START TRANSACTION");
    for (std::uint64_t line = 1; line <= count; ++line) add_reject(load_id_, source, line, "too_long", "'raw'");
    admin().execute("COMMIT");
  }

  // "source.line input raw" each.
  [[nodiscard]] std::vector<std::string> read(RejectsOf of, RejectPlace behind = {}) {
    std::vector<std::string> rejects;
    read_rejects(admin(), of, behind, [&](const StoredReject& reject) {
      EXPECT_EQ(reject.offset, ByteOffset(100 * reject.line.value()));
      rejects.push_back(std::to_string(reject.source.value()) + "." + std::to_string(reject.line.value()) + " " +
                        std::string(reject.input) + " " + std::string(reject.raw));
      return true;
    });
    return rejects;
  }
  [[nodiscard]] static RejectPlace place(std::uint64_t source, std::uint64_t line) {
    return {SourceOrdinal(source), LineNumber(line)};
  }

  std::uint64_t load_id_ = 0;
  std::uint64_t other_ = 0;
};

TEST_F(RejectReaderTest, RejectsComeInTheOrderOfTheirSourcesAndLinesWithTheNameOfTheirSource) {
  for (const std::uint64_t source : {3U, 1U, 2U}) {
    for (const std::uint64_t line : {9U, 10U}) add_reject(load_id_, source, line, "too_long", "'raw'");
  }
  add_reject(other_, 1, 9, "too_long", "'raw'");
  EXPECT_THAT(read({.load = load_id_}), ElementsAre("1.9 a.json.gz raw", "1.10 a.json.gz raw", "2.9 b.json.gz raw",
                                                    "2.10 b.json.gz raw", "3.9 c.json.gz raw", "3.10 c.json.gz raw"));
  EXPECT_THAT(read({.load = other_}), ElementsAre("1.9 d.json.gz raw"));
}

TEST_F(RejectReaderTest, OfOneSourceThoseOfTheOthersAreLeftOut) {
  for (const std::uint64_t source : {1U, 2U, 3U}) add_rejects(source, 2);
  EXPECT_THAT(read({.load = load_id_, .source = SourceOrdinal(2)}),
              ElementsAre("2.1 b.json.gz raw", "2.2 b.json.gz raw"));
  EXPECT_THAT(read({.load = load_id_, .source = SourceOrdinal(2)}, place(2, 1)), ElementsAre("2.2 b.json.gz raw"));
  EXPECT_THAT(read({.load = load_id_, .source = SourceOrdinal(2)}, place(2, 2)), IsEmpty());
  EXPECT_THAT(read({.load = load_id_, .source = SourceOrdinal(4)}), IsEmpty());
}

TEST_F(RejectReaderTest, ReadingGoesOnBehindAPlaceOverTheEndsOfSources) {
  for (const std::uint64_t source : {1U, 2U}) add_rejects(source, 2);
  EXPECT_THAT(read({.load = load_id_}, place(1, 1)),
              ElementsAre("1.2 a.json.gz raw", "2.1 b.json.gz raw", "2.2 b.json.gz raw"));
  EXPECT_THAT(read({.load = load_id_}, place(1, 2)), ElementsAre("2.1 b.json.gz raw", "2.2 b.json.gz raw"));
  EXPECT_THAT(read({.load = load_id_}, place(2, 2)), IsEmpty());
}

TEST_F(RejectReaderTest, MoreThanAPageIsReadEachOnce) {
  add_rejects(1, 1'400);
  add_rejects(2, 3);
  add_rejects(3, 700);
  const std::vector<std::string> all = read({.load = load_id_});
  ASSERT_THAT(all, SizeIs(2'103));
  EXPECT_EQ(all[1'399], "1.1400 a.json.gz raw");
  EXPECT_EQ(all[1'400], "2.1 b.json.gz raw");
  EXPECT_EQ(all.back(), "3.700 c.json.gz raw");
  EXPECT_THAT(read({.load = load_id_, .source = SourceOrdinal(1)}), SizeIs(1'400));
}

TEST_F(RejectReaderTest, VisitThatHasEnoughEndsTheReading) {
  add_rejects(1, 3);
  std::size_t visits = 0;
  read_rejects(admin(), {.load = load_id_}, {}, [&](const StoredReject&) { return ++visits < 2; });
  EXPECT_EQ(visits, 2U);
  EXPECT_EQ(value(admin(), "SELECT 1"), "1") << "the session can be used";
}

TEST_F(RejectReaderTest, TextThatIsMissingIsEmpty) {
  add_reject(load_id_, 1, 7, "refused_by_server", "NULL");
  EXPECT_THAT(read({.load = load_id_}), ElementsAre("1.7 a.json.gz "));
}

TEST_F(RejectReaderTest, ReasonThatANewerChatloadGaveIsAnError) {
  add_reject(load_id_, 1, 7, "not_known_yet");
  EXPECT_THROW((void)read({.load = load_id_}), DatabaseError);
}

class MissingRawTest : public RejectReaderTest {
 protected:
  [[nodiscard]] std::vector<std::string> missing(std::uint64_t source, std::uint64_t line) {
    std::vector<std::string> places;
    for (const MissingRaw& one : find_missing_raw(admin(), load_id_, SourceOrdinal(source), LineNumber(line))) {
      EXPECT_EQ(one.offset, ByteOffset(100 * one.line.value()));
      places.push_back(std::to_string(one.source.value()) + "." + std::to_string(one.line.value()));
    }
    return places;
  }
};

TEST_F(MissingRawTest, LinesThatMissTheirTextAreFoundOverTheEndsOfSources) {
  for (const std::uint64_t source : {2U, 1U}) {
    for (const std::uint64_t line : {5U, 12U}) add_reject(load_id_, source, line, "refused_by_server", "NULL");
  }
  add_reject(load_id_, 1, 6, "refused_by_server", "''");  // an empty line is a text
  add_reject(load_id_, 1, 7, "too_long", "'raw'");
  add_reject(other_, 1, 8, "refused_by_server", "NULL");
  EXPECT_THAT(missing(0, 0), ElementsAre("1.5", "1.12", "2.5", "2.12"));
  EXPECT_THAT(missing(1, 5), ElementsAre("1.12", "2.5", "2.12"));
  EXPECT_THAT(missing(1, 12), ElementsAre("2.5", "2.12"));
  EXPECT_THAT(missing(2, 12), IsEmpty());
}

TEST_F(MissingRawTest, TextsAreFilledInEachAtItsSourceAndLine) {
  for (const std::uint64_t source : {1U, 2U}) {
    for (const std::uint64_t line : {5U, 6U}) add_reject(load_id_, source, line, "refused_by_server", "NULL");
  }
  add_reject(other_, 1, 5, "refused_by_server", "NULL");
  fill_raw(
      admin(), load_id_,
      std::vector<FoundRaw>{{SourceOrdinal(1), LineNumber(6), "one \xff\\'"}, {SourceOrdinal(2), LineNumber(5), ""}});
  EXPECT_THAT(missing(0, 0), ElementsAre("1.5", "2.6"));
  EXPECT_EQ(value_read_back("SELECT HEX(raw) FROM chatload_rejects WHERE source = 1 AND line = 6"), "6F6E6520FF5C27");
  EXPECT_EQ(value_read_back("SELECT HEX(raw) FROM chatload_rejects WHERE source = 2 AND line = 5"), "");
  EXPECT_EQ(value_read_back("SELECT raw FROM chatload_rejects WHERE load_id = " + std::to_string(other_)), "NULL");
}

TEST_F(MissingRawTest, ManyAreFoundInTurns) {
  admin().execute("START TRANSACTION");
  for (std::uint64_t line = 1; line <= 600; ++line) {
    for (const std::uint64_t source : {1U, 2U}) add_reject(load_id_, source, line, "refused_by_server", "NULL");
  }
  admin().execute("COMMIT");
  const auto first = missing(0, 0);
  ASSERT_THAT(first, SizeIs(kMissingRawAtOnce));
  EXPECT_EQ(first.back(), "2.400");
  EXPECT_THAT(missing(2, 400), SizeIs(200));
}

}  // namespace
}  // namespace chatload::ledger
