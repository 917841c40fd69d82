// A set of offsets is what it is compared with.
#include "source/interval_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

namespace chatload::source {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(IntervalMap, IntervalsThatTouchBecomeOne) {
  IntervalMap map;
  map.add(10, 20);
  map.add(30, 40);
  map.add(20, 30);
  EXPECT_THAT(map.intervals(), ElementsAre(Pair(10, 40)));
  EXPECT_EQ(map.covered_bytes(), 30U);
}

TEST(IntervalMap, RemovingTheMiddleLeavesBothEnds) {
  IntervalMap map;
  map.add(10, 40);
  map.remove(20, 30);
  EXPECT_THAT(map.intervals(), ElementsAre(Pair(10, 20), Pair(30, 40)));
}

TEST(IntervalMap, EmptyOnesAreNothing) {
  IntervalMap map;
  map.add(10, 10);
  map.add(12, 11);
  EXPECT_THAT(map.intervals(), IsEmpty());
  EXPECT_EQ(map.next_covered(0), IntervalMap::kNone);
}

TEST(IntervalMap, OffsetsAtTheEndOfWhatThereIsAreFound) {
  IntervalMap map;
  map.add(IntervalMap::kNone - 10, IntervalMap::kNone);
  EXPECT_EQ(map.next_covered(0), IntervalMap::kNone - 10);
  EXPECT_EQ(map.next_gap(IntervalMap::kNone - 5), IntervalMap::kNone);
}

TEST(IntervalMap, AMillionRandomOperationsLeaveWhatASetOfOffsetsHas) {
  constexpr std::size_t kOffsets = 256;
  constexpr int kOperations = 1'000'000;
  std::array<bool, kOffsets + 1> has{};  // the last one is never there
  IntervalMap map;
  std::mt19937 random(7);
  for (int i = 0; i < kOperations; ++i) {
    const std::size_t begin = random() % kOffsets;
    const std::size_t end = begin + random() % std::min<std::size_t>(24, kOffsets - begin + 1);
    const bool adds = random() % 2 == 0;
    adds ? map.add(begin, end) : map.remove(begin, end);
    for (std::size_t offset = begin; offset < end; ++offset) has[offset] = adds;

    const std::size_t from = random() % kOffsets;
    std::size_t gap = from;
    while (has[gap]) ++gap;
    std::size_t covered = from;
    while (covered < kOffsets && !has[covered]) ++covered;
    ASSERT_EQ(map.next_gap(from), gap) << i;
    ASSERT_EQ(map.next_covered(from), covered == kOffsets ? IntervalMap::kNone : covered) << i;
    ASSERT_EQ(map.contains(from), has[from]) << i;
    if (i % 100 != 0) continue;
    std::uint64_t bytes = 0;
    std::uint64_t last_end = 0;
    for (const auto& [its_begin, its_end] : map.intervals()) {
      ASSERT_LT(its_begin, its_end) << i;
      ASSERT_TRUE(its_begin > last_end || last_end == 0) << i;
      for (std::uint64_t offset = its_begin; offset < its_end; ++offset) ASSERT_TRUE(has[offset]) << i;
      bytes += its_end - its_begin;
      last_end = its_end;
    }
    ASSERT_EQ(map.covered_bytes(), bytes) << i;
    ASSERT_EQ(static_cast<std::uint64_t>(std::count(has.begin(), has.end(), true)), bytes) << i;
  }
}

}  // namespace
}  // namespace chatload::source
