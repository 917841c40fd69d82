// The compressed bytes behind a cursor that can go back a little.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/units.h"
#include "source/byte_source.h"

namespace chatload::inflate {

// Single-threaded. Never reads the source again once it has returned 0 or thrown; what it threw is then thrown again.
class BufferedInput {
 public:
  // How far unread() can go: a decoder holds at most 64 bits that it has taken but not used.
  static constexpr std::size_t kUnreadBytesMax = 8;
  // How far peek() can look.
  static constexpr std::size_t kPeekBytesMax = 256 * kKiB;

  // offset: of the first byte that the source gives.
  explicit BufferedInput(std::unique_ptr<source::ByteSource> source, std::uint64_t offset = 0);
  // Of bytes that are there, and borrowed. end: a source that has no others, and says why they end.
  BufferedInput(std::span<const char> bytes, std::unique_ptr<source::ByteSource> end, std::uint64_t offset);

  [[nodiscard]] std::span<const char> available() const { return {bytes_ + begin_, end_ - begin_}; }
  // REQUIRES: bytes <= available().size().
  void consume(std::size_t bytes) { begin_ += bytes; }
  // Steps back over bytes that were consumed. REQUIRES: bytes <= kUnreadBytesMax, and as many consumed before.
  void unread(std::size_t bytes) { begin_ -= bytes; }
  // Steps back over all of `bytes`, however many. REQUIRES: they are what was consumed last, and nothing is borrowed.
  void put_back(std::string bytes);

  // Reads once from the source, behind what is available; false at the end of the input or after a stop.
  // REQUIRES: available() is shorter than the buffer, if there is one. Throws SourceError.
  [[nodiscard]] bool fill();

  // The next byte, consumed; nothing at the end of the input or after a stop.
  [[nodiscard]] std::optional<std::uint8_t> next();

  // At least `bytes` of what comes next, without consuming it; fewer if the input has no more.
  // REQUIRES: bytes <= kPeekBytesMax.
  [[nodiscard]] std::span<const char> peek(std::size_t bytes);

  // Consumes 1 to out.size() bytes into out, past the buffer where it is empty; 0 at the end or after a stop.
  [[nodiscard]] std::size_t read(std::span<char> out);

  // True if the source returned 0 because of a stop, and nothing was put back that has not come again.
  [[nodiscard]] bool stopped() const { return ended_ && put_back_.empty() && source_->stopped(); }
  // Of the cursor, in bytes from the start of the compressed input.
  [[nodiscard]] std::uint64_t offset() const { return read_offset_ - (end_ - begin_); }
  [[nodiscard]] const std::string& name() const { return source_->name(); }

 private:
  [[nodiscard]] std::size_t read_on(std::span<char> out);
  [[nodiscard]] std::size_t read_source(std::span<char> out);

  std::unique_ptr<source::ByteSource> source_;
  std::unique_ptr<char[]> buffer_;  // null where the bytes are borrowed
  const char* bytes_;  // the buffer's: [begin_, end_) is available, up to kUnreadBytesMax in front of it were consumed
  std::size_t begin_ = kUnreadBytesMax;
  std::size_t end_ = kUnreadBytesMax;
  std::string put_back_;           // comes before what the source gives next
  std::size_t put_back_used_ = 0;  // of its bytes
  std::uint64_t read_offset_;      // of what is read next, put back or the source's
  bool ended_ = false;
  std::exception_ptr failure_;  // of the source
};

}  // namespace chatload::inflate
