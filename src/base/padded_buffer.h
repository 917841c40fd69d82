// A fixed-capacity byte buffer that can be read past its end, as simdjson does.
//
// PaddedBuffer owns capacity() bytes plus kPaddingBytes that always exist behind them. It does not grow: whoever needs
// more asks for a larger one, so that every byte held stands in the peak-memory sum (pipeline/memory_plan.h).
// PaddedView borrows some of those bytes and carries the promise in its type; a string_view does not convert to one.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <utility>

namespace chatload {

// simdjson reads this far past the end of its input; parse/ asserts that it equals SIMDJSON_PADDING.
inline constexpr std::size_t kPaddingBytes = 64;

// Borrowed bytes of a PaddedBuffer: at least kPaddingBytes can be read after the last.
class PaddedView {
 public:
  PaddedView() = default;

  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] std::size_t size() const { return text_.size(); }

  // Any part of a padded view is padded by what follows it.
  [[nodiscard]] PaddedView part(std::size_t begin, std::size_t length) const {
    return PaddedView(text_.substr(begin, length));
  }

 private:
  friend class PaddedBuffer;
  explicit PaddedView(std::string_view text) : text_(text) {}

  std::string_view text_;
};

class PaddedBuffer {
 public:
  PaddedBuffer() = default;
  explicit PaddedBuffer(std::size_t capacity_bytes) : bytes_(allocate(capacity_bytes)), capacity_(capacity_bytes) {}

  PaddedBuffer(PaddedBuffer&& other) noexcept { *this = std::move(other); }
  PaddedBuffer& operator=(PaddedBuffer&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] PaddedView view() const { return PaddedView(std::string_view(bytes_.get(), size_)); }

  // What view() shows, to be changed.
  [[nodiscard]] std::span<char> held() { return {bytes_.get(), size_}; }
  // The unused space behind size(), without the padding. Write there, then call advance().
  [[nodiscard]] std::span<char> free_space() { return {bytes_.get() + size_, capacity_ - size_}; }
  void advance(std::size_t bytes_written) { size_ += bytes_written; }

  // Holds a copy of text and nothing else. REQUIRES text.size() <= capacity().
  void assign(std::string_view text) { size_ = text.copy(bytes_.get(), capacity_); }

  // Keeps the first size_bytes; REQUIRES size_bytes <= size().
  void truncate(std::size_t size_bytes) { size_ = size_bytes; }

 private:
  struct Free {
    std::align_val_t alignment;

    void operator()(char* bytes) const { ::operator delete[](bytes, alignment); }
  };
  using Bytes = std::unique_ptr<char[], Free>;

  // And the padding behind them.
  [[nodiscard]] static Bytes allocate(std::size_t capacity_bytes);

  Bytes bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace chatload
