// A range: the unit of parsing, writing, retry and memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/padded_buffer.h"
#include "base/units.h"

namespace chatload::split {

// A record within the bytes of its range.
struct RecordSpan {
  std::uint32_t begin;
  std::uint32_t size_bytes;
};

// What the document around records says.
struct OuterValues {
  std::uint32_t first_record;  // of the range's that it is around
  std::string json;  // an object: by the place of a path among RecordForm::outer, "0", "1", …, what is there
  std::vector<bool> is_misplaced = {};  // by that place: what should hold it is neither object nor array
};

// A slice of the decompressed stream that begins at a line start and ends just after a newline, or at the end of the
// stream. Move-only: it owns its bytes. Range k ends at the first '\n' at or past begin + range_bytes, or with its
// SplitLimits::records_max()-th line, so ranges depend on the stream and these limits alone. Where records are no
// lines, record_splitter.h says where it ends.
struct Range {
  RangeNumber number;
  ByteOffset begin;
  PaddedBuffer bytes;
  std::optional<std::vector<RecordSpan>> records = std::nullopt;  // in their order; none: each line is one
  std::vector<OuterValues> outer = {};                            // in their order, where RecordForm::outer has paths
  // Bytes of the last line that were read and dropped because the line is longer than --max-line, its line end among
  // them. Only the last line of a range can be cut: any other lies wholly in front of begin + range_bytes. The bytes
  // kept hold more than --max-line of it and no newline, and end in the line's own last bytes: cut_line() takes them
  // apart.
  std::uint64_t drained_bytes = 0;
  std::uint64_t drained_end_bytes = 0;  // of drained_bytes: the line end, 0 to 2
  // Bytes of the last line's lead (line_lead.h) that were read and dropped because the lead is long. One NUL stands for
  // them, at skipped_at in the bytes kept.
  std::uint64_t skipped_bytes = 0;
  std::size_t skipped_at = 0;

  // Records, or lines, whatever they are.
  [[nodiscard]] std::uint64_t count_lines() const;

  [[nodiscard]] std::uint64_t length_bytes() const { return skipped_bytes + bytes.size() + drained_bytes; }

  // The range's bytes as they stand in the stream, from its begin, and as they are kept: where a line begins in one is
  // where it begins in the other, but for what was skipped in front of it.
  [[nodiscard]] std::uint64_t begin_of(std::size_t held) const {
    return held > skipped_at ? held + skipped_bytes : held;
  }
  // Whether what begins there is kept.
  [[nodiscard]] bool holds(std::uint64_t begin_bytes) const {
    const bool is_skipped = begin_bytes > skipped_at && begin_bytes <= skipped_at + skipped_bytes;
    return !is_skipped && held_at(begin_bytes) < bytes.size();
  }
  // REQUIRES: holds(begin_bytes).
  [[nodiscard]] std::size_t held_at(std::uint64_t begin_bytes) const {
    return static_cast<std::size_t>(begin_bytes > skipped_at ? begin_bytes - skipped_bytes : begin_bytes);
  }
};

}  // namespace chatload::split
