// The slowest transactions of a run.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/units.h"

namespace chatload::write {

struct SlowTransaction {
  double seconds = 0;         // from START TRANSACTION to the answer to COMMIT, waits for other ranges' locks included
  SourceOrdinal source = {};  // 0 of a stretch, whose rows are of all sources
  std::uint64_t first = 0;    // its first line, or the number of the stretch
  std::uint64_t lines = 0;
  std::uint64_t rows = 0;
};

// Thread-safe.
class SlowTransactions {
 public:
  static constexpr std::size_t kKeptMax = 10;

  void add(const SlowTransaction& transaction);

  // Slowest first.
  [[nodiscard]] std::vector<SlowTransaction> list() const;

 private:
  std::atomic<double> least_ = 0;      // of those that are kept, once there are kKeptMax: most transactions end here
  mutable std::mutex mutex_;           // guards kept_
  std::vector<SlowTransaction> kept_;  // slowest first
};

}  // namespace chatload::write
