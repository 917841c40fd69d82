#include "pipeline/memory_plan.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/units.h"

namespace chatload::pipeline {
namespace {

constexpr split::SplitLimits kDefaultLimits{.range_bytes = 4 * kMiB, .line_bytes_max = kMiB};

TEST(MemoryPlan, DefaultIs256MiB) {
  EXPECT_EQ(plan_memory(std::nullopt, kDefaultLimits, 2, 2).memory_bytes, 256 * kMiB);
}

TEST(MemoryPlan, DefaultGrowsToWhatTwoRangesNeed) {
  const split::SplitLimits large{.range_bytes = 64 * kMiB, .line_bytes_max = kMiB};
  const MemoryPlan plan = plan_memory(std::nullopt, large, 2, 2);
  EXPECT_EQ(plan.ranges_in_flight_max, 2U);
  EXPECT_GT(plan.memory_bytes, 256 * kMiB);
}

TEST(MemoryPlan, GivenMemoryThatHoldsNoTwoRangesIsRefused) {
  EXPECT_THROW(static_cast<void>(plan_memory(16 * kMiB, kDefaultLimits, 2, 2)), UsageError);
}

constexpr std::size_t kColumns = 6;

cli::ReadPlan with_memory(std::optional<std::uint64_t> memory_bytes) {
  cli::ReadPlan read;
  read.split = kDefaultLimits;
  read.threads = 2;
  read.memory_bytes = memory_bytes;
  return read;
}

TEST(MemoryPlan, RangesThatNobodyAskedForShrinkUntilTheyFit) {
  EXPECT_EQ(fitting_limits(with_memory(std::nullopt), 2, kColumns).range_bytes, 4 * kMiB);
  const split::SplitLimits small = fitting_limits(with_memory(128 * kMiB), 2, kColumns);
  EXPECT_EQ(small.range_bytes, 2 * kMiB);
  EXPECT_GE(plan_memory(128 * kMiB, small, 2, 2).ranges_in_flight_max, 2U);
  cli::ReadPlan read = with_memory(128 * kMiB);
  read.split = small;
  EXPECT_GE(plan_key_order_memory(read, 2, kColumns).ranges_in_flight_max, 2U);
  read = with_memory(128 * kMiB);
  read.is_range_size_given = true;
  EXPECT_EQ(fitting_limits(read, 2, kColumns).range_bytes, 4 * kMiB);
  EXPECT_EQ(fitting_limits(with_memory(16 * kMiB), 2, kColumns).range_bytes, kMiB);
}

// The sum of what is in flight in each half of a load.
TEST(MemoryPlan, KeyOrderGivesAllThatIsLeftToTheSpillAndNoMore) {
  for (const std::size_t memory : {128 * kMiB, 256 * kMiB, kGiB}) {
    cli::ReadPlan read = with_memory(memory);
    const split::SplitLimits limits = read.split = fitting_limits(read, 2, kColumns);
    const KeyOrderMemoryPlan plan = plan_key_order_memory(read, 2, kColumns);
    EXPECT_GE(plan.spill.buffer_bytes, spill::least_limits(limits.line_bytes_max, kColumns).buffer_bytes);
    EXPECT_GE(plan.spill.merge_bytes, spill::least_limits(limits.line_bytes_max, kColumns).merge_bytes);
    EXPECT_LT(2 * plan.spill.buffer_bytes + plan.ranges_in_flight_max * limits.buffer_bytes(), memory);
    EXPECT_LT(plan.spill.merge_bytes + plan.stretches_in_flight_max * limits.range_bytes, memory);
  }
}

TEST(MemoryPlan, LessMemoryMeansFewerRanges) {
  const std::size_t many = plan_memory(kGiB, kDefaultLimits, 8, 8).ranges_in_flight_max;
  const std::size_t few = plan_memory(256 * kMiB, kDefaultLimits, 8, 8).ranges_in_flight_max;
  EXPECT_LT(few, many);
  EXPECT_GE(few, 2U);
}

TEST(MemoryPlan, MoreRangesThanThreadsCanUseAreNotHeld) {
  EXPECT_EQ(plan_memory(64 * kGiB, kDefaultLimits, 2, 2).ranges_in_flight_max,
            plan_memory(32 * kGiB, kDefaultLimits, 2, 2).ranges_in_flight_max);
}

}  // namespace
}  // namespace chatload::pipeline
