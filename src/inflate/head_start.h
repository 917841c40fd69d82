// A stream whose first bytes are inflated before they are wanted, by another thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>

#include "base/padded_buffer.h"
#include "inflate/decoded_stream.h"

namespace chatload::inflate {

// Gives what the stream gives: every byte, and every error behind the bytes in front of it. One thread calls run(),
// once, and only then does another one read; claim() alone is called beside run().
class HeadStart : public DecodedStream {
 public:
  // head: empty, for as much as it holds.
  HeadStart(std::unique_ptr<DecodedStream> stream, PaddedBuffer head)
      : stream_(std::move(stream)), head_(std::move(head)) {}

  // Fills the head, until it is full, the stream ends, or somebody claims it. Throws nothing.
  void run() noexcept;

  // Whoever is to read waits for run(), which ends soon.
  void claim() { is_claimed_ = true; }

  // The head, to be used again; nothing of the stream is read any more then.
  [[nodiscard]] PaddedBuffer take_buffer() && { return std::move(head_); }

  [[nodiscard]] std::size_t read(std::span<char> out) override;
  [[nodiscard]] bool stopped() const override { return stream_->stopped(); }
  [[nodiscard]] Compression compression() const override { return stream_->compression(); }
  [[nodiscard]] bool lacks_checksum() const override { return stream_->lacks_checksum(); }
  // Within the head in proportion to its bytes.
  [[nodiscard]] std::uint64_t compressed_bytes() const override;

 private:
  const std::unique_ptr<DecodedStream> stream_;
  PaddedBuffer head_;
  std::atomic<bool> is_claimed_ = false;
  bool has_ended_ = false;      // the stream, in the head
  std::exception_ptr failure_;  // of the stream, behind the head
  std::uint64_t compressed_in_head_ = 0;
  std::atomic<std::size_t> handed_out_ = 0;  // of the head
};

}  // namespace chatload::inflate
