// A byte source over a string, for tests and fuzzers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "source/byte_source.h"

namespace chatload::source {

// Hands out `bytes` in reads of at most read_sizes[0], read_sizes[1], … bytes, over and over; as much as asked for
// where there are none. A read after the one that returned 0 throws std::logic_error: nobody may read past the end.
class StringSource : public ByteSource {
 public:
  explicit StringSource(std::string bytes, std::vector<std::size_t> read_sizes = {}, std::string name = "input")
      : bytes_(std::move(bytes)), read_sizes_(std::move(read_sizes)), name_(std::move(name)) {}

  // From this byte on a read returns 0 and stopped() is true, as if a signal had come.
  void stop_at(std::size_t offset) { stop_at_ = offset; }

  [[nodiscard]] std::size_t read(std::span<char> out) override {
    if (out.empty()) throw std::logic_error("a read into nothing");
    if (ended_) throw std::logic_error("a read past the end");
    const std::size_t end = std::min(bytes_.size(), stop_at_);
    std::size_t size = std::min(out.size(), end - position_);
    if (!read_sizes_.empty()) {
      size = std::min(size, std::max<std::size_t>(1, read_sizes_[reads_ % read_sizes_.size()]));
    }
    ++reads_;
    std::memcpy(out.data(), bytes_.data() + position_, size);
    position_ += size;
    if (size == 0) {
      ended_ = true;
      stopped_ = position_ == stop_at_;
    }
    return size;
  }

  [[nodiscard]] bool stopped() const override { return stopped_; }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return bytes_.size(); }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  std::string bytes_;
  std::vector<std::size_t> read_sizes_;
  std::string name_;
  std::size_t stop_at_ = std::numeric_limits<std::size_t>::max();
  std::size_t position_ = 0;
  std::size_t reads_ = 0;
  bool ended_ = false;
  bool stopped_ = false;
};

}  // namespace chatload::source
