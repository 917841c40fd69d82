// A range is inflated straight into the buffer that will be parsed. Up to range_bytes a read may be of any size, as no
// boundary can lie there; behind it we read in small steps until a newline shows, and only what the last step read too
// much is copied, to the front of the next range: less than kStepBytes a range, whatever the range size.
#include "split/line_splitter.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace chatload::split {
namespace {

constexpr std::size_t kStepBytes = 4 * kKiB;

void append(PaddedBuffer& buffer, std::string_view bytes) {
  std::memcpy(buffer.free_space().data(), bytes.data(), bytes.size());
  buffer.advance(bytes.size());
}

}  // namespace

LineSplitter::LineSplitter(inflate::DecodedStream& stream, SplitLimits limits) : stream_(stream), limits_(limits) {}

std::optional<Range> LineSplitter::next(PaddedBuffer buffer) {
  assert(buffer.capacity() >= limits_.buffer_bytes());
  buffer.truncate(0);
  const std::size_t carried_bytes = std::min(carry_.size(), limits_.buffer_bytes());
  append(buffer, std::string_view(carry_).substr(0, carried_bytes));
  carry_.erase(0, carried_bytes);

  std::size_t searched_bytes = limits_.range_bytes;  // no newline at or past range_bytes lies in front of this
  for (;;) {
    const std::string_view held = buffer.view().text();
    if (const std::size_t newline = held.find('\n', searched_bytes); newline != std::string_view::npos) {
      carry_.insert(0, held.substr(newline + 1));
      buffer.truncate(newline + 1);
      return emit(std::move(buffer), 0);
    }
    searched_bytes = std::max(searched_bytes, held.size());
    if (held.size() == limits_.buffer_bytes()) {
      const std::uint64_t drained_bytes = drain_line();
      return emit(std::move(buffer), drained_bytes);
    }
    const std::size_t wanted_bytes = held.size() < limits_.range_bytes
                                         ? limits_.range_bytes - held.size()
                                         : std::min(kStepBytes, limits_.buffer_bytes() - held.size());
    const std::size_t read_bytes = read(buffer.free_space().first(wanted_bytes));
    if (read_bytes == 0) {
      if (held.empty()) return std::nullopt;
      return emit(std::move(buffer), 0);
    }
    buffer.advance(read_bytes);
  }
}

std::size_t LineSplitter::read(std::span<char> out) {
  if (ended_) return 0;
  const std::size_t read_bytes = stream_.read(out);
  ended_ = read_bytes == 0;
  return read_bytes;
}

// Reads and drops the rest of a line, its newline included; returns how many bytes that was.
std::uint64_t LineSplitter::drain_line() {
  std::uint64_t drained_bytes = 0;
  for (;;) {
    if (const std::size_t newline = carry_.find('\n'); newline != std::string::npos) {
      carry_.erase(0, newline + 1);
      return drained_bytes + newline + 1;
    }
    drained_bytes += carry_.size();
    carry_.resize(kStepBytes);
    carry_.resize(read(carry_));
    if (carry_.empty()) return drained_bytes;
  }
}

Range LineSplitter::emit(PaddedBuffer buffer, std::uint64_t drained_bytes) {
  Range range{number_, begin_, std::move(buffer), drained_bytes};
  number_ += 1;
  begin_ += range.length_bytes();
  return range;
}

}  // namespace chatload::split
