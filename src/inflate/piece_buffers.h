// Buffers for pieces (piece.h), up to a bound, and used again.
#pragma once

#include <cstddef>
#include <vector>

#include "base/padded_buffer.h"
#include "base/units.h"

namespace chatload::inflate {

// Single-threaded. A fresh buffer costs the system a page fault for each 4 KiB, an eighth of the time that inflating
// into it takes.
class PieceBuffers {
 public:
  // Sizes are multiples of this, so that most pieces fit into what another one had.
  static constexpr std::size_t kStepBytes = 64 * kKiB;

  // bytes_max: of all buffers that are lent and those that are kept to be lent again.
  explicit PieceBuffers(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // An empty buffer that holds `bytes`, rounded up; one without capacity if there is no room for it.
  // REQUIRES: bytes > 0.
  [[nodiscard]] PaddedBuffer lend(std::size_t bytes);
  void give_back(PaddedBuffer buffer);
  // Frees those that are kept to be lent again.
  void free_spares();

  // The same bytes in a buffer of half the capacity or less, where they fit into one, and there is room for it.
  [[nodiscard]] PaddedBuffer fitted(PaddedBuffer buffer);

 private:
  void free_one();

  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::vector<PaddedBuffer> spares_;
};

}  // namespace chatload::inflate
