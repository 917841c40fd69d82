// A text as a decompressed stream, for the tests of whoever reads one.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "inflate/decoded_stream.h"

namespace chatload::split {

// A stream that hands out at most read_bytes_max bytes a read, and fails where it is told to.
class TextStream final : public inflate::DecodedStream {
 public:
  TextStream(std::string_view text, std::size_t read_bytes_max) : text_(text), read_bytes_max_(read_bytes_max) {}

  std::size_t read(std::span<char> out) override {
    EXPECT_FALSE(out.empty());
    EXPECT_FALSE(ended_) << "read past the end";
    const std::size_t bytes = text_.copy(out.data(), std::min(out.size(), read_bytes_max_), read_bytes_);
    read_bytes_ += bytes;
    ended_ = bytes == 0;
    return bytes;
  }
  std::uint64_t compressed_bytes() const override { return 0; }

 private:
  const std::string text_;
  const std::size_t read_bytes_max_;
  std::size_t read_bytes_ = 0;
  bool ended_ = false;
};

}  // namespace chatload::split
