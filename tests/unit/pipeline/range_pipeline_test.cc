// The graph without a database: what a check does.
#include "pipeline/range_pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/errors.h"

namespace chatload::pipeline {
namespace {

// Hands out text, then does at_end: ends, throws, or raises a signal.
class TextStream final : public inflate::DecodedStream {
 public:
  explicit TextStream(
      std::string_view text, std::function<void()> at_end = [] {})
      : text_(text), at_end_(std::move(at_end)) {}

  std::size_t read(std::span<char> out) override {
    const std::size_t bytes = std::min(out.size(), text_.size());
    std::memcpy(out.data(), text_.data(), bytes);
    text_.remove_prefix(bytes);
    if (bytes == 0) at_end_();
    return bytes;
  }
  std::uint64_t compressed_bytes() const override { return 0; }
  bool stopped() const override { return stopped_; }
  void stop_at_end() { stopped_ = true; }

 private:
  std::string_view text_;
  std::function<void()> at_end_;
  bool stopped_ = false;
};

std::string good_line(int number) {
  return R"({"id":"id-)" + std::to_string(number) +
         R"(","type":"message","from":"v","site_id":"1","timestamp":1479816000,"data":{"message":"hi"}})"
         "\n";
}

// `lines` lines, of which every tenth is broken.
std::string log_with_broken_lines(int lines) {
  std::string text;
  for (int i = 1; i <= lines; ++i) text += i % 10 == 0 ? "{broken\n" : good_line(i);
  return text;
}

struct Run {
  PipelineResult result;
  std::optional<std::string> verdict_at_end;
};

Run run(TextStream&& stream, std::size_t range_bytes, unsigned threads, report::RejectLimit limit = {}) {
  const StopSignal stop;
  report::LiveStats stats;
  report::RejectSink rejects("log", limit, nullptr, "");
  const PipelineOptions options{
      .limits = {.range_bytes = range_bytes, .line_bytes_max = 4'096}, .threads = threads, .ranges_in_flight_max = 4};
  Run run{run_pipeline(stream, options, parse::chat_mapping(), parse::RowFilter(), Counting(), rejects, stats, stop),
          {}};
  run.verdict_at_end = rejects.verdict_at_end(run.result.counts.parsed.lines, run.result.counts.parsed.blank);
  return run;
}

TEST(RangePipeline, CountsDoNotDependOnThreadsOrRangeSize) {
  const std::string text = log_with_broken_lines(5'000) + "\n" + good_line(5'001);
  for (const unsigned threads : {1U, 2U, 8U}) {
    for (const std::size_t range_bytes : {1UL, 100UL, 4'096UL, 1UL << 20}) {
      const PipelineResult result = run(TextStream(text), range_bytes, threads).result;
      EXPECT_EQ(result.counts.parsed.lines, 5'002U);
      EXPECT_EQ(result.counts.parsed.valid, 4'501U);
      EXPECT_EQ(result.counts.parsed.blank, 1U);
      EXPECT_EQ(result.counts.parsed.rejected(), 500U);
      EXPECT_EQ(result.counts.bytes_decompressed, text.size());
      EXPECT_TRUE(result.counts.check_adds_up());
      EXPECT_FALSE(result.failure);
    }
  }
}

TEST(RangePipeline, RangesInFrontOfDamageAreCountedAndTheDamageIsReported) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += good_line(i);
  const std::string half_a_line = text + R"({"id":"never)";
  const PipelineResult result =
      run(TextStream(half_a_line, [] { throw CorruptInputError("damaged here"); }), 100, 2).result;
  ASSERT_TRUE(result.failure);
  EXPECT_THROW(std::rethrow_exception(result.failure), CorruptInputError);
  EXPECT_EQ(result.counts.parsed.rejected(), 0U) << "a line cut by the damage is no bad line";
  EXPECT_GE(result.counts.parsed.valid, 98U);
}

TEST(RangePipeline, SignalEndsTheRunWithoutTheLineThatItCut) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += good_line(i);
  const std::string half_a_line = text + R"({"id":"never)";
  TextStream stream(half_a_line, [&] {
    std::raise(SIGTERM);
    stream.stop_at_end();
  });
  const PipelineResult result = run(std::move(stream), 100, 2).result;
  EXPECT_TRUE(result.interrupted);
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(result.counts.parsed.rejected(), 0U);
}

TEST(RangePipeline, SignalAfterTheLastLineInterruptsNothing) {
  const PipelineResult result = run(TextStream(good_line(1), [] { std::raise(SIGTERM); }), 1, 1).result;
  EXPECT_FALSE(result.interrupted);
  EXPECT_EQ(result.counts.parsed.valid, 1U);
}

TEST(RangePipeline, BudgetVerdictDoesNotDependOnThreadsOrRangeSize) {
  const std::string text = log_with_broken_lines(3'000);
  for (const unsigned threads : {1U, 8U}) {
    for (const std::size_t range_bytes : {1UL, 4'096UL, 1UL << 20}) {
      EXPECT_TRUE(run(TextStream(text), range_bytes, threads, {.lines = 299, .share_ppm = {}}).result.budget_verdict);
      EXPECT_FALSE(run(TextStream(text), range_bytes, threads, {.lines = 300, .share_ppm = {}}).result.budget_verdict);
    }
  }
}

TEST(RangePipeline, EveryRejectOfARangeIsBudgetedHoweverMany) {
  std::string text;
  const std::uint64_t lines = 3 * parse::ParsedRange::kRejectsMax + 5;
  for (std::uint64_t i = 0; i < lines; ++i) text += "x\n";
  for (const std::size_t range_bytes : {4'096UL, 1UL << 20}) {
    const auto at_most = [&](std::uint64_t rejects) {
      return run(TextStream(text), range_bytes, 2, {.lines = rejects, .share_ppm = {}}).result;
    };
    EXPECT_FALSE(at_most(lines).budget_verdict);
    EXPECT_EQ(at_most(lines).counts.parsed.rejected(), lines);
    EXPECT_TRUE(at_most(lines - 1).budget_verdict);
  }
}

TEST(RangePipeline, InputOfNothingButRejectsIsAVerdict) {
  EXPECT_TRUE(run(TextStream("junk\n\njunk\n"), 4'096, 1).verdict_at_end);
  EXPECT_FALSE(run(TextStream("\n\n"), 4'096, 1).verdict_at_end);
  EXPECT_FALSE(run(TextStream(""), 4'096, 1).verdict_at_end);
}

}  // namespace
}  // namespace chatload::pipeline
