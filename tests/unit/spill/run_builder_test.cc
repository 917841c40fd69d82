#include "spill/run_builder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/errors.h"
#include "unit/scratch_folder.h"
#include "unit/spill/disk_limit.h"
#include "unit/spill/heap_in_use.h"
#include "unit/spill/spill_rows.h"

namespace chatload::spill {
namespace {

class RunBuilderTest : public testing::Test {
 protected:
  ScratchFolder folder_;
};

TEST_F(RunBuilderTest, WritesARunWheneverItsBufferIsFull) {
  SpillStore store(folder_.path(), spill_layout(), {kMiB, kMiB});
  RunBuilder builder(store);
  SpillRows rows;
  for (int row = 0; row < 3000; ++row) rows.add(std::to_string(row), std::string(600, 'x'));
  rows.add_range(0, builder);
  EXPECT_EQ(store.rows(), 0U);
  rows.add_range(1, builder);
  EXPECT_GT(store.rows(), 1200U);
  EXPECT_LT(store.rows(), 2000U);
  rows.add_range(2, builder);
  builder.finish();
  EXPECT_EQ(store.rows(), 3000U);
  builder.finish();
  EXPECT_EQ(store.rows(), 3000U);
}

TEST_F(RunBuilderTest, MakesRoomOnlyWhereTheNextRangeWouldFillItsBuffer) {
  SpillStore store(folder_.path(), spill_layout(), {3 * kMiB, kMiB});
  RunBuilder builder(store);
  SpillRows rows;
  for (int row = 0; row < 7000; ++row) rows.add(std::to_string(row), std::string(600, 'x'));
  // Three ranges of some 640 KiB leave room for one more, four do not.
  for (std::uint64_t range = 0; range < rows.ranges(); ++range) {
    rows.add_range(range, builder);
    builder.make_room();
    EXPECT_EQ(store.rows(), range < 3 ? 0U : 4000U) << range;
  }
  builder.finish();
  EXPECT_TRUE(read_all(store) == rows.sorted());
}

TEST_F(RunBuilderTest, KeysWithALongPrefixInCommonAreSortedByWhatFollows) {
  SpillStore store(folder_.path(), spill_layout(), {kMiB, 64 * kMiB});
  RunBuilder builder(store);
  SpillRows rows;
  const std::string prefix(1000, 'p');
  for (int row = 0; row < 5000; ++row) rows.add(prefix + std::to_string(row * 7919 % 5000));
  rows.add(prefix);
  rows.add(prefix.substr(0, 500) + "z");
  rows.add_all(builder);
  EXPECT_TRUE(read_all(store) == rows.sorted());
}

TEST_F(RunBuilderTest, RowOfAMebibyteIsKeptWhole) {
  SpillStore store(folder_.path(), spill_layout(), least_limits(kMiB, 3));
  RunBuilder builder(store);
  SpillRows rows;
  rows.add("b", std::string(kMiB - 1, 'b'));
  rows.add("a", std::string(kBlockBytes, 'a'));  // with its head a little longer than a block
  rows.add("c", "short");
  rows.add_all(builder);
  EXPECT_TRUE(read_all(store) == rows.sorted());
}

TEST_F(RunBuilderTest, RowsAroundTheSizeOfABlockAreKeptWhole) {
  SpillStore store(folder_.path(), spill_layout(), {4 * kMiB, 64 * kMiB});
  RunBuilder builder(store);
  SpillRows rows;
  std::mt19937_64 random(1);
  for (std::size_t size = kBlockBytes - 40; size < kBlockBytes + 10; ++size) {
    std::string text(size, 'x');
    for (char& c : text) c = static_cast<char>(random());  // does not compress
    rows.add(std::to_string(size), text);
  }
  rows.add_all(builder);
  EXPECT_TRUE(read_all(store) == rows.sorted());
}

TEST_F(RunBuilderTest, RowLongerThanTheBufferSaysWhatToDo) {
  SpillStore store(folder_.path(), spill_layout(), {kMiB, kMiB});
  RunBuilder builder(store);
  SpillRows rows;
  rows.add("a", std::string(kMiB, 'a'));
  try {
    rows.add_range(0, builder);
    ADD_FAILURE() << "taken";
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string_view(error.what()).find("--memory"), std::string_view::npos) << error.what();
  }
}

TEST_F(RunBuilderTest, FullDiskEndsTheBuild) {
  SpillStore store(folder_.path(), spill_layout(), {kMiB, kMiB});
  RunBuilder builder(store);
  const SpillRows rows = random_rows(20'000);
  const DiskLimit limit(300 * kKiB);
  EXPECT_THROW(rows.add_all(builder), EnvironmentError);
}

TEST_F(RunBuilderTest, TakesTheMemoryThatItWasGivenAndNoMore) {
  for (const std::size_t buffer_bytes : {512 * kKiB, 8 * kMiB}) {
    SpillStore store(folder_.path(), spill_layout(), {buffer_bytes, kMiB});
    const SpillRows rows = random_rows(20'000);
    {
      // malloc keeps some of what it gets back, and counts it.
      RunBuilder first(store);
      rows.add_range(0, first);
    }
    const std::size_t before = heap_in_use();
    RunBuilder builder(store);
    rows.add_range(0, builder);
    const std::size_t taken = heap_in_use() - before;
    EXPECT_LE(taken, buffer_bytes + kMallocsOwnBytes);
    EXPECT_GE(taken, buffer_bytes * 8 / 10);
  }
}

}  // namespace
}  // namespace chatload::spill
