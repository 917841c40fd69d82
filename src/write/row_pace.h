// How many rows a statement may have, by how long those before it took.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace chatload::write {

// A statement that the server needs more time for than its answer is waited for (a minute, mysql/session.h)
// would be cut off and sent again until --retry-for is over. So one that took a quarter of that, answered or not,
// halves the next one, and one that was answered in a quarter of the quarter doubles it again. Single-threaded.
class RowPace {
 public:
  static constexpr std::size_t kRowsMax = 10'000;
  static constexpr std::chrono::seconds kLong{15};

  [[nodiscard]] std::size_t rows_max() const { return rows_max_; }

  // A statement of so many rows, not more than rows_max(), took so long. True if it halved the next one.
  bool took(std::size_t rows, std::chrono::nanoseconds time, bool is_answered) {
    if (time > kLong && rows > 1) {
      rows_max_ = rows / 2;
      return true;
    }
    if (is_answered && time < kLong / 4 && rows == rows_max_) rows_max_ = std::min(2 * rows_max_, kRowsMax);
    return false;
  }

 private:
  std::size_t rows_max_ = kRowsMax;
};

}  // namespace chatload::write
