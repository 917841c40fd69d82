// Which bytes of something long are there.
#pragma once

#include <cstdint>
#include <limits>
#include <map>

namespace chatload::source {

// Half-open intervals of offsets that neither overlap nor touch: those that are added are merged. Each function costs
// O(log n), and add() and remove() beyond that what they merge or remove. Single-threaded.
class IntervalMap {
 public:
  static constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();

  // Of begin >= end there is nothing.
  void add(std::uint64_t begin, std::uint64_t end);
  void remove(std::uint64_t begin, std::uint64_t end);

  [[nodiscard]] bool contains(std::uint64_t offset) const { return next_gap(offset) != offset; }
  // The first offset from there on that is in no interval.
  [[nodiscard]] std::uint64_t next_gap(std::uint64_t offset) const;
  // The first offset from there on that is in one; kNone where there is none.
  [[nodiscard]] std::uint64_t next_covered(std::uint64_t offset) const;

  [[nodiscard]] std::uint64_t covered_bytes() const { return covered_bytes_; }
  [[nodiscard]] const std::map<std::uint64_t, std::uint64_t>& intervals() const { return end_of_; }

 private:
  std::map<std::uint64_t, std::uint64_t> end_of_;  // by begin
  std::uint64_t covered_bytes_ = 0;
};

}  // namespace chatload::source
