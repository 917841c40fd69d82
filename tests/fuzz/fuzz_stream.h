// What the fuzzers of splitters share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>

#include "inflate/decoded_stream.h"

namespace chatload {

// Hands out reads of sizes that cycle from read_bytes_max down to 1.
class FuzzStream final : public inflate::DecodedStream {
 public:
  FuzzStream(std::string_view text, std::size_t read_bytes_max)
      : text_(text), read_bytes_max_(read_bytes_max), step_(read_bytes_max) {}
  std::size_t read(std::span<char> out) override {
    const std::size_t bytes = std::min({out.size(), step_, text_.size()});
    std::memcpy(out.data(), text_.data(), bytes);
    text_.remove_prefix(bytes);
    step_ = step_ > 1 ? step_ - 1 : read_bytes_max_;
    return bytes;
  }
  std::uint64_t compressed_bytes() const override { return 0; }

 private:
  std::string_view text_;
  std::size_t read_bytes_max_;
  std::size_t step_;
};

inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace chatload
