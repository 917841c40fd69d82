#include "spill/range_journal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "base/errors.h"
#include "parse/row_batch.h"
#include "unit/scratch_folder.h"
#include "unit/spill/disk_limit.h"

namespace chatload::spill {
namespace {

RangeEntry range_entry(std::uint64_t number, std::uint64_t rejects = 0, std::uint64_t source = 1) {
  RangeEntry range{.key = {SourceOrdinal(source), RangeNumber(number)},
                   .begin = ByteOffset(1000 * number),
                   .length_bytes = 999,
                   .digest = {},
                   .compressed_end = 100 * number,
                   .first_line = LineNumber(10 * number + 1),
                   .counts = {.lines = 10, .valid = 7},
                   .is_recorded = rejects == 0 && number % 3 == 0};
  range.counts.rejected_by_reason[0] = rejects;
  range.digest.fill(static_cast<char>('a' + number % 26));
  return range;
}

struct Rejected {
  std::uint64_t line;
  std::string raw;
  std::uint64_t source = 1;
};

parse::RawReject reject_entry(const Rejected& rejected) {
  return {.source = SourceOrdinal(rejected.source),
          .line = LineNumber(rejected.line),
          .offset = ByteOffset(rejected.line * 100),
          .reason = parse::RejectReason::kTooLong,
          .field = static_cast<std::uint8_t>(rejected.line % 2 == 0 ? 3 : parse::kNoField),
          .fault = {parse::LineFaultKind::kNul, static_cast<std::uint32_t>(rejected.line)},
          .cut_bytes = rejected.line << 32,
          .raw = rejected.raw};
}

auto cells(const RangeEntry& range) {
  return std::tuple(range.key, range.begin, range.length_bytes, std::string(range.digest.data(), range.digest.size()),
                    range.compressed_end, range.first_line, range.counts.lines, range.counts.valid, range.is_recorded);
}

auto cells(const parse::RawReject& reject) {
  return std::tuple(reject.source, reject.line, reject.offset, reject.reason, reject.field, reject.fault.kind,
                    reject.fault.at_bytes, reject.cut_bytes, std::string(reject.raw));
}

// The rejects that range `number` of the tests has, `count` of them.
std::vector<Rejected> rejects_of(std::uint64_t number, std::size_t count, std::size_t bytes, std::uint64_t source = 1) {
  std::vector<Rejected> rejects;
  for (std::size_t i = 0; i < count; ++i)
    rejects.push_back({10 * number + i, std::string(bytes, static_cast<char>(i)), source});
  return rejects;
}

class RangeJournalTest : public testing::Test {
 protected:
  void add(std::uint64_t number, const std::vector<Rejected>& rejects, std::uint64_t source = 1) {
    journal_.add(range_entry(number, rejects.size(), source), [&](const auto& visit) {
      for (const Rejected& rejected : rejects) visit(reject_entry(rejected));
    });
  }

  ScratchFolder folder_;
  RangeJournal journal_{folder_.path()};
};

TEST_F(RangeJournalTest, GivesRangesAndTheirRejectsBackInOrderInGroupsOfWholeRanges) {
  constexpr std::uint64_t kRanges = 400;
  const auto rejects = [](std::uint64_t number) { return rejects_of(number, number % 50, 200 + number); };
  std::uint64_t added = 0;
  std::uint64_t new_ranges = 0;
  for (std::uint64_t number = 0; number < kRanges; ++number) {
    add(number, rejects(number));
    added += rejects(number).size();
    new_ranges += range_entry(number, rejects(number).size()).is_recorded ? 0 : 1;
  }
  journal_.finish();
  EXPECT_EQ(journal_.new_ranges(), new_ranges);
  EXPECT_LT(new_ranges, kRanges);
  EXPECT_EQ(journal_.new_rejects(), added);
  EXPECT_GT(journal_.groups().size(), 2U);

  std::uint64_t number = 0;
  for (const spill::Run& group : journal_.groups()) {
    RangeJournalReader reader(group);
    while (const auto range = reader.next_range()) {
      EXPECT_EQ(cells(*range), cells(range_entry(number, rejects(number).size())));
      for (const Rejected& rejected : rejects(number)) {
        const auto reject = reader.next_reject();
        ASSERT_TRUE(reject);
        EXPECT_EQ(cells(*reject), cells(reject_entry(rejected)));
      }
      EXPECT_FALSE(reader.next_reject());
      ++number;
    }
  }
  EXPECT_EQ(number, kRanges);
}

TEST_F(RangeJournalTest, CanBeReadAgainAndWithoutItsRejects) {
  for (std::uint64_t number = 0; number < 20; ++number) add(number, rejects_of(number, 30, 1000));
  journal_.finish();
  for (const std::size_t rejects_read : {0U, 7U, 30U}) {
    std::uint64_t number = 0;
    for (const spill::Run& group : journal_.groups()) {
      RangeJournalReader reader(group);
      for (; const auto range = reader.next_range(); ++number) {
        EXPECT_EQ(range->key.number, RangeNumber(number));
        for (std::size_t i = 0; i < rejects_read; ++i) EXPECT_TRUE(reader.next_reject());
      }
    }
    EXPECT_EQ(number, 20U) << rejects_read;
  }
}

TEST_F(RangeJournalTest, GivesTheRangesOfSeveralSourcesBackEachWithTheRejectsOfItsOwn) {
  constexpr std::uint64_t kSources = 300;
  const auto ranges_of = [](std::uint64_t source) { return source % 4; };  // some have none
  const auto rejects = [](std::uint64_t source, std::uint64_t number) {
    return rejects_of(number, (source + number) % 5, 3'000, source);
  };
  for (std::uint64_t source = 1; source <= kSources; ++source) {
    for (std::uint64_t number = 0; number < ranges_of(source); ++number) add(number, rejects(source, number), source);
  }
  journal_.finish();
  EXPECT_GT(journal_.groups().size(), 1U);

  std::uint64_t source = 1;
  std::uint64_t number = 0;
  for (const spill::Run& group : journal_.groups()) {
    RangeJournalReader reader(group);
    for (; const auto range = reader.next_range(); ++number) {
      while (number == ranges_of(source)) {
        ++source;
        number = 0;
      }
      EXPECT_EQ(cells(*range), cells(range_entry(number, rejects(source, number).size(), source)));
      for (const Rejected& rejected : rejects(source, number)) {
        const auto reject = reader.next_reject();
        ASSERT_TRUE(reject);
        EXPECT_EQ(cells(*reject), cells(reject_entry(rejected)));
      }
      EXPECT_FALSE(reader.next_reject());
    }
  }
  EXPECT_EQ(source, kSources - 1) << "the last one has no range";
  EXPECT_EQ(number, ranges_of(source));
}

TEST_F(RangeJournalTest, KeepsALineThatIsLongerThanABlockOrEmpty) {
  const std::vector<Rejected> rejects = {{1, std::string(3 * kBlockBytes, 'x')}, {2, ""}, {3, std::string(1, '\0')}};
  add(0, rejects);
  journal_.finish();
  RangeJournalReader reader(journal_.groups().at(0));
  ASSERT_TRUE(reader.next_range());
  for (const Rejected& rejected : rejects) {
    const auto reject = reader.next_reject();
    ASSERT_TRUE(reject);
    EXPECT_EQ(cells(*reject), cells(reject_entry(rejected)));
  }
  EXPECT_FALSE(reader.next_range());
}

TEST_F(RangeJournalTest, KeepsNothingFromARangeOnWhoseRejectsCannotAllBeHad) {
  for (std::uint64_t number = 0; number < 20; ++number) add(number, rejects_of(number, 90, 1000));
  const auto add_a_part = [this] {
    journal_.add(range_entry(20, 3), [](const auto& visit) {
      visit(reject_entry({201, "of three"}));
      throw SourceError("the rest cannot be read");
    });
  };
  EXPECT_THROW(add_a_part(), SourceError);
  const auto expect_whole_groups = [this] {
    std::uint64_t number = 0;
    for (const spill::Run& group : journal_.groups()) {
      RangeJournalReader reader(group);
      for (; const auto range = reader.next_range(); ++number) EXPECT_EQ(range->key.number, RangeNumber(number));
    }
    EXPECT_GT(number, 0U);
    EXPECT_LT(number, 20U);  // the last group has the range that lacks some
  };
  journal_.finish();
  expect_whole_groups();
  add(21, {});
  journal_.finish();
  expect_whole_groups();
}

TEST_F(RangeJournalTest, OfNoRangesHasNoGroups) {
  journal_.finish();
  EXPECT_TRUE(journal_.groups().empty());
}

// Raw lines that LZ4 cannot shorten.
std::vector<Rejected> random_rejects(std::uint64_t number) {
  std::minstd_rand random(static_cast<unsigned>(number));
  std::vector<Rejected> rejects = rejects_of(number, 50, 1000);
  for (Rejected& rejected : rejects) {
    std::generate(rejected.raw.begin(), rejected.raw.end(), [&] { return static_cast<char>(random() >> 8U); });
  }
  return rejects;
}

TEST_F(RangeJournalTest, KeepsTheWholeGroupsInFrontOfAFullDiskAndTakesNothingBehind) {
  std::uint64_t failures = 0;
  const auto add_all = [&](std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t number = first; number < last; ++number) {
      try {
        add(number, random_rejects(number));
      } catch (const EnvironmentError&) {
        ++failures;
      }
    }
  };
  {
    const DiskLimit limit(3 * kMiB);
    add_all(0, 100);
  }
  EXPECT_EQ(failures, 1U);
  add_all(100, 200);  // there is room again
  journal_.finish();
  EXPECT_GE(journal_.groups().size(), 2U);

  std::uint64_t number = 0;
  for (const spill::Run& group : journal_.groups()) {
    RangeJournalReader reader(group);
    for (; const auto range = reader.next_range(); ++number) {
      EXPECT_EQ(range->key.number, RangeNumber(number));
      for (const Rejected& rejected : random_rejects(number)) {
        const auto reject = reader.next_reject();
        ASSERT_TRUE(reject);
        EXPECT_EQ(cells(*reject), cells(reject_entry(rejected)));
      }
    }
  }
  EXPECT_LT(number, 100U);
}

}  // namespace
}  // namespace chatload::spill
