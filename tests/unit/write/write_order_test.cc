#include "write/write_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace chatload::write {
namespace {

parse::RowBatch rows_with_keys(const std::vector<std::string_view>& keys) {
  parse::RowBatch rows;
  rows.columns = 1;
  for (const std::string_view key : keys) {
    rows.cells.push_back(parse::Cell::text(key));
    rows.lines.push_back({static_cast<std::uint32_t>(rows.lines.size()), 0, 0});
  }
  return rows;
}

WriteOrder order(const std::vector<std::string_view>& keys, bool parallel = true) {
  const parse::RowBatch rows = rows_with_keys(keys);
  WriteOrder out;
  WriteOrderer(0, parallel).order(rows, out);
  return out;
}

WriteOrder order_stretch(const std::vector<std::string_view>& keys, bool parallel = true) {
  const parse::RowBatch rows = rows_with_keys(keys);
  WriteOrder out;
  WriteOrderer(0, parallel).order_stretch(rows, out);
  return out;
}

using Rows = std::vector<std::uint32_t>;

// Those of `ours` whose keys `theirs` has too.
Rows shared_rows(const WriteOrder& ours, const WriteOrder& theirs) {
  Rows shared;
  for_each_shared_hash(ours.key_hashes, theirs.key_hashes, [&](const KeyHash& key) { shared.push_back(key.row); });
  std::sort(shared.begin(), shared.end());
  return shared;
}

TEST(WriteOrder, RowsAreSortedByKeyBytes) {
  EXPECT_EQ(order({"b", "a", "\xff", "ab", "", "abcdefgh2", "abcdefgh1"}).rows, (Rows{4, 1, 3, 6, 5, 0, 2}));
}

TEST(WriteOrder, KeysWithTrailingNulAreDistinctFromShorterOnes) {
  using namespace std::string_view_literals;
  EXPECT_EQ(order({"a\0"sv, "a"sv, "a\0\0"sv}).rows, (Rows{1, 0, 2}));
}

TEST(WriteOrder, LinesOfOneKeyKeepTheirFileOrder) {
  const WriteOrder kept = order({"b", "a", "b", "a", "a"});
  EXPECT_EQ(kept.rows, (Rows{1, 0, 3, 4, 2}));
  EXPECT_EQ(kept.key_hashes.size(), 5U);
}

TEST(WriteOrder, LinesWhoseKeyAnEarlierLineOfTheRangeHasGoLast) {
  const WriteOrder kept = order({"abcdefgh1", "abcdefgh2", "abcdefgh1", "abcdefgh2", "abcdefgh1"});
  EXPECT_EQ(kept.rows, (Rows{0, 1, 2, 4, 3}));
  EXPECT_EQ(kept.late_begin, 2U);
  EXPECT_EQ(order({"b", "a"}).late_begin, 2U);
}

TEST(WriteOrder, FileOrderIsKeptWhereTheKeyIsNotBytes) {
  const WriteOrder kept = order({"b", "a", "b"}, /*parallel=*/false);
  EXPECT_EQ(kept.rows, (Rows{0, 1, 2}));
  EXPECT_TRUE(kept.key_hashes.empty());
}

TEST(WriteOrder, SharedKeysAreFoundWhateverTheirPosition) {
  EXPECT_EQ(shared_rows(order({"x", "a", "m"}), order({"b", "m", "n", "x"})), (Rows{0, 2}));
}

TEST(WriteOrder, StretchesShareTheRowsOfTheKeyBetweenThem) {
  const WriteOrder before = order_stretch({"a", "b", "c", "c"});
  const WriteOrder within = order_stretch({"c", "c"});
  const WriteOrder behind = order_stretch({"c", "c", "c", "d", "e"});
  EXPECT_EQ(shared_rows(within, before), (Rows{0, 1}));
  EXPECT_EQ(shared_rows(behind, before), (Rows{0, 1, 2}));
  EXPECT_EQ(shared_rows(behind, within), (Rows{0, 1, 2}));
  EXPECT_EQ(shared_rows(order_stretch({"d", "e"}), before), Rows());
}

TEST(WriteOrder, StretchIsSentAsItComesAndOnlyItsOuterKeysAreCompared) {
  const WriteOrder kept = order_stretch({"a", "a", "b", "b", "c"});
  EXPECT_EQ(kept.rows, (Rows{0, 1, 2, 3, 4}));
  EXPECT_EQ(kept.late_begin, 5U);
  EXPECT_EQ(kept.key_hashes.size(), 3U);
  EXPECT_TRUE(order_stretch({"a", "b"}, /*parallel=*/false).key_hashes.empty());
  EXPECT_TRUE(order_stretch({}).rows.empty());
}

}  // namespace
}  // namespace chatload::write
