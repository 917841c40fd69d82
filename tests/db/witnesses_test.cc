#include "ledger/witnesses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/ledger_fixture.h"

namespace chatload::ledger {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class WitnessesTest : public LedgerTest {
 protected:
  void SetUp() override {
    LedgerTest::SetUp();
    load_id_ = begin("ours", claims({"a", "b", "c"})).value();
  }

  // Ranges 0, 1, … of the source, each with a witness but every seventh.
  void add_ranges(std::uint64_t source, std::uint64_t count) {
    admin().execute("START TRANSACTION");
    for (std::uint64_t number = 0; number < count; ++number) {
      const std::string witness = number % 7 == 3 ? "" : std::to_string(source) + "." + std::to_string(number);
      add_range(load_id_, source, number, {.lines = 1, .inserted = 1}, 0, witness);
      if (!witness.empty()) expected_.push_back(witness);
    }
    admin().execute("COMMIT");
  }

  [[nodiscard]] std::vector<std::string> kept(std::uint64_t load_id) {
    return traces_of_done(admin(), load_id, kTable).kept.value_or(std::vector<std::string>());
  }

  std::uint64_t load_id_ = 0;
  std::vector<std::string> expected_;
};

TEST_F(WitnessesTest, ArePagedOverTheEndsOfSourcesEachOnce) {
  for (const std::uint64_t source : {0U, 1U, 2U, 3U}) add_ranges(source, 90 * (source + 1));
  add_range(load_id_ + 1, 1, 0, {.lines = 1, .inserted = 1}, 0, "of another load");
  std::vector<std::string> read;
  std::optional<RangeKey> behind;
  std::size_t pages = 0;
  for (WitnessPage page = read_witnesses(admin(), load_id_, behind); !page.keys.empty();
       page = read_witnesses(admin(), load_id_, behind)) {
    read.insert(read.end(), page.keys.begin(), page.keys.end());
    behind = page.last_range;
    ++pages;
  }
  EXPECT_EQ(read, expected_);
  EXPECT_GT(pages, 3U);
}

TEST_F(WitnessesTest, BehindARangeComeThoseOfTheSourcesBehindFromTheirFirstOn) {
  for (const std::uint64_t source : {1U, 2U}) add_ranges(source, 3);
  const auto behind = [&](std::uint64_t source, std::uint64_t number) {
    return read_witnesses(admin(), load_id_, RangeKey{SourceOrdinal(source), RangeNumber(number)}).keys;
  };
  EXPECT_THAT(behind(1, 0), ElementsAre("1.1", "1.2", "2.0", "2.1", "2.2"));
  EXPECT_THAT(behind(1, 2), ElementsAre("2.0", "2.1", "2.2"));
  EXPECT_THAT(behind(2, 1), ElementsAre("2.2"));
  EXPECT_THAT(behind(2, 2), IsEmpty());
}

TEST_F(WitnessesTest, OfALoadThatIsDoneSomeAreKeptSpreadOverItsSources) {
  for (const std::uint64_t source : {1U, 2U, 3U}) add_ranges(source, 40);
  record_end(admin(), load_id_, "ours", {.ranges = 120, .counts = {.lines = 120, .inserted = 120}});
  keep_witnesses(admin(), load_id_, "theirs");
  EXPECT_THAT(kept(load_id_), IsEmpty());
  keep_witnesses(admin(), load_id_, "ours");
  const std::vector<std::string> keys = kept(load_id_);
  ASSERT_THAT(keys, SizeIs(kWitnessesMax));
  EXPECT_EQ(keys.front(), expected_.front());
  EXPECT_EQ(keys.back(), expected_.back());
  for (const char* source : {"1.", "2.", "3."}) {
    EXPECT_GT(std::count_if(keys.begin(), keys.end(), [&](const auto& key) { return key.starts_with(source); }), 3)
        << source;
  }
}

}  // namespace
}  // namespace chatload::ledger
