#include "inflate/piece_buffers.h"

#include <algorithm>
#include <utility>

namespace chatload::inflate {
namespace {

std::size_t capacity_for(std::size_t bytes) {
  return (bytes + PieceBuffers::kStepBytes - 1) / PieceBuffers::kStepBytes * PieceBuffers::kStepBytes;
}

}  // namespace

PaddedBuffer PieceBuffers::lend(std::size_t bytes) {
  const std::size_t capacity = capacity_for(bytes);
  const auto spare = std::find_if(spares_.begin(), spares_.end(),
                                  [&](const PaddedBuffer& buffer) { return buffer.capacity() == capacity; });
  if (spare != spares_.end()) {
    PaddedBuffer buffer = std::move(*spare);
    spares_.erase(spare);
    return buffer;
  }
  std::size_t lent = bytes_;
  for (const PaddedBuffer& buffer : spares_) lent -= buffer.capacity();
  if (lent + capacity > bytes_max_) return {};
  while (bytes_ + capacity > bytes_max_) free_one();
  bytes_ += capacity;
  return PaddedBuffer(capacity);
}

void PieceBuffers::free_one() {
  bytes_ -= spares_.back().capacity();
  spares_.pop_back();
}

void PieceBuffers::free_spares() {
  while (!spares_.empty()) free_one();
}

PaddedBuffer PieceBuffers::fitted(PaddedBuffer buffer) {
  if (buffer.size() == 0 || 2 * capacity_for(buffer.size()) > buffer.capacity()) return buffer;
  PaddedBuffer fitting = lend(buffer.size());
  if (fitting.capacity() == 0) return buffer;
  fitting.assign(buffer.view().text());
  give_back(std::move(buffer));
  return fitting;
}

void PieceBuffers::give_back(PaddedBuffer buffer) {
  if (buffer.capacity() == 0) return;
  buffer.truncate(0);
  spares_.push_back(std::move(buffer));
}

}  // namespace chatload::inflate
