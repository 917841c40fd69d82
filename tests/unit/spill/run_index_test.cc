#include "spill/run_index.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "base/units.h"

namespace chatload::spill {
namespace {

std::string key_of(std::uint64_t block) { return fmt::format("{:09}", block); }

// Blocks 1 to `blocks`, at ten times their number, three rows each.
void add_blocks(RunIndex& index, std::uint64_t blocks, std::size_t bytes_max) {
  for (std::uint64_t block = 1; block <= blocks; ++block) {
    index.add({key_of(block), block * 10, block * 3}, bytes_max);
  }
}

TEST(RunIndex, KnowsEveryBlockWhileThereIsRoom) {
  RunIndex index;
  add_blocks(index, 100, kMiB);
  ASSERT_EQ(index.size(), 100U);
  EXPECT_EQ(index[41].key, key_of(42));
  EXPECT_EQ(index[41].offset, 420U);
  EXPECT_EQ(index[41].rows_before, 126U);
  EXPECT_EQ(index[99].key, key_of(100));
}

TEST(RunIndex, CountsKeysThatAreLess) {
  RunIndex index;
  EXPECT_EQ(index.count_before("x"), 0U);
  add_blocks(index, 100, kMiB);
  EXPECT_EQ(index.count_before(""), 0U);
  EXPECT_EQ(index.count_before(key_of(1)), 0U);
  EXPECT_EQ(index.count_before(key_of(1) + "a"), 1U);
  EXPECT_EQ(index.count_before(key_of(42)), 41U);
  EXPECT_EQ(index.count_before("x"), 100U);
}

TEST(RunIndex, ThinnedIndexIsRightAboutWhatItKnows) {
  RunIndex index;
  add_blocks(index, 100, kMiB);
  index.thin();
  ASSERT_EQ(index.size(), 50U);
  for (std::size_t entry = 0; entry < index.size(); ++entry) {
    const std::uint64_t block = (entry + 1) * 2;
    EXPECT_EQ(index[entry].key, key_of(block));
    EXPECT_EQ(index[entry].offset, block * 10);
    EXPECT_EQ(index[entry].rows_before, block * 3);
  }
  for (int times = 0; times < 7; ++times) index.thin();
  index.shrink();
  EXPECT_EQ(index.size(), 0U);
  EXPECT_EQ(index.bytes(), 0U);
}

TEST(RunIndex, StaysWithinItsBytesHoweverManyBlocksThereAre) {
  constexpr std::size_t kBytesMax = 64 * kKiB;
  RunIndex index;
  for (std::uint64_t block = 1; block <= 200'000; ++block) {
    index.add({key_of(block), block * 10, block * 3}, kBytesMax);
    ASSERT_LE(index.bytes(), kBytesMax);
  }
  EXPECT_GT(index.size(), 100U);
  const std::uint64_t stride = index[0].offset / 10;
  for (std::size_t entry = 0; entry < index.size(); ++entry) {
    EXPECT_EQ(index[entry].key, key_of((entry + 1) * stride));
    EXPECT_EQ(index[entry].rows_before, (entry + 1) * stride * 3);
  }
}

TEST(RunIndex, KeyThatDoesNotFitAloneIsNotKept) {
  RunIndex index;
  index.add({std::string(1000, 'k'), 10, 3}, 1000);
  EXPECT_EQ(index.size(), 0U);
}

}  // namespace
}  // namespace chatload::spill
