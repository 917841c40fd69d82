// The decompressed stream → ranges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/padded_buffer.h"
#include "base/units.h"
#include "inflate/decoded_stream.h"
#include "split/range.h"

namespace chatload::split {

// Sizes that decide where ranges end and what they hold.
struct SplitLimits {
  std::size_t range_bytes = 4 * kMiB;  // range k ends at the first '\n' at or past begin(k) + range_bytes
  std::size_t line_bytes_max = kMiB;   // a longer last line is drained: read and counted; its head and tail are kept

  // A buffer of this capacity holds any range: the last line begins at range_bytes at the latest, and of it we keep
  // line_bytes_max + 3 bytes at most, so that neither "\r\n" nor the NUL that stands for a long lead makes a line of
  // the maximal length too long.
  [[nodiscard]] std::size_t buffer_bytes() const { return range_bytes + line_bytes_max + 3; }
};

// Where a range begins.
struct RangeBegin {
  RangeNumber number;
  ByteOffset offset;
};

// Cuts one stream. Single-threaded; borrows the stream, which outlives it.
class LineSplitter {
 public:
  // begin: of the range that the stream begins with.
  LineSplitter(inflate::DecodedStream& stream, SplitLimits limits, RangeBegin begin = {});

  // The next range in file order, or nothing at the end of the stream. `buffer` becomes the range's; what it held is
  // forgotten. REQUIRES: buffer.capacity() >= limits.buffer_bytes(). Throws what the stream throws: the bytes behind
  // the last whole range are then never handed out. A stream that ends early because of a stop ends here too, perhaps
  // inside a line: whoever asked for the stop discards the range that it gets after asking.
  [[nodiscard]] std::optional<Range> next(PaddedBuffer buffer);

 private:
  std::size_t read(std::span<char> out);
  std::size_t read_stream(std::span<char> out);
  void skip_lead(Range& range);
  void drain_line(Range& range);
  Range emit(Range range);

  inflate::DecodedStream& stream_;
  SplitLimits limits_;
  std::string carry_;   // bytes read past the end of the range before: no more than one read past a boundary
  bool ended_ = false;  // the stream said so; it is not asked again
  RangeBegin begin_;    // of the next range
};

}  // namespace chatload::split
