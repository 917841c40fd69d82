#include "table/transaction_limits.h"

#include <gtest/gtest.h>

#include "base/units.h"

namespace chatload::table {
namespace {

TEST(TransactionLimitsTest, WithoutThemARangeMayBeOfAnySize) {
  EXPECT_GT(TransactionLimits{}.range_bytes_max(), std::uint64_t{1} << 60);
}

TEST(TransactionLimitsTest, ARangeTakesHalfOfTheBytesOfATransaction) {
  EXPECT_EQ(TransactionLimits{.bytes = 2 * kMiB}.range_bytes_max(), kMiB);
}

TEST(TransactionLimitsTest, ARangeHasNoMoreLinesThanATransactionRows) {
  EXPECT_EQ((TransactionLimits{.bytes = 64 * kMiB, .rows = 1'008}.range_bytes_max()), 64'000);
  EXPECT_EQ((TransactionLimits{.rows = 1}.range_bytes_max()), 0);
}

}  // namespace
}  // namespace chatload::table
