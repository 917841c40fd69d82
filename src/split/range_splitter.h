// The decompressed stream → ranges, whatever a record is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/padded_buffer.h"
#include "base/record_form.h"
#include "base/units.h"
#include "inflate/decoded_stream.h"
#include "split/range.h"

namespace chatload::split {

// Sizes that decide where ranges end and what they hold.
struct SplitLimits {
  std::size_t range_bytes = 4 * kMiB;  // range k ends at the first '\n' at or past begin(k) + range_bytes
  std::size_t line_bytes_max = kMiB;   // a longer last line is drained: read and counted; its head and tail are kept
  // Where it is not 0, range k also ends with its records_max()-th record (mapping::bytes_a_record()).
  std::size_t bytes_a_record = 0;

  // A buffer of this capacity holds any range: the last line begins at range_bytes at the latest, and of it we keep
  // line_bytes_max + 3 bytes at most, so that neither "\r\n" nor the NUL that stands for a long lead makes a line of
  // the maximal length too long.
  [[nodiscard]] std::size_t buffer_bytes() const { return range_bytes + line_bytes_max + 3; }

  // REQUIRES: bytes_a_record is not 0.
  [[nodiscard]] std::size_t records_max() const { return std::max<std::size_t>(range_bytes / bytes_a_record, 1); }
};

// Where a range begins.
struct RangeBegin {
  RangeNumber number;
  ByteOffset offset;
};

// Cuts one stream. Single-threaded.
class RangeSplitter {
 public:
  virtual ~RangeSplitter() = default;

  // The next range in file order, or nothing at the end of the stream. `buffer` becomes the range's; what it held is
  // forgotten. REQUIRES: buffer.capacity() >= limits.buffer_bytes(). Throws what the stream throws, and
  // CorruptInputError: the bytes behind the last whole range are then never handed out. A stream that ends early
  // because of a stop ends here too, perhaps inside a record: whoever asked for the stop discards the range that it
  // gets after asking.
  [[nodiscard]] virtual std::optional<Range> next(PaddedBuffer buffer) = 0;
};

// Borrows the stream, which outlives it. name: the input's, for messages. begin: of the range that the stream begins
// with. REQUIRES: what does not begin with the input is cut into lines.
[[nodiscard]] std::unique_ptr<RangeSplitter> make_splitter(inflate::DecodedStream& stream, SplitLimits limits,
                                                           const RecordForm& records, std::string name,
                                                           RangeBegin begin = {});

}  // namespace chatload::split
