// A range is inflated straight into the buffer that will be parsed. Up to range_bytes a read may be of any size, as no
// boundary can lie there; behind it we read in small steps until a newline shows, and only what the last step read too
// much is copied, to the front of the next range: less than kStepBytes a range, whatever the range size. Where lines
// are counted, any of them may be the last one, and reads are of kCountedReadBytes, so that this is the most that is
// copied.
//
// A buffer that is full holds the last line's head, or its lead. A lead is dropped, and reading goes on. A head ends
// the range: the rest of the line is read into a ring at the buffer's end, of which its last bytes remain.
#include "split/line_splitter.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "base/line_lead.h"
#include "split/cut_line.h"

namespace chatload::split {
namespace {

constexpr std::size_t kStepBytes = 4 * kKiB;

// Counts lines that begin in a range, up to its last one.
class LineCount {
 public:
  explicit LineCount(const SplitLimits& limits)
      : range_bytes_(limits.range_bytes), left_(limits.bytes_a_record > 0 ? limits.records_max() : 0) {}

  [[nodiscard]] bool counts() const { return left_ > 0; }

  // Where the last line ends, in the range's bytes, of which some were counted before; npos where it does not yet.
  // REQUIRES: counts().
  [[nodiscard]] std::size_t end_in(const Range& range) {
    // Behind range_bytes, the first newline ends the range whatever its number.
    if (range.length_bytes() > range_bytes_) return std::string_view::npos;
    const std::string_view text = range.bytes.view().text();
    const auto begin = text.begin() + static_cast<std::ptrdiff_t>(std::exchange(counted_bytes_, text.size()));
    const auto lines = static_cast<std::size_t>(std::count(begin, text.end(), '\n'));
    if (lines < left_) {
      left_ -= lines;
      return std::string_view::npos;
    }
    std::size_t end = text.find('\n', static_cast<std::size_t>(begin - text.begin()));
    for (; left_ > 1; --left_) end = text.find('\n', end + 1);
    return end;
  }

 private:
  std::size_t range_bytes_;
  std::size_t left_;
  std::size_t counted_bytes_ = 0;
};

}  // namespace

LineSplitter::LineSplitter(inflate::DecodedStream& stream, SplitLimits limits, RangeBegin begin)
    : stream_(stream), limits_(limits), begin_(begin) {}

std::optional<Range> LineSplitter::next(PaddedBuffer buffer) {
  assert(buffer.capacity() >= limits_.buffer_bytes());
  buffer.truncate(0);
  Range range{.number = begin_.number, .begin = begin_.offset, .bytes = std::move(buffer)};
  PaddedBuffer& bytes = range.bytes;
  LineCount lines(limits_);
  const std::size_t read_bytes_max = lines.counts() ? kCountedReadBytes : limits_.range_bytes;
  std::size_t searched_bytes = limits_.range_bytes;  // no newline at or past range_bytes lies in front of this
  for (;;) {
    const std::string_view held = bytes.view().text();
    std::size_t end = lines.counts() ? lines.end_in(range) : std::string_view::npos;
    if (end == std::string_view::npos) end = held.find('\n', searched_bytes);
    if (end != std::string_view::npos) {
      carry_.insert(0, held.substr(end + 1));
      bytes.truncate(end + 1);
      return emit(std::move(range));
    }
    searched_bytes = std::max(searched_bytes, held.size());
    if (held.size() == limits_.buffer_bytes()) {
      skip_lead(range);
      searched_bytes = bytes.size();
      if (bytes.size() == limits_.buffer_bytes()) {
        drain_line(range);
        return emit(std::move(range));
      }
    }
    const std::size_t wanted_bytes = range.length_bytes() < limits_.range_bytes
                                         ? std::min(read_bytes_max, limits_.range_bytes - bytes.size())
                                         : std::min(kStepBytes, limits_.buffer_bytes() - bytes.size());
    const std::size_t read_bytes = read(bytes.free_space().first(wanted_bytes));
    if (read_bytes == 0) {
      if (bytes.size() == 0) return std::nullopt;
      return emit(std::move(range));
    }
    bytes.advance(read_bytes);
  }
}

// Of what was read past the end of the range before, and then of the stream.
std::size_t LineSplitter::read(std::span<char> out) {
  if (carry_.empty()) return read_stream(out);
  const std::size_t bytes = carry_.copy(out.data(), out.size());
  carry_.erase(0, bytes);
  return bytes;
}

std::size_t LineSplitter::read_stream(std::span<char> out) {
  if (ended_) return 0;
  const std::size_t read_bytes = stream_.read(out);
  ended_ = read_bytes == 0;
  return read_bytes;
}

// Drops the last line's lead but for one NUL, which stands for it, so that a line of nothing else is still a line.
void LineSplitter::skip_lead(Range& range) {
  const std::span<char> held = range.bytes.held();
  const std::size_t line_begin = range.bytes.view().text().rfind('\n') + 1;  // 0 without a newline
  const std::size_t lead_bytes = line_lead_bytes(range.bytes.view().text().substr(line_begin));
  if (lead_bytes < 2) return;
  const std::span<char> line = held.subspan(line_begin + lead_bytes);
  held[line_begin] = '\0';
  std::memmove(held.data() + line_begin + 1, line.data(), line.size());
  range.bytes.truncate(line_begin + 1 + line.size());
  range.skipped_bytes += lead_bytes - 1;
  range.skipped_at = line_begin;
}

// Reads the rest of the last line, whose head fills the buffer. REQUIRES: no newline is in the line's held bytes.
void LineSplitter::drain_line(Range& range) {
  // One byte more than the tail: it may turn out to end in the '\r' of the line end.
  const std::span<char> ring = range.bytes.held().last(tail_bytes(limits_.line_bytes_max) + 1);
  std::size_t oldest = 0;
  bool has_newline = false;
  while (!has_newline) {
    if (carry_.empty()) {
      carry_.resize(kStepBytes);
      carry_.resize(read_stream(carry_));
      if (carry_.empty()) break;
    }
    const std::size_t newline = carry_.find('\n');
    has_newline = newline != std::string::npos;
    std::string_view part = std::string_view(carry_).substr(0, newline);
    range.drained_bytes += part.size();
    if (part.size() > ring.size()) part.remove_prefix(part.size() - ring.size());
    const std::size_t first_bytes = std::min(part.size(), ring.size() - oldest);
    std::copy_n(part.data(), first_bytes, ring.data() + oldest);
    std::copy_n(part.data() + first_bytes, part.size() - first_bytes, ring.data());
    oldest = (oldest + part.size()) % ring.size();
    carry_.erase(0, has_newline ? newline + 1 : carry_.size());
  }
  std::rotate(ring.begin(), ring.begin() + static_cast<std::ptrdiff_t>(oldest), ring.end());
  if (!has_newline) return;
  range.drained_bytes += 1;
  range.drained_end_bytes = 1;
  if (ring.back() != '\r') return;
  range.bytes.truncate(range.bytes.size() - 1);
  range.drained_bytes += 1;
  range.drained_end_bytes += 1;
}

Range LineSplitter::emit(Range range) {
  begin_.number += 1;
  begin_.offset += range.length_bytes();
  return range;
}

}  // namespace chatload::split
