#include "inflate/piece_buffers.h"

#include <algorithm>
#include <utility>

namespace chatload::inflate {
PaddedBuffer PieceBuffers::lend(std::size_t bytes) {
  const std::size_t capacity = (bytes + kStepBytes - 1) / kStepBytes * kStepBytes;
  const auto spare = std::find_if(spares_.begin(), spares_.end(),
                                  [&](const PaddedBuffer& buffer) { return buffer.capacity() == capacity; });
  if (spare != spares_.end()) {
    PaddedBuffer buffer = std::move(*spare);
    spares_.erase(spare);
    return buffer;
  }
  while (bytes_ + capacity > bytes_max_ && !spares_.empty()) {
    bytes_ -= spares_.back().capacity();
    spares_.pop_back();
  }
  if (bytes_ + capacity > bytes_max_) return {};
  bytes_ += capacity;
  return PaddedBuffer(capacity);
}

void PieceBuffers::give_back(PaddedBuffer buffer) {
  if (buffer.capacity() == 0) return;
  buffer.truncate(0);
  spares_.push_back(std::move(buffer));
}

}  // namespace chatload::inflate
