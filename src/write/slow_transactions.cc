#include "write/slow_transactions.h"

#include <algorithm>

namespace chatload::write {

void SlowTransactions::add(const SlowTransaction& transaction) {
  if (transaction.seconds <= least_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  const auto place = std::upper_bound(kept_.begin(), kept_.end(), transaction,
                                      [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  kept_.insert(place, transaction);
  if (kept_.size() > kKeptMax) kept_.pop_back();
  if (kept_.size() == kKeptMax) least_ = kept_.back().seconds;
}

std::vector<SlowTransaction> SlowTransactions::list() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

}  // namespace chatload::write
