// The buffer's size hardly matters: 16 KiB, 64 KiB, 256 KiB and 1 MiB inflate within 10 % of one another, which is the
// spread of the measurement (chatload_bench --benchmark_filter=Inflate). 256 KiB asks the system 16 times as seldom
// as 16.

#include "inflate/buffered_input.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace chatload::inflate {
namespace {

constexpr std::size_t kBufferBytes = BufferedInput::kPeekBytesMax;

}  // namespace

BufferedInput::BufferedInput(std::unique_ptr<source::ByteSource> source, std::uint64_t offset)
    : source_(std::move(source)),
      buffer_(std::make_unique_for_overwrite<char[]>(kUnreadBytesMax + kBufferBytes)),
      bytes_(buffer_.get()),
      read_offset_(offset) {}

BufferedInput::BufferedInput(std::span<const char> bytes, std::unique_ptr<source::ByteSource> end, std::uint64_t offset)
    : source_(std::move(end)),
      bytes_(bytes.data()),
      begin_(0),
      end_(bytes.size()),
      read_offset_(offset + bytes.size()) {}

void BufferedInput::put_back(std::string bytes) {
  assert(buffer_);
  const std::span<const char> next = available();
  read_offset_ -= next.size() + bytes.size();
  bytes.append(next.data(), next.size());
  bytes.append(put_back_, put_back_used_);
  put_back_ = std::move(bytes);
  put_back_used_ = 0;
  begin_ = end_ = kUnreadBytesMax;
}

std::size_t BufferedInput::read_on(std::span<char> out) {
  std::size_t size = 0;
  if (put_back_.empty()) {
    size = read_source(out);
  } else {
    size = put_back_.copy(out.data(), out.size(), put_back_used_);
    put_back_used_ += size;
    if (put_back_used_ == put_back_.size()) {
      put_back_ = std::string();
      put_back_used_ = 0;
    }
  }
  read_offset_ += size;
  return size;
}

std::size_t BufferedInput::read_source(std::span<char> out) {
  if (failure_) std::rethrow_exception(failure_);
  if (ended_) return 0;
  try {
    const std::size_t size = source_->read(out);
    ended_ = size == 0;
    return size;
  } catch (...) {
    failure_ = std::current_exception();
    throw;
  }
}

bool BufferedInput::fill() {
  if (!buffer_) {
    char none = 0;
    return read_source({&none, 1}) != 0;
  }
  const std::size_t kept = end_ - begin_;
  assert(kept < kBufferBytes);
  const std::size_t behind = std::min(begin_, kUnreadBytesMax);
  std::memmove(buffer_.get() + kUnreadBytesMax - behind, buffer_.get() + begin_ - behind, behind + kept);
  begin_ = kUnreadBytesMax;
  end_ = begin_ + kept;
  const std::size_t size = read_on({buffer_.get() + end_, kBufferBytes - kept});
  end_ += size;
  return size != 0;
}

std::optional<std::uint8_t> BufferedInput::next() {
  if (begin_ == end_ && !fill()) return std::nullopt;
  return static_cast<std::uint8_t>(bytes_[begin_++]);
}

std::span<const char> BufferedInput::peek(std::size_t bytes) {
  while (end_ - begin_ < bytes && fill()) {
  }
  return available();
}

std::size_t BufferedInput::read(std::span<char> out) {
  if (begin_ == end_) return read_on(out);
  const std::size_t size = std::min(out.size(), end_ - begin_);
  std::memcpy(out.data(), bytes_ + begin_, size);
  begin_ += size;
  return size;
}

}  // namespace chatload::inflate
