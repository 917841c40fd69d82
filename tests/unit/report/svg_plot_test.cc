#include "report/svg_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <vector>

namespace chatload::report {
namespace {

using testing::HasSubstr;
using testing::Not;

TimelineSample sample(double begin, double end, WaitedFor wait, double rows) {
  TimelineSample made{.begin = begin, .end = end, .phase = Phase::kWrite, .rows = rows, .bytes = 0, .waits = {}};
  made.waits[static_cast<std::size_t>(wait)] = end - begin;
  return made;
}

TEST(SpeedPlot, IsAsHighAsTheSpeedIsOfItsPeak) {
  const std::vector<TimelineSample> samples = {sample(0, 1, WaitedFor::kParse, 50),
                                               sample(1, 3, WaitedFor::kParse, 200)};
  EXPECT_EQ(peak_per_second(samples, &TimelineSample::rows), 100);
  EXPECT_THAT(speed_plot(samples, &TimelineSample::rows, 4, "rows"),
              HasSubstr("d=\"M0.0 50.0h250.0v50.0h-250.0zM250.0 0.0h500.0v100.0h-500.0z\""));
}

TEST(SpeedPlot, AMomentIsNoPeak) {
  const std::vector<TimelineSample> samples = {sample(0, 1, WaitedFor::kParse, 50),
                                               sample(1, 1.001, WaitedFor::kParse, 200)};
  EXPECT_EQ(peak_per_second(samples, &TimelineSample::rows), 50);
  EXPECT_THAT(speed_plot(samples, &TimelineSample::rows, 2, "rows"), HasSubstr("M500.0 0.0h0.5v100.0h-0.5z"));
}

TEST(WaitBands, DivideEachSampleByItsWaits) {
  TimelineSample mixed = sample(0, 2, WaitedFor::kParse, 0);
  mixed.waits[static_cast<std::size_t>(WaitedFor::kParse)] = 0.5;
  mixed.waits[static_cast<std::size_t>(WaitedFor::kDatabase)] = 1.5;
  const std::string bands = wait_bands(std::array{mixed}, 4, "waits");
  EXPECT_THAT(bands, HasSubstr("<path class=\"wait-parse\" d=\"M0.0 0.0h500.0v25.0h-500.0z\"/>"));
  EXPECT_THAT(bands, HasSubstr("<path class=\"wait-mysql\" d=\"M0.0 25.0h500.0v75.0h-500.0z\"/>"));
  EXPECT_THAT(bands, Not(HasSubstr("wait-pause")));
}

TEST(Sparkline, LeavesAGapForWhatNobodyKnowsAndMarksTheLast) {
  const std::array values = {10.0, std::numeric_limits<double>::quiet_NaN(), 5.0};
  const std::string line = sparkline(values, "rows");
  EXPECT_THAT(line, HasSubstr("<path class=\"bar\" d=\"M0.0 0.0h233.3v100.0h-233.3z\"/>"));
  EXPECT_THAT(line, HasSubstr("<path class=\"bar last\" d=\"M666.7 50.0h233.3v50.0h-233.3z\"/>"));
}

TEST(Plots, OfNothingAreEmptyNotBroken) {
  EXPECT_EQ(sparkline({}, "rows"), "");
  EXPECT_THAT(speed_plot({}, &TimelineSample::rows, 0, "rows"), Not(HasSubstr("nan")));
  EXPECT_THAT(wait_bands(std::array{sample(0, 0, WaitedFor::kParse, 0)}, 0, "waits"), Not(HasSubstr("nan")));
  EXPECT_THAT(sparkline(std::array{0.0, 0.0}, "rows"), Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace chatload::report
