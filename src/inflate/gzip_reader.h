// Gzip (RFC 1952): members back to back → their bytes, every checksum and length held.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "inflate/buffered_input.h"
#include "inflate/decoded_stream.h"
#include "inflate/deflate_decoder.h"

namespace chatload::inflate {

// Decodes straight into the caller's buffer. Reads every member, empty ones included. Zeros from the end of a member to
// the end of the input are padding (tapes and some archivers add it) and are skipped. Any other byte that follows a
// member and does not begin one is an error; so is any byte that follows zeros. After a throw only the destructor may
// follow.
class GzipReader : public DecodedStream {
 public:
  GzipReader(BufferedInput input, std::unique_ptr<DeflateDecoder> decoder);

  [[nodiscard]] std::size_t read(std::span<char> out) override;
  [[nodiscard]] bool stopped() const override { return input_.stopped(); }
  [[nodiscard]] bool is_gzip() const override { return true; }
  [[nodiscard]] std::uint64_t compressed_bytes() const override {
    return compressed_bytes_.load(std::memory_order_relaxed);
  }

 private:
  enum class Expect { kFirstHeader, kHeader, kDeflate, kFault, kTrailer, kPadding, kNothing };

  // Each leaves expect_ at what comes next; at kNothing where the input ended well or a stop came.
  void read_header();
  [[nodiscard]] std::size_t read_deflate(std::span<char> out);
  void read_trailer();
  void read_padding();

  void end_of_input(const char* inside);
  [[noreturn]] void throw_damaged(const std::string& what) const;

  BufferedInput input_;
  std::unique_ptr<DeflateDecoder> decoder_;
  Expect expect_ = Expect::kFirstHeader;
  std::uint64_t member_begin_ = 0;  // compressed offset
  std::uint32_t member_crc_ = 0;    // of the bytes handed out
  std::uint32_t member_size_ = 0;   // likewise, modulo 2^32 as the trailer counts
  std::atomic<std::uint64_t> compressed_bytes_{0};
};

}  // namespace chatload::inflate
