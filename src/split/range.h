// A range: the unit of parsing, writing, retry and memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/padded_buffer.h"
#include "base/units.h"

namespace chatload::split {

// A slice of the decompressed stream that begins at a line start and ends just after a newline, or at the end of the
// stream. Move-only: it owns its bytes. Range k ends at the first '\n' at or past begin + range_bytes, so ranges depend
// on the stream and on range_bytes alone.
struct Range {
  RangeNumber number;
  ByteOffset begin;
  PaddedBuffer bytes;
  // Bytes of the last line that were read and dropped because the line is longer than --max-line. Only the last line
  // of a range can be cut: any other lies wholly in front of begin + range_bytes. The bytes kept hold more than
  // --max-line of it, and no newline.
  std::uint64_t drained_bytes = 0;

  [[nodiscard]] std::uint64_t length_bytes() const { return bytes.size() + drained_bytes; }
};

}  // namespace chatload::split
