#include "source/interval_map.h"

#include <algorithm>
#include <iterator>

namespace chatload::source {

void IntervalMap::add(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  auto next = end_of_.upper_bound(begin);
  if (next != end_of_.begin() && std::prev(next)->second >= begin) --next;
  while (next != end_of_.end() && next->first <= end) {
    begin = std::min(begin, next->first);
    end = std::max(end, next->second);
    covered_bytes_ -= next->second - next->first;
    next = end_of_.erase(next);
  }
  end_of_.emplace_hint(next, begin, end);
  covered_bytes_ += end - begin;
}

void IntervalMap::remove(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  auto next = end_of_.upper_bound(begin);
  if (next != end_of_.begin() && std::prev(next)->second > begin) --next;
  while (next != end_of_.end() && next->first < end) {
    const auto [its_begin, its_end] = *next;
    covered_bytes_ -= its_end - its_begin;
    next = end_of_.erase(next);
    if (its_begin < begin) {
      end_of_.emplace_hint(next, its_begin, begin);
      covered_bytes_ += begin - its_begin;
    }
    if (its_end > end) {
      next = end_of_.emplace_hint(next, end, its_end);
      covered_bytes_ += its_end - end;
    }
  }
}

std::uint64_t IntervalMap::next_gap(std::uint64_t offset) const {
  const auto next = end_of_.upper_bound(offset);
  if (next == end_of_.begin()) return offset;
  return std::max(offset, std::prev(next)->second);
}

std::uint64_t IntervalMap::next_covered(std::uint64_t offset) const {
  const auto next = end_of_.upper_bound(offset);
  if (next != end_of_.begin() && std::prev(next)->second > offset) return offset;
  return next == end_of_.end() ? kNone : next->first;
}

}  // namespace chatload::source
