// Ranges of whole lines.
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
#include "split/range_splitter.h"

namespace chatload::split {

class LineSplitter final : public RangeSplitter {
 public:
  static constexpr std::size_t kCountedReadBytes = 256 * kKiB;  // at once, where lines are counted

  LineSplitter(inflate::DecodedStream& stream, SplitLimits limits, RangeBegin begin = {});

  [[nodiscard]] std::optional<Range> next(PaddedBuffer buffer) override;

 private:
  std::size_t read(std::span<char> out);
  std::size_t read_stream(std::span<char> out);
  void skip_lead(Range& range);
  void drain_line(Range& range);
  Range emit(Range range);

  inflate::DecodedStream& stream_;
  SplitLimits limits_;
  std::string carry_;   // bytes read past the end of the range before: no more than one read
  bool ended_ = false;  // the stream said so; it is not asked again
  RangeBegin begin_;    // of the next range
};

}  // namespace chatload::split
