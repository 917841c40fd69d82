// A text as a decompressed stream, for the tests of whoever reads one.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <span>
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
    const std::size_t bytes = std::min({out.size(), read_bytes_max_, text_.size()});
    std::memcpy(out.data(), text_.data(), bytes);
    text_.remove_prefix(bytes);
    ended_ = bytes == 0;
    return bytes;
  }
  std::uint64_t compressed_bytes() const override { return 0; }

 private:
  std::string_view text_;
  std::size_t read_bytes_max_;
  bool ended_ = false;
};

}  // namespace chatload::split
