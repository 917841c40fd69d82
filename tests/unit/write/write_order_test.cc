#include "write/write_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "unit/write/key_pack.h"

namespace chatload::write {
namespace {

KeyPack pack_of(const std::vector<Keys>& ranges) {
  KeyPack pack;
  for (const Keys& keys : ranges) pack.add(keys);
  return pack;
}

// Of one range.
struct Order : WriteOrder {
  std::vector<KeyHash> key_hashes;
};

Order order(const Keys& keys, bool parallel = true) {
  KeyPack pack = pack_of({keys});
  WriteOrderer(parallel).order(pack);
  return {pack.order(), pack.key_hashes};
}

Order order_stretch(const Keys& keys, bool parallel = true) {
  KeyPack pack = pack_of({keys});
  WriteOrderer(parallel).order_stretch(pack);
  return {pack.order(), pack.key_hashes};
}

using Rows = std::vector<std::uint32_t>;

// Those of `ours` whose keys `theirs` has too.
Rows shared_rows(const Order& ours, const Order& theirs) {
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
  const Order kept = order({"b", "a", "b", "a", "a"});
  EXPECT_EQ(kept.rows, (Rows{1, 0, 3, 4, 2}));
  EXPECT_EQ(kept.key_hashes.size(), 5U);
}

TEST(WriteOrder, LinesWhoseKeyAnEarlierLineOfTheRangeHasGoLast) {
  const Order kept = order({"abcdefgh1", "abcdefgh2", "abcdefgh1", "abcdefgh2", "abcdefgh1"});
  EXPECT_EQ(kept.rows, (Rows{0, 1, 2, 4, 3}));
  EXPECT_EQ(kept.late_begin, 2U);
  EXPECT_EQ(order({"b", "a"}).late_begin, 2U);
}

TEST(WriteOrder, LinesWhoseKeyAnEarlierRangeOfThePackHasGoLast) {
  KeyPack pack = pack_of({{"b", "a"}, {"c", "a", "a"}, {}, {"c", "d", "b"}});
  WriteOrderer(true).order(pack);
  EXPECT_EQ(pack.order(0).rows, (Rows{1, 0}));
  EXPECT_EQ(pack.order(0).late_begin, 2U);
  EXPECT_EQ(pack.order(1).rows, (Rows{0, 1, 2}));
  EXPECT_EQ(pack.order(1).late_begin, 1U);
  EXPECT_EQ(pack.order(3).rows, (Rows{1, 2, 0}));
  EXPECT_EQ(pack.order(3).late_begin, 1U);
  EXPECT_EQ(pack.rows, 8U);
  EXPECT_EQ(pack.key_hashes.size(), 8U);
}

TEST(WriteOrder, FileOrderIsKeptWhereTheKeyIsNotBytes) {
  const Order kept = order({"b", "a", "b"}, /*parallel=*/false);
  EXPECT_EQ(kept.rows, (Rows{0, 1, 2}));
  EXPECT_TRUE(kept.key_hashes.empty());
}

TEST(WriteOrder, SharedKeysAreFoundWhateverTheirPosition) {
  EXPECT_EQ(shared_rows(order({"x", "a", "m"}), order({"b", "m", "n", "x"})), (Rows{0, 2}));
}

TEST(WriteOrder, StretchesShareTheRowsOfTheKeyBetweenThem) {
  const Order before = order_stretch({"a", "b", "c", "c"});
  const Order within = order_stretch({"c", "c"});
  const Order behind = order_stretch({"c", "c", "c", "d", "e"});
  EXPECT_EQ(shared_rows(within, before), (Rows{0, 1}));
  EXPECT_EQ(shared_rows(behind, before), (Rows{0, 1, 2}));
  EXPECT_EQ(shared_rows(behind, within), (Rows{0, 1, 2}));
  EXPECT_EQ(shared_rows(order_stretch({"d", "e"}), before), Rows());
}

TEST(WriteOrder, StretchIsSentAsItComesAndOnlyItsOuterKeysAreCompared) {
  const Order kept = order_stretch({"a", "a", "b", "b", "c"});
  EXPECT_EQ(kept.rows, (Rows{0, 1, 2, 3, 4}));
  EXPECT_EQ(kept.late_begin, 5U);
  EXPECT_EQ(kept.key_hashes.size(), 3U);
  EXPECT_TRUE(order_stretch({"a", "b"}, /*parallel=*/false).key_hashes.empty());
  EXPECT_TRUE(order_stretch({}).rows.empty());
}

}  // namespace
}  // namespace chatload::write
