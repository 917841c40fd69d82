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

WriteOrder order(const std::vector<std::string_view>& keys, OnDuplicate mode, bool parallel = true) {
  const parse::RowBatch rows = rows_with_keys(keys);
  WriteOrder out;
  WriteOrderer(0, mode, parallel).order(rows, out);
  return out;
}

using Rows = std::vector<std::uint32_t>;

TEST(WriteOrder, RowsAreSortedByKeyBytes) {
  EXPECT_EQ(order({"b", "a", "\xff", "ab", "", "abcdefgh2", "abcdefgh1"}, OnDuplicate::kSkip).rows,
            (Rows{4, 1, 3, 6, 5, 0, 2}));
}

TEST(WriteOrder, KeysWithTrailingNulAreDistinctFromShorterOnes) {
  using namespace std::string_view_literals;
  EXPECT_EQ(order({"a\0"sv, "a"sv, "a\0\0"sv}, OnDuplicate::kSkip).rows, (Rows{1, 0, 2}));
}

TEST(WriteOrder, SkipKeepsTheFirstLineOfAKey) {
  const WriteOrder kept = order({"a", "b", "a", "a"}, OnDuplicate::kSkip);
  EXPECT_EQ(kept.rows, (Rows{0, 1}));
  EXPECT_EQ(kept.superseded, 2U);
}

TEST(WriteOrder, ReplaceKeepsTheLastLineOfAKey) {
  const WriteOrder kept = order({"a", "b", "a", "a"}, OnDuplicate::kReplace);
  EXPECT_EQ(kept.rows, (Rows{3, 1}));
  EXPECT_EQ(kept.superseded, 2U);
}

TEST(WriteOrder, FailSendsEveryLineForTheServerToRefuse) {
  EXPECT_EQ(order({"b", "a", "b"}, OnDuplicate::kFail).rows, (Rows{1, 0, 2}));
}

TEST(WriteOrder, FileOrderIsKeptWhereTheKeyIsNotBytes) {
  const WriteOrder kept = order({"b", "a", "b"}, OnDuplicate::kSkip, /*parallel=*/false);
  EXPECT_EQ(kept.rows, (Rows{0, 1, 2}));
  EXPECT_TRUE(kept.key_hashes.empty());
}

TEST(WriteOrder, SharedKeysAreFoundWhateverTheirPosition) {
  const WriteOrder ours = order({"x", "a", "m"}, OnDuplicate::kSkip);
  const WriteOrder theirs = order({"b", "m", "n", "x"}, OnDuplicate::kSkip);
  Rows shared;
  for_each_shared_hash(ours.key_hashes, theirs.key_hashes, [&](const KeyHash& key) { shared.push_back(key.row); });
  std::sort(shared.begin(), shared.end());
  EXPECT_EQ(shared, (Rows{0, 2}));
}

}  // namespace
}  // namespace chatload::write
