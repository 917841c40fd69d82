#include "spill/spill_store.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "unit/scratch_folder.h"
#include "unit/spill/spill_rows.h"

namespace chatload::spill {
namespace {

constexpr std::size_t kBufferBytes = 2 * kMiB;
constexpr SpillLimits kLimits{.buffer_bytes = kBufferBytes, .merge_bytes = 64 * kMiB, .cursors_max = 1};

class SpillStoreTest : public testing::Test {
 protected:
  // The rows of every stretch, one behind the other.
  static std::vector<SpillRow> read_stretches(const SpillStore& store, const std::vector<std::string>& bounds) {
    std::vector<SpillRow> all;
    for (std::size_t stretch = 0; stretch <= bounds.size(); ++stretch) {
      MergeCursor cursor(store, stretch == 0 ? "" : bounds[stretch - 1],
                         stretch == bounds.size() ? std::nullopt : std::optional(bounds[stretch]));
      for (SpillRow& row : read_all(cursor)) all.push_back(std::move(row));
    }
    return all;
  }

  ScratchFolder folder_;
};

TEST_F(SpillStoreTest, GivesAllRowsBackInOrderForAnySizeOfBuffer) {
  const SpillRows rows = random_rows(20'000);
  const std::vector<SpillRow> sorted = rows.sorted();
  for (const std::size_t buffer_bytes : {300 * kKiB, 777 * kKiB, 4 * kMiB, 64 * kMiB}) {
    SpillStore store(folder_.path(), spill_mapping(), {buffer_bytes, 64 * kMiB, 1});
    RunBuilder builder(store);
    rows.add_all(builder);
    EXPECT_EQ(store.rows(), rows.rows.size());
    EXPECT_TRUE(read_all(store) == sorted) << buffer_bytes;
  }
}

TEST_F(SpillStoreTest, EmptyStoreHasNoRowsAndNoBounds) {
  SpillStore store(folder_.path(), spill_mapping(), kLimits);
  RunBuilder builder(store);
  builder.finish();
  store.merge_down();
  EXPECT_EQ(store.rows(), 0U);
  EXPECT_EQ(store.bytes_on_disk(), 0U);
  EXPECT_TRUE(store.bounds(1).empty());
  EXPECT_TRUE(read_all(store).empty());
}

TEST_F(SpillStoreTest, RangesThatComeOutOfOrderThroughManyBuildersEndInTheSameOrder) {
  const SpillRows rows = random_rows(20'000, 2, 500);
  SpillStore store(folder_.path(), spill_mapping(), {600 * kKiB, 64 * kMiB, 1});
  std::vector<std::thread> parsers;
  constexpr std::uint64_t kParsers = 4;
  for (std::uint64_t parser = 0; parser < kParsers; ++parser) {
    parsers.emplace_back([&, parser] {
      RunBuilder builder(store);
      for (std::uint64_t range = rows.ranges(); range-- > 0;) {
        if (range % kParsers == parser) rows.add_range(range, builder);
      }
      builder.finish();
    });
  }
  for (std::thread& parser : parsers) parser.join();
  EXPECT_TRUE(read_all(store) == rows.sorted());
}

TEST_F(SpillStoreTest, StretchesOneBehindTheOtherAreTheWhole) {
  const SpillRows rows = random_rows(30'000, 3);
  SpillStore store(folder_.path(), spill_mapping(), {700 * kKiB, 64 * kMiB, 1});
  RunBuilder builder(store);
  rows.add_all(builder);
  const std::vector<std::string> bounds = store.bounds(2000);
  EXPECT_GT(bounds.size(), 8U);
  EXPECT_LT(bounds.size(), 16U);
  EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
  EXPECT_EQ(std::set(bounds.begin(), bounds.end()).size(), bounds.size());
  EXPECT_TRUE(read_stretches(store, bounds) == rows.sorted());
}

TEST_F(SpillStoreTest, StretchesAreAboutAsLongAsAskedFor) {
  std::mt19937_64 random(4);
  SpillRows rows;
  for (std::size_t row = 0; row < 200'000; ++row) rows.add(std::to_string(random()), std::string(50, 'x'));
  SpillStore store(folder_.path(), spill_mapping(), {3 * kMiB, 64 * kMiB, 1});
  RunBuilder builder(store);
  rows.add_all(builder);
  constexpr std::uint64_t kAskedFor = 10'000;
  const std::vector<std::string> bounds = store.bounds(kAskedFor);
  EXPECT_GE(bounds.size(), 17U);
  for (std::size_t bound = 0; bound + 1 < bounds.size(); ++bound) {
    MergeCursor cursor(store, bounds[bound], bounds[bound + 1]);
    const std::size_t length = read_all(cursor).size();
    EXPECT_GT(length, kAskedFor / 2) << bound;
    EXPECT_LT(length, kAskedFor * 3 / 2) << bound;
  }
}

TEST_F(SpillStoreTest, RowsOfOneKeyAreNeverPartedHoweverManyThereAre) {
  SpillRows rows;
  for (std::size_t row = 0; row < 100'000; ++row) rows.add(row % 100 == 0 ? std::to_string(row) : "5", "text");
  SpillStore store(folder_.path(), spill_mapping(), {500 * kKiB, 64 * kMiB, 1});
  RunBuilder builder(store);
  rows.add_all(builder);
  const std::vector<std::string> bounds = store.bounds(50);
  EXPECT_EQ(std::set(bounds.begin(), bounds.end()).size(), bounds.size());
  EXPECT_TRUE(read_stretches(store, bounds) == rows.sorted());
}

TEST_F(SpillStoreTest, MergesDownUntilAllCursorsFitAndFreesWhatItMerged) {
  const SpillRows rows = random_rows(40'000, 5);
  // Runs of some 400 KiB, a dozen of them; three cursors over two or three runs fit.
  SpillStore store(folder_.path(), spill_mapping(), {600 * kKiB, 1200 * kKiB, 3});
  RunBuilder builder(store);
  rows.add_all(builder);
  const std::uint64_t bytes_before = store.bytes_on_disk();
  store.merge_down();
  EXPECT_EQ(store.rows(), rows.rows.size());
  EXPECT_LT(store.bytes_on_disk(), bytes_before * 11 / 10);
  EXPECT_GT(store.bytes_on_disk(), bytes_before * 8 / 10);
  EXPECT_LE(store.cursor_bytes(), 400 * kKiB);
  EXPECT_TRUE(read_all(store) == rows.sorted());
  EXPECT_TRUE(read_stretches(store, store.bounds(1000)) == rows.sorted());
}

TEST_F(SpillStoreTest, LeastLimitsAreEnoughForTheLongestRows) {
  SpillRows rows(10);
  for (int row = 0; row < 40; ++row) {
    rows.add(std::to_string(row * 7919 % 40), std::string(kMiB - 10, static_cast<char>('a' + row % 26)));
  }
  SpillStore store(folder_.path(), spill_mapping(), least_limits(kMiB, 3, 4));
  RunBuilder builder(store);
  rows.add_all(builder);
  store.merge_down();
  EXPECT_TRUE(read_all(store) == rows.sorted());
}

TEST_F(SpillStoreTest, RowsTooLongForTheMergeSayWhatToDo) {
  SpillRows rows(10);
  for (int row = 0; row < 10; ++row) rows.add(std::to_string(row), std::string(kMiB, 'x'));
  SpillStore store(folder_.path(), spill_mapping(), {2 * kMiB, kMiB, 4});
  RunBuilder builder(store);
  rows.add_all(builder);
  try {
    store.merge_down();
    ADD_FAILURE() << "merged";
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find("--memory"), std::string::npos) << error.what();
  }
}

TEST_F(SpillStoreTest, DirectoryThatIsNotThereIsRefusedAtOnce) {
  const std::filesystem::path missing = folder_ / "missing";
  try {
    const SpillStore store(missing, spill_mapping(), kLimits);
    ADD_FAILURE() << "opened";
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find(missing.string() + ": No such file"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace chatload::spill
