#include "spill/spill_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "unit/scratch_folder.h"
#include "unit/spill/disk_limit.h"
#include "unit/spill/spill_rows.h"

namespace chatload::spill {
namespace {

constexpr std::size_t kBufferBytes = 2 * kMiB;
constexpr SpillLimits kStoreLimits{.buffer_bytes = kBufferBytes, .merge_bytes = 64 * kMiB};

class SpillStoreTest : public testing::Test {
 protected:
  ScratchFolder folder_;
  StopSignal stop_;
  std::atomic<std::uint64_t> rows_merged_ = 0;
};

TEST_F(SpillStoreTest, GivesAllRowsBackInOrderForAnySizeOfBuffer) {
  const SpillRows rows = random_rows(20'000);
  const std::vector<SpillRow> sorted = rows.sorted();
  for (const std::size_t buffer_bytes : {300 * kKiB, 777 * kKiB, 4 * kMiB, 64 * kMiB}) {
    SpillStore store(folder_.path(), spill_layout(), {buffer_bytes, 64 * kMiB});
    RunBuilder builder(store);
    rows.add_all(builder);
    EXPECT_EQ(store.rows(), rows.rows.size());
    EXPECT_TRUE(read_all(store) == sorted) << buffer_bytes;
  }
}

TEST_F(SpillStoreTest, EmptyStoreHasNoRows) {
  SpillStore store(folder_.path(), spill_layout(), kStoreLimits);
  RunBuilder builder(store);
  builder.finish();
  store.merge_down(stop_, rows_merged_);
  EXPECT_EQ(store.rows(), 0U);
  EXPECT_EQ(store.bytes_on_disk(), 0U);
  EXPECT_TRUE(read_all(store).empty());
}

TEST_F(SpillStoreTest, RangesThatComeOutOfOrderThroughManyBuildersEndInTheSameOrder) {
  const SpillRows rows = random_rows(20'000, 2, 500);
  SpillStore store(folder_.path(), spill_layout(), {600 * kKiB, 64 * kMiB});
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

TEST_F(SpillStoreTest, CompressesWhatIsWrittenBehindItsPlainBytes) {
  SpillRows rows;
  for (int row = 0; row < 5000; ++row) rows.add(std::to_string(row * 7919 % 5000), std::string(400, 'x'));
  constexpr std::uint64_t kRowsBytes = 5000 * 400;
  const auto bytes_on_disk = [&](std::uint64_t plain_bytes) {
    SpillStore store(folder_.path(), spill_layout(), {600 * kKiB, 64 * kMiB, plain_bytes});
    RunBuilder builder(store);
    rows.add_all(builder);
    EXPECT_TRUE(read_all(store) == rows.sorted()) << plain_bytes;
    return store.bytes_on_disk();
  };
  EXPECT_GT(bytes_on_disk(kRowsBytes * 2), kRowsBytes);
  EXPECT_LT(bytes_on_disk(0), kRowsBytes / 5);
  const std::uint64_t mixed_bytes = bytes_on_disk(kRowsBytes / 2);
  EXPECT_GE(mixed_bytes, kRowsBytes / 2);
  EXPECT_LT(mixed_bytes, kRowsBytes / 2 + kRowsBytes / 5);
}

TEST_F(SpillStoreTest, MergesDownUntilAllCursorsFitAndFreesWhatItMerged) {
  const SpillRows rows = random_rows(40'000, 5);
  // Runs of some 400 KiB, a dozen of them; a cursor over two or three runs fits.
  SpillStore store(folder_.path(), spill_layout(), {600 * kKiB, 400 * kKiB});
  RunBuilder builder(store);
  rows.add_all(builder);
  const std::uint64_t bytes_before = store.bytes_on_disk();
  const std::uint64_t rows_to_merge = store.rows_to_merge();
  EXPECT_GT(rows_to_merge, rows.rows.size() / 2);
  store.merge_down(stop_, rows_merged_);
  EXPECT_EQ(rows_merged_, rows_to_merge);
  EXPECT_EQ(store.rows_to_merge(), 0U);
  EXPECT_EQ(store.rows(), rows.rows.size());
  EXPECT_LT(store.bytes_on_disk(), bytes_before * 11 / 10);
  EXPECT_GT(store.bytes_on_disk(), bytes_before * 8 / 10);
  EXPECT_LE(store.cursor_bytes(), 400 * kKiB);
  EXPECT_TRUE(read_all(store) == rows.sorted());
}

TEST_F(SpillStoreTest, SignalEndsMergingDown) {
  const SpillRows rows = random_rows(40'000, 5);
  SpillStore store(folder_.path(), spill_layout(), {600 * kKiB, 400 * kKiB});
  RunBuilder builder(store);
  rows.add_all(builder);
  std::raise(SIGTERM);
  EXPECT_THROW(store.merge_down(stop_, rows_merged_), Interrupted);
}

TEST_F(SpillStoreTest, DiskThatIsFullWhileItMergesDownIsNamed) {
  const SpillRows rows = random_rows(40'000, 5);
  SpillStore store(folder_.path(), spill_layout(), {600 * kKiB, 400 * kKiB});
  RunBuilder builder(store);
  rows.add_all(builder);
  const DiskLimit limit(100 * kKiB);
  try {
    store.merge_down(stop_, rows_merged_);
    ADD_FAILURE() << "merged";
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find(folder_.path().string()), std::string::npos) << error.what();
  }
}

TEST_F(SpillStoreTest, LeastLimitsAreEnoughForTheLongestRows) {
  SpillRows rows(10);
  for (int row = 0; row < 40; ++row) {
    rows.add(std::to_string(row * 7919 % 40), std::string(kMiB - 10, static_cast<char>('a' + row % 26)));
  }
  SpillStore store(folder_.path(), spill_layout(), least_limits(kMiB, 3));
  RunBuilder builder(store);
  rows.add_all(builder);
  store.merge_down(stop_, rows_merged_);
  EXPECT_TRUE(read_all(store) == rows.sorted());
}

TEST_F(SpillStoreTest, RowsTooLongForTheMergeSayWhatToDo) {
  SpillRows rows(10);
  for (int row = 0; row < 10; ++row) rows.add(std::to_string(row), std::string(kMiB, 'x'));
  SpillStore store(folder_.path(), spill_layout(), {2 * kMiB, kMiB});
  RunBuilder builder(store);
  rows.add_all(builder);
  try {
    store.merge_down(stop_, rows_merged_);
    ADD_FAILURE() << "merged";
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find("--memory"), std::string::npos) << error.what();
  }
}

TEST_F(SpillStoreTest, DirectoryThatIsNotThereIsRefusedAtOnce) {
  const std::filesystem::path missing = folder_ / "missing";
  try {
    const SpillStore store(missing, spill_layout(), kStoreLimits);
    ADD_FAILURE() << "opened";
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find(missing.string() + ": No such file"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace chatload::spill
