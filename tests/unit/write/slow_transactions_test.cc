#include "write/slow_transactions.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace chatload::write {
namespace {

TEST(SlowTransactions, KeepsTheSlowestInOrder) {
  SlowTransactions slow;
  for (int i = 0; i < 1'000; ++i) slow.add({.seconds = (i * 7 % 1'000) / 1e3, .source = SourceOrdinal(1)});
  const std::vector<SlowTransaction> kept = slow.list();
  ASSERT_EQ(kept.size(), SlowTransactions::kKeptMax);
  for (std::size_t i = 0; i < kept.size(); ++i)
    EXPECT_DOUBLE_EQ(kept[i].seconds, (999.0 - static_cast<double>(i)) / 1e3);
}

TEST(SlowTransactions, FromManyThreadsLosesNone) {
  SlowTransactions slow;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&slow, t] {
      for (int i = 0; i < 1'000; ++i) slow.add({.seconds = 1.0 + i, .rows = static_cast<std::uint64_t>(t)});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<SlowTransaction> kept = slow.list();
  EXPECT_EQ(kept.front().seconds, 1'000);
  EXPECT_EQ(kept.back().seconds, 998);  // four of 1,000, four of 999
}

}  // namespace
}  // namespace chatload::write
