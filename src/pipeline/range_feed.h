// What the graph reads: ranges, one source after the other.
#pragma once

#include <cstdint>
#include <optional>

#include "base/padded_buffer.h"
#include "pipeline/source_account.h"
#include "split/range.h"

namespace chatload::pipeline {

struct FedRange {
  split::Range range;
  SourceAccount* account;          // of its source; lives as long as the feed
  std::uint64_t compressed_end;    // compressed bytes of the source that were read when the range was cut
  std::uint64_t lines_before = 0;  // of the source, in front of the range; only where the mapping asks for it
};

// Single-threaded, while the graph runs, but for settled().
class RangeFeed {
 public:
  virtual ~RangeFeed() = default;

  // The next range, or nothing behind the last and after a stop. `buffer` becomes the range's. What is wrong with a
  // source ends that source: its account says so. Throws what ends the run.
  [[nodiscard]] virtual std::optional<FedRange> next(PaddedBuffer buffer) = 0;

  // All ranges of a source are settled, and those of a later one come. Called in the sources' order, by one thread at a
  // time, beside next(). Throws what ends the run.
  virtual void settled(SourceAccount& /*account*/) {}

  // Nothing was left out because of a stop.
  [[nodiscard]] virtual bool reached_end() const = 0;

  // Of all sources, so far.
  [[nodiscard]] virtual std::uint64_t compressed_bytes() const = 0;
};

}  // namespace chatload::pipeline
