#include "report/progress.h"

#include <gtest/gtest.h>

#include <string>

namespace chatload::report {
namespace {

ProgressOptions options(ProgressMode mode) {
  ProgressOptions result;
  result.mode = mode;
  result.interval = std::chrono::hours(1);
  return result;
}

void set_ranges(LiveStats& stats, std::uint64_t split, std::uint64_t parsed, std::uint64_t done) {
  stats.packs_split = split;
  stats.packs_parsed = parsed;
  stats.packs_done = done;
}

TEST(Bottleneck, EmptyHouseWaitsForInflate) {
  LiveStats stats;
  EXPECT_EQ(bottleneck(stats, 20), Bottleneck::kInflate);
  set_ranges(stats, 104, 103, 100);
  EXPECT_EQ(bottleneck(stats, 20), Bottleneck::kInflate);
}

TEST(Bottleneck, FullHouseBeforeTheWritersWaitsForTheDatabase) {
  LiveStats stats;
  set_ranges(stats, 120, 118, 100);
  EXPECT_EQ(bottleneck(stats, 20), Bottleneck::kDatabase);
}

TEST(Bottleneck, FullHouseBeforeTheParsersWaitsForThem) {
  LiveStats stats;
  set_ranges(stats, 120, 102, 100);
  EXPECT_EQ(bottleneck(stats, 20), Bottleneck::kParse);
}

TEST(Bottleneck, WriterWithoutAConnectionComesFirst) {
  LiveStats stats;
  set_ranges(stats, 120, 102, 100);
  stats.disconnected = 1;
  EXPECT_EQ(bottleneck(stats, 20), Bottleneck::kConnection);
  stats.indexes_building = 1;
  EXPECT_EQ(bottleneck(stats, 20), Bottleneck::kIndexes);
  stats.restart();
  EXPECT_EQ(bottleneck(stats, 20), Bottleneck::kInflate);
}

TEST(Bottleneck, FiguresReadOutOfStepDoNotWrapAround) {
  LiveStats stats;
  set_ranges(stats, 10, 12, 13);
  EXPECT_EQ(bottleneck(stats, 20), Bottleneck::kInflate);
}

TEST(StepText, SaysHowFarItIsAndHowLongItTakesByItsMeanSpeed) {
  EXPECT_EQ(step_text({.seconds = 30, .source_done = 2}, 8), "25 %, 1:30 left");
  EXPECT_EQ(step_text({.seconds = 5, .source_done = 9}, 8), "100 %, 0:00 left");
  EXPECT_EQ(step_text({.seconds = 5, .source_done = 0}, 8), "0 %");
  EXPECT_EQ(step_text({.seconds = 5, .source_done = 0}, 0), "0 %");
  EXPECT_EQ(step_text({.seconds = 30, .source_done = 4, .pause = "replica lag 9 s > 5 s"}, 8),
            "50 %, 0:30 left, waits: replica lag 9 s > 5 s");
}

TEST(StepText, OfWhatNobodyKnowsTheSizeOfIsWhatIsDone) {
  EXPECT_EQ(step_text({.seconds = 30, .source_done = 12'340'000}, std::nullopt), "12.3 MB done");
}

TEST(ProgressSample, SourceDoneIsWhatTheRangesDoneAreOfThoseSplit) {
  LiveStats stats;
  set_ranges(stats, 10, 8, 5);
  stats.source_read = 1000;
  EXPECT_DOUBLE_EQ(ProgressSample::of(stats, 1).source_done, 500);
  EXPECT_DOUBLE_EQ(ProgressSample::of(LiveStats{}, 1).source_done, 0);
}

TEST(ProgressText, SaysShareSpeedsRejectsTimeLeftAndWhatItWaitsFor) {
  const ProgressSample before{.seconds = 20, .source_done = 2e6, .bytes_decompressed = 5e6, .rows_done = 1'000};
  const ProgressSample now{.seconds = 30,
                           .source_done = 4e6,
                           .bytes_decompressed = 25e6,
                           .rows_done = 1'641'000,
                           .lines_rejected = 1'200,
                           .retries = 1};
  EXPECT_EQ(progress_text(before, now, 10'000'000, Bottleneck::kDatabase),
            "40 %, 164,000 rows/s, 2.0 MB/s, 1,200 rejected, 0:45 left, 1 retry, waits for MySQL");
}

TEST(ProgressText, SaysThatTheServerIsAway) {
  EXPECT_EQ(progress_text({}, {.retries = 2}, 100, Bottleneck::kConnection),
            "0 %, 0 rows/s, 0.0 MB/s, 0 rejected, 2 retries, waits for MySQL to come back");
}

TEST(ProgressText, SaysWhyNothingNewIsBegun) {
  LiveStats stats;
  stats.pause.set("Threads_running 53 > 40");
  EXPECT_EQ(progress_text({}, ProgressSample::of(stats, 1), 100, Bottleneck::kDatabase),
            "0 %, 0 rows/s, 0.0 MB/s, 0 rejected, waits: Threads_running 53 > 40");
  stats.pause.set("");
  EXPECT_EQ(progress_text({}, ProgressSample::of(stats, 1), 100, Bottleneck::kDatabase),
            "0 %, 0 rows/s, 0.0 MB/s, 0 rejected, waits for MySQL");
}

TEST(ProgressText, WithoutATotalThereAreMegabytesInPlaceOfShareAndTimeLeft) {
  const ProgressSample now{.seconds = 10, .source_done = 4e6, .bytes_decompressed = 25e6, .rows_done = 10};
  EXPECT_EQ(progress_text({}, now, std::nullopt, Bottleneck::kParse),
            "4.0 MB done, 1 rows/s, 2.5 MB/s, 0 rejected, waits for parse");
}

TEST(ProgressText, NothingDoneYetHasNoTimeLeft) {
  EXPECT_EQ(progress_text({}, {}, 100, Bottleneck::kInflate), "0 %, 0 rows/s, 0.0 MB/s, 0 rejected, waits for inflate");
}

TEST(ProgressText, LongTimesHaveHours) {
  const ProgressSample now{.seconds = 3723, .source_done = 50};
  EXPECT_NE(progress_text({}, now, 100, Bottleneck::kInflate).find(", 1:02:03 left,"), std::string::npos);
}

TEST(ProgressText, OfIndexesThereIsOnlyTheTimeThatTheyTook) {
  const ProgressSample now{.seconds = 65, .source_done = 50, .rows_done = 10, .lines_rejected = 3};
  EXPECT_EQ(progress_text({}, now, 100, Bottleneck::kIndexes), "1:05 so far, waits for MySQL");
}

TEST(LiveStats, NextPhaseKeepsWhatIsCountedForGood) {
  LiveStats stats;
  set_ranges(stats, 12, 11, 10);
  stats.source_read = stats.rows_done = 1'000;
  stats.lines_rejected = 3;
  stats.retries = 2;
  stats.next_phase();
  const ProgressSample sample = ProgressSample::of(stats, 1);
  EXPECT_EQ(sample.lines_rejected, 3U);
  EXPECT_EQ(sample.retries, 2U);
  EXPECT_EQ(sample.source_done + sample.rows_done, 0);
}

TEST(Progress, EndsAtOnceWhateverItsInterval) {
  LiveStats stats;
  const auto begin = std::chrono::steady_clock::now();
  { const Progress progress(stats, options(ProgressMode::kLines)); }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::minutes(1));
}

TEST(Progress, BarIsDrawnAgainAndWipedAtTheEnd) {
  LiveStats stats;
  testing::internal::CaptureStderr();
  { const Progress progress(stats, options(ProgressMode::kBar)); }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "\r\x1b[K");
}

TEST(Progress, FillsTheTimelineThoughItSaysNothing) {
  LiveStats stats;
  Timeline timeline;
  stats.rows_done = 7;  // of an earlier phase
  ProgressOptions quiet = options(ProgressMode::kNone);
  quiet.phase = Phase::kWriteSorted;
  quiet.timeline = &timeline;
  testing::internal::CaptureStderr();
  {
    const Progress progress(stats, quiet);
    stats.rows_done = 107;
    stats.bytes_decompressed = 5'000;
    stats.retries = 2;
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  const std::vector<TimelineSample> samples = timeline.samples();
  ASSERT_FALSE(samples.empty());
  EXPECT_EQ(samples.back().phase, Phase::kWriteSorted);
  EXPECT_EQ(samples.back().rows, 100);
  EXPECT_EQ(samples.back().bytes, 5'000);
  EXPECT_EQ(timeline.retries(), 2U);
}

TEST(Progress, AStepCountsNoRows) {
  LiveStats stats;
  Timeline timeline;
  ProgressOptions quiet = step_progress(options(ProgressMode::kNone), Phase::kMerge, 10);
  quiet.timeline = &timeline;
  {
    const Progress progress(stats, quiet);
    stats.rows_done = 100;
  }
  EXPECT_EQ(timeline.samples().back().rows, 0);
  EXPECT_EQ(timeline.samples().back().phase, Phase::kMerge);
}

TEST(Progress, NoneSaysNothing) {
  LiveStats stats;
  testing::internal::CaptureStderr();
  { const Progress progress(stats, options(ProgressMode::kNone)); }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace chatload::report
