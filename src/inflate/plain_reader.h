// Input that is not compressed: its own bytes.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "inflate/buffered_input.h"
#include "inflate/decoded_stream.h"

namespace chatload::inflate {

class PlainReader : public DecodedStream {
 public:
  explicit PlainReader(BufferedInput input) : input_(std::move(input)) {}

  [[nodiscard]] std::size_t read(std::span<char> out) override;
  [[nodiscard]] bool stopped() const override { return input_.stopped(); }
  // The bytes handed out.
  [[nodiscard]] std::uint64_t compressed_bytes() const override { return bytes_.load(std::memory_order_relaxed); }

 private:
  BufferedInput input_;
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace chatload::inflate
