#include "report/timeline.h"

#include <gtest/gtest.h>

#include <numeric>

namespace chatload::report {
namespace {

double sum_of_rows(const std::vector<TimelineSample>& samples) {
  return std::accumulate(samples.begin(), samples.end(), 0.0,
                         [](double sum, const TimelineSample& sample) { return sum + sample.rows; });
}

TEST(Timeline, KeepsEachLookOfAShortRun) {
  Timeline timeline;
  timeline.add(Phase::kWrite, WaitedFor::kInflate, 1.0, 1.2, 10, 100);
  timeline.add(Phase::kWrite, WaitedFor::kDatabase, 1.2, 1.4, 30, 300);
  const std::vector<TimelineSample> samples = timeline.samples();
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_DOUBLE_EQ(samples[0].begin, 1.0);
  EXPECT_DOUBLE_EQ(samples[1].end, 1.4);
  EXPECT_DOUBLE_EQ(samples[1].rows, 30);
  EXPECT_DOUBLE_EQ(samples[1].bytes, 300);
  EXPECT_NEAR(samples[1].waits[static_cast<std::size_t>(WaitedFor::kDatabase)], 0.2, 1e-9);
}

TEST(Timeline, OfALongRunHasFewSamplesAndLosesNoRow) {
  Timeline timeline;
  constexpr int kLooks = 200'000;  // eleven hours
  for (int i = 0; i < kLooks; ++i) timeline.add(Phase::kWrite, WaitedFor::kDatabase, 0.2 * i, 0.2 * (i + 1), 5, 0);
  const std::vector<TimelineSample> samples = timeline.samples();
  EXPECT_LT(samples.size(), Timeline::kSamplesMax);
  EXPECT_GT(samples.size(), Timeline::kSamplesMax / 8);
  EXPECT_DOUBLE_EQ(sum_of_rows(samples), 5.0 * kLooks);
  EXPECT_NEAR(timeline.wait_seconds()[static_cast<std::size_t>(WaitedFor::kDatabase)], 0.2 * kLooks, 1);
  EXPECT_NEAR(timeline.phase_seconds()[static_cast<std::size_t>(Phase::kWrite)], 0.2 * kLooks, 1);
}

TEST(Timeline, OfThousandsOfShortStepsHasFewSamples) {
  Timeline timeline;
  for (int i = 0; i < 20'000; ++i) {
    timeline.add(i % 2 == 0 ? Phase::kCompareBytes : Phase::kWrite, WaitedFor::kNothing, i, i + 0.01, 1, 0);
  }
  EXPECT_LT(timeline.samples().size(), Timeline::kSamplesMax);
  EXPECT_DOUBLE_EQ(sum_of_rows(timeline.samples()), 20'000);
}

TEST(Timeline, PhasesHaveSamplesOfTheirOwn) {
  Timeline timeline;
  timeline.add(Phase::kSort, WaitedFor::kParse, 0, 0.01, 1, 0);
  timeline.add(Phase::kMerge, WaitedFor::kNothing, 0.01, 0.02, 0, 0);
  ASSERT_EQ(timeline.samples().size(), 2U);
  EXPECT_EQ(timeline.samples()[1].phase, Phase::kMerge);
}

}  // namespace
}  // namespace chatload::report
