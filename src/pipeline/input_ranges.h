// An input's ranges one after the other, for whoever looks at it beside the flow graph.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "inflate/decoded_stream.h"
#include "inflate/log_stream.h"
#include "pipeline/memory_plan.h"
#include "source/byte_source.h"
#include "split/range_splitter.h"

namespace chatload::pipeline {

// Single-threaded. Throws what reading the input throws.
class InputRanges {
 public:
  InputRanges(std::unique_ptr<source::ByteSource> input, const cli::ReadPlan& read, const StopSignal& stop)
      : stop_(stop),
        name_(input->name()),
        stream_(inflate::open_log(std::move(input), read.inflater, read.mapping->records, {}, window_of(read))),
        splitter_(split::make_splitter(*stream_, read.split, read.mapping->records, name_)),
        buffer_bytes_(read.split.buffer_bytes()) {}

  // The next range, or nothing at the end or after a stop; a stop while it is read may cut it short
  // (split/range_splitter.h). `last` gives its buffer back; one without a buffer gets one.
  [[nodiscard]] std::optional<split::Range> next(split::Range last) {
    if (stop_.requested()) return std::nullopt;
    if (last.bytes.capacity() == 0) last.bytes = PaddedBuffer(buffer_bytes_);
    return splitter_->next(std::move(last.bytes));
  }

  [[nodiscard]] std::uint64_t compressed_bytes() const { return stream_->compressed_bytes(); }

 private:
  const StopSignal& stop_;
  const std::string name_;
  std::unique_ptr<inflate::DecodedStream> stream_;
  std::unique_ptr<split::RangeSplitter> splitter_;
  std::size_t buffer_bytes_;
};

}  // namespace chatload::pipeline
