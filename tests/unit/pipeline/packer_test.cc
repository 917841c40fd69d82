#include "pipeline/packer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "mapping/mapping_file.h"

namespace chatload::pipeline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kFull = 16 * kKiB;
constexpr split::SplitLimits kLimits{.range_bytes = kFull, .line_bytes_max = 4 * kKiB};
// Of a range of which three fit into a pack.
constexpr std::size_t kThird = kFull / 3 - Packer::kRangeBytes;

// Of a range of which as many lines are in a range of the full size, and those count as much.
constexpr split::SplitLimits kCountedLimits{
    .range_bytes = kFull, .line_bytes_max = 4 * kKiB, .bytes_a_record = kFull / 100};

// What the feed does next: hands out a range of a source, or something else first.
struct Step {
  std::uint64_t source;
  std::size_t bytes;
  std::function<void(SourceAccount&)> before = [](SourceAccount&) {};  // with the account of the range before
  bool is_of_blank_lines = false;
};

class ScriptedFeed final : public RangeFeed {
 public:
  ScriptedFeed(std::vector<Step> steps, report::RejectReport& rejects) : steps_(std::move(steps)), rejects_(rejects) {}

  std::optional<FedRange> next(PaddedBuffer buffer) override {
    EXPECT_GE(buffer.capacity(), kLimits.buffer_bytes());
    if (at_ == steps_.size()) return std::nullopt;
    const Step& step = steps_[at_++];
    if (!accounts_.empty()) step.before(accounts_.back());
    if (accounts_.empty() || accounts_.back().ordinal != SourceOrdinal(step.source)) {
      accounts_.emplace_back(SourceOrdinal(step.source), "log", parse::SourceFacts(), report::RejectLimit(), rejects_);
    }
    SourceAccount& account = accounts_.back();
    buffer.assign(std::string(step.bytes, step.is_of_blank_lines ? '\n' : static_cast<char>('a' + at_)));
    return FedRange{.range = {.number = RangeNumber(account.ranges++), .begin = {}, .bytes = std::move(buffer)},
                    .account = &account,
                    .compressed_end = 0};
  }
  bool reached_end() const override { return at_ == steps_.size(); }
  std::uint64_t compressed_bytes() const override { return 0; }

 private:
  const std::vector<Step> steps_;
  report::RejectReport& rejects_;
  std::size_t at_ = 0;
  std::deque<SourceAccount> accounts_;
};

class RecordedSink final : public RangeSink {
 public:
  Fate fate() const override { return Fate::kWritten; }
  bool is_recorded(RangeKey range) const override { return recorded.contains(range); }

  std::set<RangeKey> recorded;
};

class NoOwner final : public write::JobOwner {
  void first_rejects(parse::ParsedRange&) override {}
  void more_rejects(parse::ParsedRange&) override {}
  bool allows_refused(const write::WriteJob&, std::uint64_t) override { return true; }
  void done(write::Pack&) override {}
};

class PackerTest : public testing::Test {
 protected:
  using Packs = std::vector<std::string>;  // "1.0 1.1 2.0" each: source and number of its ranges

  // The packs that come of it, given back as soon as they are sent.
  Packs pack(std::vector<Step> steps, const split::SplitLimits& limits = kLimits) {
    ScriptedFeed feed(std::move(steps), rejects_);
    Packer packer(feed, sink_, limits, packs_, owner_, stats_, [this](RangePack& pack) { take(pack); });
    packer.run([this] { return goes_on_; });
    return sent_;
  }

  void take(RangePack& pack) {
    EXPECT_EQ(pack.place, sent_.size());
    std::string text;
    std::size_t held_bytes = 0;
    std::vector<write::WriteJob*> jobs;
    for (RangeJob& range : pack.ranges) {
      text += (text.empty() ? "" : " ") + std::to_string(range.source.value()) + "." +
              std::to_string(range.parsed.range.number.value());
      held_bytes += range.parsed.range.bytes.capacity();
      jobs.push_back(&range);
      EXPECT_EQ(range.is_recorded, sink_.recorded.contains(range.key()));
      EXPECT_EQ(range.owner, &owner_);
      EXPECT_EQ(range.is_given_up, &range.account->is_given_up);
      EXPECT_EQ(range.account->ordinal, range.source);
    }
    EXPECT_EQ(pack.jobs, jobs);
    EXPECT_LE(held_bytes, kLimits.buffer_bytes());
    sent_.push_back(std::move(text));
    if (on_sent_) on_sent_();
    packs_.release(pack);
  }

  const mapping::Mapping mapping_ = mapping::chat_mapping();
  report::RejectReport rejects_{mapping_, nullptr};
  report::LiveStats stats_;
  RecordedSink sink_;
  NoOwner owner_;
  LoanPool<RangePack> packs_{std::vector<RangePack>(1)};
  bool goes_on_ = true;
  std::function<void()> on_sent_;
  Packs sent_;
};

TEST_F(PackerTest, RangesShareAPackAcrossTheEndsOfSourcesUntilTheNextOneDoesNotFit) {
  EXPECT_THAT(pack({{1, kThird}, {2, kThird}, {3, kThird}, {4, kThird}, {5, kThird}, {6, kThird + 10}}),
              ElementsAre("1.0 2.0 3.0", "4.0 5.0", "6.0"));
  EXPECT_EQ(stats_.packs_split, 3U);
  EXPECT_EQ(stats_.bytes_decompressed, 6 * kThird + 10);
}

TEST_F(PackerTest, RangeOfTheFullSizeIsAPackOfItsOwn) {
  EXPECT_THAT(pack({{1, kFull}, {1, kFull + 100}, {1, 10}, {2, 10}, {3, kFull}, {3, 10}, {4, 10}}),
              ElementsAre("1.0", "1.1", "1.2 2.0", "3.0", "3.1 4.0"));
}

TEST_F(PackerTest, HoweverSmallRangesAreAPackHasNoMoreThanItsMemoryHolds) {
  std::vector<Step> steps;
  for (std::uint64_t source = 1; source <= 100; ++source) steps.push_back({source, 1});
  for (const std::string& pack : pack(std::move(steps))) {
    EXPECT_LE(std::count(pack.begin(), pack.end(), '.'), static_cast<std::ptrdiff_t>(kFull / Packer::kRangeBytes));
  }
  EXPECT_EQ(sent_.size(), 7U);
}

TEST_F(PackerTest, WhereLinesAreCountedARangeOfManyShortOnesFillsAPack) {
  const auto blank_lines = [](std::uint64_t source, std::size_t lines) {
    Step step{source, lines};
    step.is_of_blank_lines = true;
    return step;
  };
  EXPECT_THAT(pack({blank_lines(1, 100), blank_lines(1, 100), blank_lines(1, 40), blank_lines(2, 40)}, kCountedLimits),
              ElementsAre("1.0", "1.1", "1.2 2.0"));
}

TEST_F(PackerTest, BytesAreThoseOfTheFeedWhetherTheyAreCopiedOrNot) {
  std::vector<std::string> texts;
  ScriptedFeed feed({{1, 5}, {2, 6}, {3, kFull}, {4, kFull + 1}, {5, 7}}, rejects_);
  Packer packer(feed, sink_, kLimits, packs_, owner_, stats_, [&](RangePack& pack) {
    for (const RangeJob& range : pack.ranges) texts.emplace_back(range.parsed.range.bytes.view().text());
    packs_.release(pack);
  });
  packer.run([] { return true; });
  EXPECT_THAT(texts, ElementsAre("bbbbb", "cccccc", std::string(kFull, 'd'), std::string(kFull + 1, 'e'), "fffffff"));
}

TEST_F(PackerTest, RejectsThatAreKeptOfARangeAreFewerTheSmallerItIs) {
  std::vector<std::size_t> rejects_max;
  ScriptedFeed feed({{1, kFull}, {1, kFull / 2}, {2, 1}, {3, kFull}}, rejects_);
  Packer packer(feed, sink_, kLimits, packs_, owner_, stats_, [&](RangePack& pack) {
    for (const RangeJob& range : pack.ranges) rejects_max.push_back(range.parsed.rejects_max);
    packs_.release(pack);
  });
  packer.run([] { return true; });
  constexpr std::size_t kMost = parse::ParsedRange::kRejectsMax;
  EXPECT_THAT(rejects_max, ElementsAre(kMost, kMost / 2, 1, kMost));
}

TEST_F(PackerTest, RecordedRangesAndNewOnesAreNeverInOnePack) {
  for (const std::uint64_t source : {2U, 3U, 5U}) sink_.recorded.insert({SourceOrdinal(source), RangeNumber(0)});
  EXPECT_THAT(pack({{1, 10}, {2, 10}, {3, 10}, {4, 10}, {5, 10}, {6, 10}, {7, 10}}),
              ElementsAre("1.0", "2.0 3.0", "4.0", "5.0", "6.0 7.0"));
}

TEST_F(PackerTest, PackIsSentWhereASourceOfItFails) {
  const auto fail = [](SourceAccount& account) {
    account.failure = std::make_exception_ptr(CorruptInputError("damaged here"));
  };
  EXPECT_THAT(pack({{1, 10}, {2, 10}, {3, 10, fail}, {4, 10}}), ElementsAre("1.0 2.0", "3.0 4.0"));
}

TEST_F(PackerTest, PackIsSentBeforeWhatEndsTheFeedIsThrown) {
  const auto fail = [](SourceAccount&) { throw EnvironmentError("The disk is full."); };
  EXPECT_THROW(pack({{1, 10}, {2, 10}, {3, 10, fail}}), EnvironmentError);
  EXPECT_THAT(sent_, ElementsAre("1.0 2.0"));
}

TEST_F(PackerTest, RangeThatComesAfterAStopIsDiscardedAndThoseInFrontAreSent) {
  const auto stop = [this](SourceAccount&) { goes_on_ = false; };
  EXPECT_THAT(pack({{1, 10}, {2, 10}, {3, 10, stop}, {4, 10}}), ElementsAre("1.0 2.0"));
}

TEST_F(PackerTest, FeedWithoutRangesMakesNoPack) { EXPECT_THAT(pack({}), IsEmpty()); }

// The feed gives its third range only after the first two were sent.
TEST_F(PackerTest, PackIsSentWhenTheNextRangeIsLongInComing) {
  std::promise<void> sent;
  on_sent_ = [&] {
    if (sent_.size() == 1) sent.set_value();
  };
  std::future_status status{};
  const auto wait = [&](SourceAccount&) { status = sent.get_future().wait_for(std::chrono::seconds(60)); };
  EXPECT_THAT(pack({{1, 10}, {2, 10}, {3, 10, wait}, {4, 10}}), ElementsAre("1.0 2.0", "3.0 4.0"));
  EXPECT_EQ(status, std::future_status::ready);
}

}  // namespace
}  // namespace chatload::pipeline
