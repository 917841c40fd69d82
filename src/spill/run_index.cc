#include "spill/run_index.h"

#include <algorithm>
#include <numeric>

namespace chatload::spill {

void RunIndex::add(const Entry& block, std::size_t bytes_max) {
  // A growing vector is twice as large as before and holds its old bytes until they are copied: three times what is
  // used.
  constexpr std::size_t kGrowth = 3;
  ++blocks_;
  while (blocks_ % stride_ == 0) {
    const std::size_t used = keys_.size() + block.key.size() + (places_.size() + 1) * sizeof(Place);
    if (kGrowth * used <= bytes_max) {
      places_.push_back({block.offset, block.rows_before, keys_.size()});
      keys_.insert(keys_.end(), block.key.begin(), block.key.end());
      return;
    }
    if (places_.empty()) return;
    thin();
  }
}

void RunIndex::thin() {
  // Keeps the second, the fourth...: entries whose block number is a multiple of the doubled stride.
  std::size_t kept = 0;
  std::size_t key_bytes = 0;
  for (std::size_t index = 1; index < places_.size(); index += 2) {
    const std::string_view key = (*this)[index].key;
    places_[kept] = places_[index];
    places_[kept++].key_begin = key_bytes;
    key_bytes = static_cast<std::size_t>(
        std::copy(key.begin(), key.end(), keys_.begin() + static_cast<std::ptrdiff_t>(key_bytes)) - keys_.begin());
  }
  places_.resize(kept);
  keys_.resize(key_bytes);
  stride_ *= 2;
}

void RunIndex::shrink() {
  keys_.shrink_to_fit();
  places_.shrink_to_fit();
}

RunIndex::Entry RunIndex::operator[](std::size_t index) const {
  const std::size_t begin = places_[index].key_begin;
  const std::size_t end = index + 1 < places_.size() ? places_[index + 1].key_begin : keys_.size();
  return {{keys_.data() + begin, end - begin}, places_[index].offset, places_[index].rows_before};
}

std::size_t RunIndex::count_before(std::string_view key) const {
  std::size_t begin = 0;
  std::size_t end = size();
  while (begin < end) {
    const std::size_t middle = std::midpoint(begin, end);
    if ((*this)[middle].key < key) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

}  // namespace chatload::spill
