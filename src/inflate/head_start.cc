#include "inflate/head_start.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/units.h"

namespace chatload::inflate {
namespace {

// How much later than claim() run() may end: 0.2 ms, and what the stream waits for its bytes.
constexpr std::size_t kStepBytes = 256 * kKiB;

}  // namespace

void HeadStart::run() noexcept {
  try {
    while (!is_claimed_ && !has_ended_ && !head_.free_space().empty()) {
      const std::span<char> room = head_.free_space();
      const std::size_t size = stream_->read(room.first(std::min(room.size(), kStepBytes)));
      head_.advance(size);
      has_ended_ = size == 0;
    }
  } catch (...) {
    failure_ = std::current_exception();
  }
  compressed_in_head_ = stream_->compressed_bytes();
}

std::size_t HeadStart::read(std::span<char> out) {
  const std::string_view head = head_.view().text();
  const std::size_t handed_out = handed_out_;
  if (handed_out < head.size()) {
    const std::size_t size = head.copy(out.data(), out.size(), handed_out);
    handed_out_ = handed_out + size;
    return size;
  }
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return has_ended_ ? 0 : stream_->read(out);
}

std::uint64_t HeadStart::compressed_bytes() const {
  const std::size_t handed_out = handed_out_;
  if (handed_out == head_.size()) return stream_->compressed_bytes();
  return compressed_in_head_ * handed_out / head_.size();
}

}  // namespace chatload::inflate
