// The compressed bytes behind a cursor that can go back a little.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "source/byte_source.h"

namespace chatload::inflate {

// Single-threaded. Never reads the source again once it has returned 0.
class BufferedInput {
 public:
  // How far unread() can go: a decoder holds at most 64 bits that it has taken but not used.
  static constexpr std::size_t kUnreadBytesMax = 8;

  explicit BufferedInput(std::unique_ptr<source::ByteSource> source);

  [[nodiscard]] std::span<const char> available() const { return {buffer_.get() + begin_, end_ - begin_}; }
  // REQUIRES: bytes <= available().size().
  void consume(std::size_t bytes) { begin_ += bytes; }
  // Steps back over bytes that were consumed. REQUIRES: bytes <= kUnreadBytesMax, and as many consumed before.
  void unread(std::size_t bytes) { begin_ -= bytes; }

  // Reads once from the source, behind what is available; false at the end of the input or after a stop.
  // REQUIRES: available() is shorter than the buffer. Throws SourceError.
  [[nodiscard]] bool fill();

  // The next byte, consumed; nothing at the end of the input or after a stop.
  [[nodiscard]] std::optional<std::uint8_t> next();

  // At least `bytes` of what comes next, without consuming it; fewer if the input has no more.
  [[nodiscard]] std::span<const char> peek(std::size_t bytes);

  // Consumes 1 to out.size() bytes into out, past the buffer where it is empty; 0 at the end or after a stop.
  [[nodiscard]] std::size_t read(std::span<char> out);

  // True if the source returned 0 because of a stop.
  [[nodiscard]] bool stopped() const { return ended_ && source_->stopped(); }
  // Of the cursor, in bytes from the start of the compressed input.
  [[nodiscard]] std::uint64_t offset() const { return source_offset_ - (end_ - begin_); }
  [[nodiscard]] const std::string& name() const { return source_->name(); }

 private:
  [[nodiscard]] std::size_t read_source(std::span<char> out);

  std::unique_ptr<source::ByteSource> source_;
  std::unique_ptr<char[]> buffer_;  // [begin_, end_) is available, up to kUnreadBytesMax in front of it were consumed
  std::size_t begin_ = kUnreadBytesMax;
  std::size_t end_ = kUnreadBytesMax;
  std::uint64_t source_offset_ = 0;  // bytes that the source has given
  bool ended_ = false;
};

}  // namespace chatload::inflate
