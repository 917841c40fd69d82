// The graph without a database: what a check does, and sinks of the tests.
#include "pipeline/range_pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "inflate/decoded_stream.h"
#include "mapping/mapping_file.h"
#include "pipeline/range_sinks.h"
#include "split/line_splitter.h"

namespace chatload::pipeline {
namespace {

using write::WriteJob;

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

// Sources in memory, one behind the other; what a stream throws ends its source alone.
class TextFeed final : public RangeFeed {
 public:
  TextFeed(std::deque<TextStream>& streams, const split::SplitLimits& limits, const report::RejectLimit& reject_limit,
           report::RejectReport& rejects, const StopSignal& stop)
      : streams_(streams), limits_(limits), reject_limit_(reject_limit), rejects_(rejects), stop_(stop) {}

  std::optional<FedRange> next(PaddedBuffer buffer) override {
    while (!stop_.requested()) {
      if (!accounts_.empty() && (accounts_.back().failure || accounts_.back().is_given_up)) splitter_.reset();
      if (!splitter_ && accounts_.size() == streams_.size()) {
        reached_end_ = true;
        return std::nullopt;
      }
      if (!splitter_) open_next();
      try {
        if (buffer.capacity() == 0) buffer = PaddedBuffer(limits_.buffer_bytes());
        if (auto range = splitter_->next(std::move(buffer))) {
          ++accounts_.back().ranges;
          return FedRange{std::move(*range), &accounts_.back(), 0};
        }
        if (streams_[accounts_.size() - 1].stopped()) return std::nullopt;
        accounts_.back().reached_end = true;
        splitter_.reset();
      } catch (const Error&) {
        accounts_.back().failure = std::current_exception();
      }
    }
    // A signal behind the last line: all of it was read.
    if (!splitter_ && accounts_.size() == streams_.size()) reached_end_ = true;
    return std::nullopt;
  }
  bool reached_end() const override { return reached_end_; }
  std::uint64_t compressed_bytes() const override { return 0; }

  [[nodiscard]] std::deque<SourceAccount>& accounts() { return accounts_; }

 private:
  void open_next() {
    const std::size_t place = accounts_.size();
    accounts_.emplace_back(SourceOrdinal(place + 1), "log " + std::to_string(place + 1), parse::SourceFacts(),
                           reject_limit_, rejects_);
    splitter_.emplace(streams_[place], limits_);
  }

  std::deque<TextStream>& streams_;
  const split::SplitLimits limits_;
  const report::RejectLimit reject_limit_;
  report::RejectReport& rejects_;
  const StopSignal& stop_;
  std::deque<SourceAccount> accounts_;
  std::optional<split::LineSplitter> splitter_;  // of the last account's source
  bool reached_end_ = false;
};

// Sources on their way through the graph, and what became of them.
class GraphRun {
 public:
  GraphRun(std::deque<TextStream> streams, std::size_t range_bytes, unsigned threads, report::RejectLimit limit = {})
      : streams_(std::move(streams)),
        options_{.limits = {.range_bytes = range_bytes, .line_bytes_max = 4'096},
                 .threads = threads,
                 .ranges_in_flight_max = 4},
        feed_(streams_, options_.limits, limit, rejects_, stop_) {}

  GraphRun& through(RangeSink& sink) {
    result_ = run_pipeline(feed_, sink, options_, mapping_, parse::filter_of(mapping_), stats_, stop_);
    return *this;
  }
  GraphRun& counted() {
    CountingSink sink;
    return through(sink);
  }

  [[nodiscard]] const PipelineResult& result() const { return result_; }
  [[nodiscard]] std::deque<SourceAccount>& sources() { return feed_.accounts(); }
  // Of the only one.
  [[nodiscard]] SourceAccount& source() { return feed_.accounts().at(0); }
  [[nodiscard]] parse::ParseCounts parsed() { return source().counts.parsed; }
  [[nodiscard]] std::optional<std::string> verdict_at_end() {
    return source().rejects.verdict_at_end(parsed().lines, parsed().blank);
  }
  [[nodiscard]] TextStream& stream() { return streams_.front(); }

 private:
  const StopSignal stop_;
  const mapping::Mapping mapping_ = mapping::chat_mapping();
  report::RejectReport rejects_{mapping_, nullptr};
  std::deque<TextStream> streams_;
  PipelineOptions options_;
  TextFeed feed_;
  report::LiveStats stats_;
  PipelineResult result_;
};

std::deque<TextStream> one(
    std::string_view text, std::function<void()> at_end = [] {}) {
  std::deque<TextStream> streams;
  streams.emplace_back(text, std::move(at_end));
  return streams;
}

TEST(RangePipeline, CountsDoNotDependOnThreadsOrRangeSize) {
  const std::string text = log_with_broken_lines(5'000) + "\n" + good_line(5'001);
  for (const unsigned threads : {1U, 2U, 8U}) {
    for (const std::size_t range_bytes : {1UL, 100UL, 4'096UL, 1UL << 20}) {
      GraphRun run(one(text), range_bytes, threads);
      const report::RunCounts counts = run.counted().source().counts;
      EXPECT_EQ(counts.parsed.lines, 5'002U);
      EXPECT_EQ(counts.parsed.valid, 4'501U);
      EXPECT_EQ(counts.parsed.blank, 1U);
      EXPECT_EQ(counts.parsed.rejected(), 500U);
      EXPECT_EQ(counts.bytes_decompressed, text.size());
      EXPECT_TRUE(counts.check_adds_up());
      EXPECT_TRUE(run.result().is_whole());
      EXPECT_TRUE(run.source().is_whole());
      EXPECT_EQ(run.source().lines(), 5'002U);
      EXPECT_EQ(run.source().blank, 1U);
      EXPECT_EQ(run.source().rejects.rejected(), 500U);
    }
  }
}

TEST(RangePipeline, RangesInFrontOfDamageAreCountedAndTheDamageIsReported) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += good_line(i);
  const std::string half_a_line = text + R"({"id":"never)";
  GraphRun run(one(half_a_line, [] { throw CorruptInputError("damaged here"); }), 100, 2);
  run.counted();
  ASSERT_TRUE(run.source().failure);
  EXPECT_THROW(std::rethrow_exception(run.source().failure), CorruptInputError);
  EXPECT_FALSE(run.source().is_whole());
  EXPECT_TRUE(run.result().is_whole()) << "it ends its source alone";
  EXPECT_EQ(run.parsed().rejected(), 0U) << "a line cut by the damage is no bad line";
  EXPECT_GE(run.parsed().valid, 98U);
}

TEST(RangePipeline, SignalEndsTheRunWithoutTheLineThatItCut) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += good_line(i);
  const std::string half_a_line = text + R"({"id":"never)";
  TextStream* stream = nullptr;
  GraphRun run(one(half_a_line,
                   [&] {
                     std::raise(SIGTERM);
                     stream->stop_at_end();
                   }),
               100, 2);
  stream = &run.stream();
  run.counted();
  EXPECT_TRUE(run.result().interrupted);
  EXPECT_FALSE(run.result().failure);
  EXPECT_FALSE(run.source().failure);
  EXPECT_FALSE(run.source().is_whole());
  EXPECT_EQ(run.parsed().rejected(), 0U);
}

TEST(RangePipeline, SignalAfterTheLastLineInterruptsNothing) {
  const std::string text = good_line(1);
  GraphRun run(one(text, [] { std::raise(SIGTERM); }), 1, 1);
  run.counted();
  EXPECT_FALSE(run.result().interrupted);
  EXPECT_TRUE(run.source().is_whole());
  EXPECT_EQ(run.parsed().valid, 1U);
}

TEST(RangePipeline, BudgetVerdictDoesNotDependOnThreadsOrRangeSize) {
  const std::string text = log_with_broken_lines(3'000);
  for (const unsigned threads : {1U, 8U}) {
    for (const std::size_t range_bytes : {1UL, 4'096UL, 1UL << 20}) {
      const auto verdict = [&](std::uint64_t lines) {
        return GraphRun(one(text), range_bytes, threads, {.lines = lines, .share_ppm = {}})
            .counted()
            .source()
            .budget_verdict;
      };
      EXPECT_TRUE(verdict(299));
      EXPECT_FALSE(verdict(300));
    }
  }
}

TEST(RangePipeline, EveryRejectOfARangeIsBudgetedHoweverMany) {
  std::string text;
  const std::uint64_t lines = 3 * parse::ParsedRange::kRejectsMax + 5;
  for (std::uint64_t i = 0; i < lines; ++i) text += "x\n";
  for (const std::size_t range_bytes : {4'096UL, 1UL << 20}) {
    const auto run_with = [&](std::uint64_t rejects_max, const auto& look) {
      GraphRun run(one(text), range_bytes, 2, {.lines = rejects_max, .share_ppm = {}});
      look(run.counted().source());
    };
    run_with(lines, [&](const SourceAccount& source) {
      EXPECT_FALSE(source.budget_verdict);
      EXPECT_EQ(source.counts.parsed.rejected(), lines);
    });
    run_with(lines - 1, [](const SourceAccount& source) { EXPECT_TRUE(source.budget_verdict); });
  }
}

TEST(RangePipeline, InputOfNothingButRejectsIsAVerdict) {
  EXPECT_TRUE(GraphRun(one("junk\n\njunk\n"), 4'096, 1).counted().verdict_at_end());
  EXPECT_FALSE(GraphRun(one("\n\n"), 4'096, 1).counted().verdict_at_end());
  EXPECT_FALSE(GraphRun(one(""), 4'096, 1).counted().verdict_at_end());
}

TEST(RangePipeline, FeedOfNoSourcesIsReadToItsEnd) {
  GraphRun run({}, 4'096, 2);
  EXPECT_TRUE(run.counted().result().is_whole());
  EXPECT_TRUE(run.sources().empty());
}

// A good one, one that is given, and another good one.
class ThreeSourcesTest : public testing::TestWithParam<std::tuple<unsigned, std::size_t>> {
 protected:
  static constexpr int kLines = 2'000;

  GraphRun run(
      std::string_view second, report::RejectLimit limit = {}, std::function<void()> at_end = [] {}) {
    std::deque<TextStream> streams;
    streams.emplace_back(first_);
    streams.emplace_back(second, std::move(at_end));
    streams.emplace_back(third_);
    const auto [threads, range_bytes] = GetParam();
    return {std::move(streams), range_bytes, threads, limit};
  }

  void expect_good_ones_whole(GraphRun& run) {
    EXPECT_TRUE(run.result().is_whole());
    ASSERT_EQ(run.sources().size(), 3U);
    for (const std::size_t good : {0U, 2U}) {
      const SourceAccount& source = run.sources()[good];
      EXPECT_TRUE(source.is_whole()) << source.name;
      EXPECT_EQ(source.ordinal, SourceOrdinal(good + 1));
      EXPECT_EQ(source.lines(), static_cast<std::uint64_t>(kLines + 1));
      EXPECT_EQ(source.blank, 1U);
      EXPECT_EQ(source.counts.parsed.lines, source.lines());
      EXPECT_EQ(source.counts.parsed.rejected(), static_cast<std::uint64_t>(kLines / 10));
      EXPECT_EQ(source.rejects.rejected(), source.counts.parsed.rejected());
      EXPECT_EQ(source.counts.bytes_decompressed, first_.size());
      EXPECT_TRUE(source.counts.check_adds_up());
    }
  }

  const std::string first_ = log_with_broken_lines(kLines) + "\n";
  const std::string third_ = first_;
};

INSTANTIATE_TEST_SUITE_P(, ThreeSourcesTest,
                         testing::Combine(testing::Values(1U, 2U, 8U),
                                          testing::Values(1UL, 100UL, 4'096UL, 1UL << 20)));

TEST_P(ThreeSourcesTest, OneThatFailsInItsMiddleEndsAloneBehindWhatStandsInFront) {
  std::string second;
  for (int i = 0; i < 1'000; ++i) second += good_line(i);
  second += R"({"id":"never)";
  GraphRun three = run(second, {}, [] { throw CorruptInputError("damaged here"); });
  expect_good_ones_whole(three.counted());
  const SourceAccount& failed = three.sources().at(1);
  ASSERT_TRUE(failed.failure);
  EXPECT_THROW(std::rethrow_exception(failed.failure), CorruptInputError);
  EXPECT_FALSE(failed.is_whole());
  EXPECT_FALSE(failed.reached_end);
  EXPECT_EQ(failed.counts.parsed.rejected(), 0U);
  EXPECT_EQ(failed.counts.parsed.lines, failed.lines()) << "of its ranges, each is counted";
  EXPECT_GE(failed.lines() + std::get<1>(GetParam()) / good_line(0).size() + 1, 1'000U);
}

TEST_P(ThreeSourcesTest, OneOverItsBudgetEndsAloneAndIsReadNoFurtherThanItTakesToNotice) {
  const std::string second = log_with_broken_lines(50) + log_with_broken_lines(200'000);
  const report::RejectLimit limit{.lines = kLines / 10, .share_ppm = {}};
  GraphRun three = run(second, limit);
  expect_good_ones_whole(three.counted());
  const SourceAccount& over = three.sources().at(1);
  ASSERT_TRUE(over.budget_verdict);
  EXPECT_EQ(*over.budget_verdict,
            "log 2: 201 rejected lines up to line 2,010, more than the 200 that --max-rejects allows.");
  EXPECT_FALSE(over.failure);
  EXPECT_TRUE(over.is_given_up);
  EXPECT_FALSE(over.is_whole());
  // Those in front, the one that exceeded it, those in flight, and one that was cut ahead.
  const std::size_t in_front = log_with_broken_lines(2'010).size() / std::get<1>(GetParam()) + 1;
  EXPECT_LE(over.ranges, std::min<std::size_t>(in_front, 2'010) + 8);
  EXPECT_GT(over.counts.parsed.rejected(), *limit.lines) << "the range that exceeds it is counted";
  EXPECT_TRUE(over.counts.check_adds_up());
}

TEST_P(ThreeSourcesTest, BudgetIsEachSourcesOwn) {
  for (const bool is_over : {false, true}) {
    GraphRun three = run(first_, {.lines = kLines / 10 - (is_over ? 1 : 0), .share_ppm = {}});
    three.counted();
    ASSERT_EQ(three.sources().size(), 3U);
    for (const SourceAccount& source : three.sources()) EXPECT_EQ(source.budget_verdict.has_value(), is_over);
  }
}

// A range as a sink gets to see it.
using Seen = std::tuple<RangeKey, LineNumber, std::uint64_t>;  // with its first line and how many it has

Seen seen(const WriteJob& job) { return {job.key(), job.first_line, job.parsed.counts.lines}; }

// Takes each range onto a thread of its own, which is done with several of them in another order.
class ShufflingSink final : public RangeSink {
 public:
  ShufflingSink() : writer_([this] { write(); }) {}
  ~ShufflingSink() override {
    {
      const std::lock_guard lock(mutex_);
      is_closed_ = true;
    }
    changed_.notify_all();
  }

  Fate fate() const override { return Fate::kSorted; }
  bool hand_over(RangePack& pack) override {
    const std::lock_guard lock(mutex_);
    for (const WriteJob* const job : pack.jobs) handed_over.push_back(seen(*job));
    waiting_.push_back(&pack);
    changed_.notify_all();
    return true;
  }
  void settle(RangeJob& job) override { settled.push_back(seen(job)); }

  std::vector<Seen> handed_over;
  std::vector<Seen> settled;

 private:
  // The last that is there first.
  void write() {
    for (;;) {
      RangePack* pack = nullptr;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return is_closed_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        pack = waiting_.back();
        waiting_.pop_back();
      }
      for (WriteJob* const job : pack->jobs) job->result.committed = true;
      pack->jobs.front()->owner->done(*pack);
    }
  }

  std::mutex mutex_;  // guards what stands below, and handed_over
  std::condition_variable changed_;
  std::vector<RangePack*> waiting_;
  bool is_closed_ = false;
  std::jthread writer_;
};

TEST_P(ThreeSourcesTest, RangesComeToTheSinkAndAreSettledInTheOrderOfTheSourcesEachWithLinesOfItsOwn) {
  ShufflingSink sink;
  GraphRun three = run(first_);
  three.through(sink);
  EXPECT_TRUE(three.result().is_whole());
  EXPECT_EQ(sink.handed_over, sink.settled);
  SourceOrdinal source{0};
  RangeNumber number;
  LineNumber line;
  for (const auto& [key, first_line, lines] : sink.settled) {
    if (key.source != source) {
      EXPECT_EQ(key.source, source + 1);
      source = key.source;
      number = RangeNumber(0);
      line = LineNumber(1);
    }
    EXPECT_EQ(key.number, number);
    EXPECT_EQ(first_line, line);
    number += 1;
    line += lines;
  }
  EXPECT_EQ(source, SourceOrdinal(3));
  for (const SourceAccount& account : three.sources()) {
    EXPECT_TRUE(account.is_whole());
    EXPECT_EQ(account.lines(), static_cast<std::uint64_t>(kLines + 1));
    EXPECT_EQ(account.rejects.rejected(), static_cast<std::uint64_t>(kLines / 10));
  }
}

TEST_P(ThreeSourcesTest, NothingOfASourceIsSettledBehindTheRangeThatExceedsItsBudget) {
  ShufflingSink sink;
  const std::string text = log_with_broken_lines(50) + log_with_broken_lines(20'000);
  GraphRun three = run(text, {.lines = kLines / 10, .share_ppm = {}});
  three.through(sink);
  EXPECT_TRUE(three.result().is_whole());
  EXPECT_TRUE(three.sources().at(0).is_whole());
  EXPECT_TRUE(three.sources().at(2).is_whole());
  EXPECT_TRUE(three.sources().at(1).budget_verdict);
  // The one that exceeds the budget is settled, so that it is known which line does; none begins behind that line.
  for (const auto& [key, first_line, lines] : sink.settled) {
    if (key.source == SourceOrdinal(2)) {
      EXPECT_LE(first_line, LineNumber(2'010));
    }
  }
}

// Fails at a range of the second source.
class FailingSink final : public RangeSink {
 public:
  Fate fate() const override { return Fate::kSorted; }
  bool hand_over(RangePack& pack) override {
    for (const WriteJob* const job : pack.jobs) {
      if (job->source == SourceOrdinal(2)) throw EnvironmentError("The disk is full.");
    }
    return false;
  }
};

TEST_P(ThreeSourcesTest, SinkThatFailsEndsTheWholeRunBehindWhatStandsInFront) {
  FailingSink sink;
  GraphRun three = run(first_);
  three.through(sink);
  ASSERT_TRUE(three.result().failure);
  EXPECT_THROW(std::rethrow_exception(three.result().failure), EnvironmentError);
  EXPECT_FALSE(three.result().is_whole());
  const bool shares_a_pack_with_the_second = first_.size() < std::get<1>(GetParam());
  EXPECT_EQ(three.sources().at(0).is_whole(), !shares_a_pack_with_the_second);
  for (std::size_t behind = 1; behind < three.sources().size(); ++behind) {
    EXPECT_FALSE(three.sources()[behind].is_whole()) << behind;
    EXPECT_EQ(three.sources()[behind].rejects.rejected(), 0U) << behind;
  }
}

// Every second range of every second source is recorded.
class PartlyRecordedSink final : public RangeSink {
 public:
  explicit PartlyRecordedSink(bool parses) : parses_(parses) {}

  static bool has(RangeKey key) { return key.source.value() % 2 == 0 && key.number.value() % 2 == 1; }

  Fate fate() const override { return parses_ ? Fate::kSorted : Fate::kWritten; }
  bool is_recorded(RangeKey range) const override { return has(range); }
  bool parses_recorded() const override { return parses_; }
  bool hand_over(RangePack& pack) override {
    for (WriteJob* const job : pack.jobs) job->result.counts.rejected = job->parsed.counts.rejected();
    return false;
  }
  void settle(RangeJob& job) override {
    EXPECT_EQ(job.is_recorded, has(job.key()));
    EXPECT_FALSE(job.digest.empty());
    (job.is_recorded ? valid_recorded : valid_new) += job.parsed.counts.valid;
    lines += job.parsed.counts.lines;
  }

  std::uint64_t lines = 0;
  std::uint64_t valid_new = 0;
  std::uint64_t valid_recorded = 0;

 private:
  const bool parses_;
};

TEST_P(ThreeSourcesTest, RangesThatTheSinkHasAreParsedOnlyWhereItWantsTheirRows) {
  for (const bool parses : {true, false}) {
    PartlyRecordedSink sink(parses);
    GraphRun three = run(first_);
    three.through(sink);
    EXPECT_TRUE(three.result().is_whole());
    EXPECT_EQ(sink.lines, 3U * (kLines + 1));
    const bool has_some = three.sources().at(1).ranges > 1;
    EXPECT_EQ(sink.valid_recorded > 0, parses && has_some);
    if (parses) {
      EXPECT_EQ(sink.valid_new + sink.valid_recorded, 3U * (kLines - kLines / 10));
    }
    for (const SourceAccount& source : three.sources()) {
      EXPECT_EQ(source.lines(), static_cast<std::uint64_t>(kLines + 1));
    }
  }
}

}  // namespace
}  // namespace chatload::pipeline
