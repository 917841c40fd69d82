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
