#include "load/source_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/errors.h"
#include "base/units.h"
#include "mapping/mapping_file.h"
#include "source/held_file.h"
#include "unit/inflate/announced_text.h"
#include "unit/inflate/gzip_text.h"
#include "unit/load/load_files.h"

namespace chatload::load {
namespace {

using pipeline::FedRange;
using pipeline::SourceAccount;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kRangeBytes = 1'000;

// A range as the graph gets it.
struct Fed {
  SourceOrdinal source;
  RangeNumber number;
  ByteOffset begin;
  std::uint64_t compressed_end;
  std::string text;
};

// Without and with threads that begin gzips ahead of their turn: what comes of them is the same.
class SourceFeedTest : public testing::TestWithParam<inflate::ReadAhead> {
 protected:
  SourceFeedTest() {
    read_.split = {.range_bytes = kRangeBytes, .line_bytes_max = 4 * kKiB};
    report_.progress = no_progress();
  }

  // The next source of the feed. Not kept open unless asked for.
  LoadSource& add(const std::string& name, std::string_view content, bool is_held = false) {
    LoadSource& source = sources_.emplace_back(LoadFiles::identified(files_.write(name, content)));
    source.ordinal = SourceOrdinal(sources_.size());
    if (is_held) source.file = std::make_shared<const source::HeldFile>(source.name);
    return source;
  }

  SourceFeed& feed(bool stops_at_failure = false) {
    std::vector<LoadSource*> sources;
    for (LoadSource& source : sources_) sources.push_back(&source);
    rejects_.begin("all of them are elsewhere");
    feed_.emplace(
        std::move(sources),
        FeedOptions{.read = read_, .report = report_, .ahead = GetParam(), .stops_at_failure = stops_at_failure},
        mapping_, rejects_, stats_, stop_);
    EXPECT_EQ(feed_->begin_run(), !sources_.empty());
    return *feed_;
  }

  std::optional<Fed> next() {
    auto fed = feed_->next(PaddedBuffer());
    while (!fed && feed_->reached_end() && feed_->begin_run()) fed = feed_->next(PaddedBuffer());
    if (!fed) return std::nullopt;
    return Fed{fed->account->ordinal, fed->range.number, fed->range.begin, fed->compressed_end,
               std::string(fed->range.bytes.view().text())};
  }
  // What is left, by source.
  std::vector<std::string> read_all() {
    std::vector<std::string> texts(sources_.size());
    while (const auto fed = next()) texts.at(fed->source.value() - 1) += fed->text;
    return texts;
  }

  static std::string digest_of(std::string_view content) {
    source::ContentDigest digest(source::DigestForm::kChunks);
    digest.update(content);
    return digest.hex();
  }

  SourceAccount& account(std::size_t place) { return feed_->accounts().at(place); }
  std::string failure_of(std::size_t place) {
    if (!account(place).failure) return "none";
    try {
      std::rethrow_exception(account(place).failure);
    } catch (const Error& error) {
      return error.what();
    }
  }
  void expect_whole(std::size_t place, std::string_view content) {
    const SourceAccount& whole = account(place);
    EXPECT_TRUE(whole.reached_end) << place;
    EXPECT_EQ(failure_of(place), "none");
    EXPECT_EQ(whole.digest, digest_of(content));
    EXPECT_EQ(whole.bytes_compressed, content.size());
    EXPECT_EQ(whole.stamp, sources_[place].identity.stamp);
  }

  LoadFiles files_;
  cli::ReadPlan read_;
  cli::ReportPlan report_;
  const mapping::Mapping mapping_ = mapping::chat_mapping();
  report::RejectReport rejects_{mapping_, nullptr};
  report::LiveStats stats_;
  StopSignal stop_;
  std::deque<LoadSource> sources_;
  std::optional<SourceFeed> feed_;
};

constexpr inflate::ReadAhead kSideBySide{.threads = 4, .bytes = 4 * kMiB};

INSTANTIATE_TEST_SUITE_P(OneThread, SourceFeedTest, testing::Values(inflate::ReadAhead{}));
INSTANTIATE_TEST_SUITE_P(SideBySide, SourceFeedTest, testing::Values(kSideBySide));

TEST_P(SourceFeedTest, SourcesAreReadOneBehindTheOtherEachFromItsFirstRange) {
  const std::string first = chat_lines(100, "first-");
  const std::string second = inflate::compress(chat_lines(50, "second-"));
  const std::string third = chat_lines(1);
  add("1", first);
  add("2", second);
  add("3", third);
  feed();
  EXPECT_EQ(stats_.sources_total, 3U);
  EXPECT_EQ(total_bytes(feed_->sources()), first.size() + second.size() + third.size());
  std::vector<std::string> texts(3);
  std::vector<std::uint64_t> ranges(3);
  std::vector<std::uint64_t> compressed(3);
  while (const auto fed = next()) {
    const std::size_t place = fed->source.value() - 1;
    EXPECT_EQ(place + 1, feed_->accounts().size()) << "none is opened before its turn";
    EXPECT_EQ(stats_.source_number, fed->source.value());
    EXPECT_EQ(fed->number, RangeNumber(ranges[place]++));
    EXPECT_EQ(fed->begin, ByteOffset(texts[place].size()));
    EXPECT_GE(fed->compressed_end, compressed[place]);
    compressed[place] = fed->compressed_end;
    texts[place] += fed->text;
  }
  EXPECT_TRUE(feed_->reached_end());
  EXPECT_THAT(texts, ElementsAre(first, chat_lines(50, "second-"), third));
  EXPECT_THAT(compressed, ElementsAre(first.size(), second.size(), third.size()));
  EXPECT_EQ(feed_->compressed_bytes(), first.size() + second.size() + third.size());
  expect_whole(0, first);
  expect_whole(1, second);
  expect_whole(2, third);
  for (std::size_t place = 0; place < 3; ++place) {
    EXPECT_EQ(account(place).ranges, ranges[place]);
    EXPECT_EQ(account(place).name, sources_[place].name);
    EXPECT_EQ(account(place).ordinal, SourceOrdinal(place + 1));
  }
}

TEST_P(SourceFeedTest, RangeNeverHoldsTheEndOfOneSourceAndTheBeginningOfTheNext) {
  for (int i = 0; i < 20; ++i) add(std::to_string(i), chat_line(std::to_string(i)));
  feed();
  std::size_t ranges = 0;
  while (const auto fed = next()) EXPECT_EQ(fed->text, chat_line(std::to_string(ranges++)));
  EXPECT_EQ(ranges, 20U);
}

TEST_P(SourceFeedTest, NoSourcesAreReadToTheirEnd) {
  feed();
  EXPECT_FALSE(feed_->reached_end());
  EXPECT_FALSE(next());
  EXPECT_TRUE(feed_->reached_end());
  EXPECT_EQ(total_bytes(feed_->sources()), 0U);
}

TEST_P(SourceFeedTest, SourceOfNoLinesHasNoRangeAndIsWhole) {
  const std::string nothing = inflate::compress("");
  add("1", chat_lines(3));
  add("2", nothing);
  add("3", chat_lines(3));
  feed();
  EXPECT_THAT(read_all(), ElementsAre(chat_lines(3), "", chat_lines(3)));
  for (std::size_t place = 0; place < 3; ++place) EXPECT_TRUE(account(place).is_whole()) << place;
  EXPECT_EQ(account(1).ranges, 0U);
  expect_whole(1, nothing);
}

TEST_P(SourceFeedTest, FileWithoutAByteEndsAlone) {
  add("1", chat_lines(3));
  add("2", "");
  add("3", chat_lines(3));
  feed();
  EXPECT_THAT(read_all(), ElementsAre(chat_lines(3), "", chat_lines(3)));
  EXPECT_THAT(failure_of(1), HasSubstr("is empty (0 bytes)"));
  EXPECT_FALSE(account(1).reached_end);
  EXPECT_EQ(account(1).ranges, 0U);
  expect_whole(2, chat_lines(3));
}

TEST_P(SourceFeedTest, SourceThatIsMissingAtItsTurnEndsAlone) {
  add("1", chat_lines(20));
  add("2", chat_lines(20));
  add("3", chat_lines(20));
  feed();
  std::filesystem::remove(sources_[1].name);
  const auto texts = read_all();
  EXPECT_TRUE(feed_->reached_end());
  EXPECT_THAT(failure_of(1), HasSubstr(sources_[1].name + ": there is no such file"));
  EXPECT_THROW(std::rethrow_exception(account(1).failure), SourceError);
  EXPECT_EQ(account(1).ranges, 0U);
  EXPECT_FALSE(account(1).is_whole());
  EXPECT_EQ(texts[1], "");
  EXPECT_EQ(texts[2], chat_lines(20));
  expect_whole(0, chat_lines(20));
  expect_whole(2, chat_lines(20));
}

TEST_P(SourceFeedTest, SourceThatIsMissingAndKeptOpenIsReadAllTheSame) {
  add("1", chat_lines(20));
  add("2", chat_lines(20), /*is_held=*/true);
  feed();
  std::filesystem::remove(sources_[1].name);
  EXPECT_THAT(read_all(), ElementsAre(chat_lines(20), chat_lines(20)));
  EXPECT_TRUE(account(1).is_whole());
}

TEST_P(SourceFeedTest, SourceThatWasReplacedSinceItWasLookedUpEndsAlone) {
  add("1", chat_lines(20));
  add("2", chat_lines(20));
  add("3", chat_lines(20));
  feed();
  std::filesystem::rename(files_.write("new", chat_lines(20, "new-")), sources_[1].name);
  EXPECT_THAT(read_all(), ElementsAre(chat_lines(20), "", chat_lines(20)));
  EXPECT_THAT(failure_of(1), HasSubstr("was replaced or written to since this run looked at it"));
  EXPECT_TRUE(feed_->reached_end());
  EXPECT_TRUE(account(2).is_whole());
}

TEST_P(SourceFeedTest, SourceThatIsWrittenToWhileItIsReadFailsAtItsEnd) {
  const LoadSource& written = add("1", chat_lines(40));
  add("2", chat_lines(20));
  feed();
  ASSERT_TRUE(next());
  std::ofstream(written.name, std::ios::app) << chat_line("later");
  const auto texts = read_all();
  EXPECT_THAT(failure_of(0), HasSubstr("was changed while it was read"));
  EXPECT_FALSE(account(0).reached_end);
  EXPECT_EQ(texts[1], chat_lines(20));
  EXPECT_TRUE(account(1).is_whole());
}

TEST_P(SourceFeedTest, SourceThatIsTouchedWhileItIsReadIsWholeUnderItsNewStamp) {
  const LoadSource& touched = add("1", chat_lines(40));
  feed();
  ASSERT_TRUE(next());
  std::filesystem::last_write_time(touched.name, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  static_cast<void>(read_all());
  EXPECT_EQ(failure_of(0), "none");
  EXPECT_TRUE(account(0).reached_end);
  EXPECT_NE(account(0).stamp, touched.identity.stamp);
  EXPECT_EQ(account(0).stamp, source::stamp_of_path(touched.name));
  EXPECT_EQ(account(0).digest, digest_of(chat_lines(40)));
}

TEST_P(SourceFeedTest, DamagedSourceEndsAloneBehindTheRangesInFrontOfTheDamage) {
  const std::string lines = inflate::sample_lines(2'000);
  const std::string compressed = inflate::compress(lines);
  add("1", compressed.substr(0, compressed.size() / 2));
  add("2", chat_lines(20));
  feed();
  const auto texts = read_all();
  EXPECT_THROW(std::rethrow_exception(account(0).failure), CorruptInputError);
  EXPECT_FALSE(account(0).reached_end);
  EXPECT_GT(texts[0].size(), lines.size() / 3);
  EXPECT_EQ(texts[0], lines.substr(0, texts[0].size()));
  EXPECT_EQ(texts[0].back(), '\n');
  EXPECT_EQ(texts[1], chat_lines(20));
  EXPECT_TRUE(account(1).is_whole());
  EXPECT_TRUE(feed_->reached_end());
}

TEST_P(SourceFeedTest, SourceThatIsNoLogEndsAloneBeforeItsFirstRange) {
  add("1", std::string("\xFD"
                       "7zXZ\0\0\4",
                       8) +
               std::string(4096, '\1'));
  add("2", chat_lines(20));
  feed();
  EXPECT_THAT(read_all(), ElementsAre("", chat_lines(20)));
  EXPECT_NE(failure_of(0), "none");
  EXPECT_TRUE(account(1).is_whole());
}

TEST_P(SourceFeedTest, HopelessSourceEndsAloneBeforeItsFirstRange) {
  std::string junk;
  for (std::uint64_t i = 0; i < kHopelessRejectsMax + 1; ++i) junk += "{broken\n";
  add("1", junk);
  add("2", chat_lines(20));
  feed();
  EXPECT_THAT(read_all(), ElementsAre("", chat_lines(20)));
  EXPECT_THROW(std::rethrow_exception(account(0).failure), HopelessInputError);
  EXPECT_TRUE(account(1).is_whole());
}

TEST_P(SourceFeedTest, SourcesBehindOneThatFailsAreNotBegunWhereTheFeedStopsAtFailures) {
  add("1", chat_lines(20));
  add("2", chat_lines(20));
  add("3", chat_lines(20));
  feed(/*stops_at_failure=*/true);
  std::filesystem::remove(sources_[1].name);
  EXPECT_THAT(read_all(), ElementsAre(chat_lines(20), "", ""));
  EXPECT_EQ(feed_->accounts().size(), 2U);
  EXPECT_TRUE(account(0).is_whole());
  EXPECT_NE(failure_of(1), "none");
  EXPECT_TRUE(feed_->reached_end()) << "no stop kept it from its end";
}

TEST_P(SourceFeedTest, SourceThatIsGivenUpIsReadNoFurther) {
  add("1", chat_lines(100));
  add("2", chat_lines(20));
  feed();
  const auto first = next();
  ASSERT_TRUE(first);
  account(0).is_given_up = true;
  EXPECT_THAT(read_all(), ElementsAre("", chat_lines(20)));
  EXPECT_FALSE(account(0).reached_end);
  EXPECT_EQ(account(0).ranges, 1U);
  EXPECT_TRUE(account(1).is_whole());
  EXPECT_TRUE(feed_->reached_end());
}

TEST_P(SourceFeedTest, SourceThatIsGivenUpStopsAFeedThatStopsAtFailures) {
  add("1", chat_lines(100));
  add("2", chat_lines(20));
  feed(/*stops_at_failure=*/true);
  ASSERT_TRUE(next());
  account(0).is_given_up = true;
  EXPECT_FALSE(next());
  EXPECT_EQ(feed_->accounts().size(), 1U);
  EXPECT_TRUE(feed_->reached_end());
}

TEST_P(SourceFeedTest, StopEndsTheFeedAndFailsNoSource) {
  add("1", chat_lines(100));
  add("2", chat_lines(20));
  feed();
  ASSERT_TRUE(next());
  std::raise(SIGTERM);
  EXPECT_FALSE(next());
  EXPECT_FALSE(feed_->reached_end());
  EXPECT_EQ(feed_->accounts().size(), 1U);
  EXPECT_EQ(failure_of(0), "none");
  EXPECT_FALSE(account(0).reached_end);
}

TEST_P(SourceFeedTest, StopBeforeTheFirstSourceBeginsNone) {
  add("1", chat_lines(100));
  feed();
  std::raise(SIGTERM);
  EXPECT_FALSE(next());
  EXPECT_TRUE(feed_->accounts().empty());
}

TEST_P(SourceFeedTest, SizeIsUnknownWhereThatOfOneSourceIs) {
  add("1", chat_lines(1));
  sources_.emplace_back().name = "-";
  EXPECT_EQ(total_bytes(feed().sources()), std::nullopt);
}

TEST_P(SourceFeedTest, TypesThatAreFilteredAtItsBeginningAreKeptWithItsSource) {
  read_.filter.set_values("type", {"message"});
  add("1", R"({"id":"1","type":"typing","from":"v","site_id":"1","timestamp":7,"data":{"message":""}})"
           "\n" +
               chat_lines(3));
  add("2", chat_lines(3));
  feed();
  static_cast<void>(read_all());
  EXPECT_THAT(sources_[0].looked_at.filtered_types, ElementsAre(testing::Pair("typing", 1U)));
  EXPECT_TRUE(sources_[1].looked_at.filtered_types.empty());
}

TEST_P(SourceFeedTest, ManyGzipsOfAllSizesComeInTheirOrderWithTheirDigests) {
  std::vector<std::string> lines;
  std::vector<std::string> files;
  for (std::size_t i = 0; i < 40; ++i) {  // up to 3 MB, which is more than one may be begun with
    lines.push_back(inflate::sample_lines(i % 8 == 7 ? 20'000 : i * i));
    files.push_back(inflate::compress(lines.back()));
    add(std::to_string(i), files.back(), /*is_held=*/i % 3 == 0);
  }
  feed();
  std::vector<std::string> texts(40);
  while (const auto fed = next()) {
    const std::size_t place = fed->source.value() - 1;
    EXPECT_EQ(place + 1, feed_->accounts().size());
    EXPECT_LE(fed->compressed_end, files[place].size());
    texts[place] += fed->text;
  }
  EXPECT_TRUE(texts == lines);
  for (std::size_t i = 0; i < 40; ++i) expect_whole(i, files[i]);
}

TEST_P(SourceFeedTest, GzipThatIsDamagedAmongManyEndsAloneBehindWhatIsGood) {
  const std::string lines = inflate::sample_lines(500);
  const std::string good = inflate::compress(lines);
  for (int i = 0; i < 9; ++i) add(std::to_string(i), i % 3 == 1 ? good.substr(0, good.size() / 2) : good);
  feed();
  const auto texts = read_all();
  for (std::size_t i = 0; i < 9; ++i) {
    if (i % 3 != 1) {
      EXPECT_EQ(texts[i], lines);
      expect_whole(i, good);
      continue;
    }
    EXPECT_THAT(failure_of(i), HasSubstr("compressed byte"));
    EXPECT_EQ(texts[i], texts[1]);
    EXPECT_GT(texts[i].size(), lines.size() / 3);
    EXPECT_TRUE(lines.starts_with(texts[i]));
  }
}

TEST_P(SourceFeedTest, HopelessGzipsAmongManyEndAloneBeforeTheirFirstRanges) {
  std::string junk;
  for (std::uint64_t i = 0; i < kHopelessRejectsMax + 1; ++i) junk += "{broken\n";
  for (int i = 0; i < 12; ++i) add(std::to_string(i), inflate::compress(i % 2 == 1 ? junk : chat_lines(20)));
  feed();
  const auto texts = read_all();
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(texts[i], i % 2 == 1 ? "" : chat_lines(20));
    EXPECT_EQ(account(i).is_whole(), i % 2 == 0);
  }
}

TEST_P(SourceFeedTest, GzipsInFrontOfAndBehindOtherKindsOfFilesAreReadAsWell) {
  const std::string lines = chat_lines(200);
  std::vector<std::string> expected;
  for (int i = 0; i < 24; ++i) {
    const std::string content = i % 5 == 2   ? lines
                                : i % 7 == 3 ? inflate::announced_members(inflate::Announcement::kBgzf, lines, 2'000, 1)
                                             : inflate::compress(lines);
    add(std::to_string(i), content);
    expected.push_back(lines);
  }
  feed();
  EXPECT_EQ(read_all(), expected);
  for (std::size_t i = 0; i < 24; ++i) EXPECT_TRUE(account(i).is_whole()) << i;
}

// Open descriptors of this process.
std::size_t open_descriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

TEST_P(SourceFeedTest, AnObjectThatComesWhileAnotherIsReadIsBegunThen) {
  add("1", inflate::compress(chat_lines(200)));
  LoadSource& second = add("2", inflate::compress(chat_lines(200)));
  auto object = std::make_shared<FetchedFile>(second.name);
  second.file = object;
  feed();
  ASSERT_TRUE(next());
  EXPECT_EQ(object.use_count(), 2);
  object->come();
  ASSERT_TRUE(next());
  EXPECT_EQ(object.use_count() > 2, GetParam().threads > 1) << "who begins it holds it";
  while (next()) continue;
  expect_whole(1, inflate::compress(chat_lines(200)));
}

TEST_P(SourceFeedTest, DescriptorsAreHeldForTheSourcesInFlightOnly) {
  for (int i = 0; i < 200; ++i) add(std::to_string(i), inflate::compress(chat_lines(2)));
  feed();
  const std::size_t before = open_descriptors();
  std::size_t most = 0;
  while (next()) most = std::max(most, open_descriptors() - before);
  EXPECT_LE(most, 2 + GetParam().threads);
  EXPECT_GE(most, GetParam().threads) << "as many are begun ahead as there are threads for";
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace chatload::load
