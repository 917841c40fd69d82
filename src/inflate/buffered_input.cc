// The buffer's size hardly matters: 16 KiB, 64 KiB, 256 KiB and 1 MiB inflate within 10 % of one another, which is the
// spread of the measurement (chatload_bench --benchmark_filter=Inflate). 256 KiB asks the system 16 times as seldom
// as 16.

#include "inflate/buffered_input.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "base/units.h"

namespace chatload::inflate {
namespace {

constexpr std::size_t kBufferBytes = 256 * kKiB;

}  // namespace

BufferedInput::BufferedInput(std::unique_ptr<source::ByteSource> source)
    : source_(std::move(source)), buffer_(std::make_unique_for_overwrite<char[]>(kUnreadBytesMax + kBufferBytes)) {}

std::size_t BufferedInput::read_source(std::span<char> out) {
  if (ended_) return 0;
  const std::size_t size = source_->read(out);
  ended_ = size == 0;
  source_offset_ += size;
  return size;
}

bool BufferedInput::fill() {
  const std::size_t kept = end_ - begin_;
  assert(kept < kBufferBytes);
  const std::size_t behind = std::min(begin_, kUnreadBytesMax);
  std::memmove(buffer_.get() + kUnreadBytesMax - behind, buffer_.get() + begin_ - behind, behind + kept);
  begin_ = kUnreadBytesMax;
  end_ = begin_ + kept;
  const std::size_t size = read_source({buffer_.get() + end_, kBufferBytes - kept});
  end_ += size;
  return size != 0;
}

std::optional<std::uint8_t> BufferedInput::next() {
  if (begin_ == end_ && !fill()) return std::nullopt;
  return static_cast<std::uint8_t>(buffer_[begin_++]);
}

std::span<const char> BufferedInput::peek(std::size_t bytes) {
  while (end_ - begin_ < bytes && fill()) {
  }
  return available();
}

std::size_t BufferedInput::read(std::span<char> out) {
  if (begin_ == end_) return read_source(out);
  const std::size_t size = std::min(out.size(), end_ - begin_);
  std::memcpy(out.data(), buffer_.get() + begin_, size);
  begin_ += size;
  return size;
}

}  // namespace chatload::inflate
