// Gzip (RFC 1952): members back to back → their bytes, every checksum and length held.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "inflate/block_decoder.h"
#include "inflate/block_observer.h"
#include "inflate/buffered_input.h"
#include "inflate/decoded_stream.h"
#include "inflate/deflate_decoder.h"
#include "inflate/member_place.h"

namespace chatload::inflate {

// Decodes straight into the caller's buffer. Reads every member, empty ones included. Zeros from the end of a member to
// the end of the input are padding (tapes and some archivers add it) and are skipped. Any other byte that follows a
// member and does not begin one is an error; so is any byte that follows zeros. After a throw only the destructor may
// follow.
class GzipReader : public DecodedStream {
 public:
  // The input may be read already, up to the end of a member.
  GzipReader(BufferedInput input, std::unique_ptr<DeflateDecoder> decoder);
  // The same, and tells the observer, which outlives this, of every block.
  GzipReader(BufferedInput input, std::unique_ptr<BlockDecoder> decoder, BlockObserver& observer);
  // Begins in the midst of a member: `input` is at the first byte that is the block's alone. Without a place, that
  // member's end is for the caller to check.
  GzipReader(BufferedInput input, std::unique_ptr<DeflateDecoder> decoder, const std::optional<MemberPlace>& place,
             const BlockBegin& block);

  [[nodiscard]] std::size_t read(std::span<char> out) override;
  [[nodiscard]] bool stopped() const override { return input_.stopped(); }
  [[nodiscard]] Compression compression() const override { return Compression::kGzip; }
  // Of the byte that read() gives next, as far as its member has begun.
  [[nodiscard]] const MemberPlace& place() const { return member_; }
  // To be used again; nothing is read any more then.
  [[nodiscard]] std::unique_ptr<DeflateDecoder> take_decoder() && { return std::move(decoder_); }
  [[nodiscard]] bool is_in_member() const { return is_in_member_; }
  // Of the first member, where no place was given, once it is read.
  [[nodiscard]] const std::optional<UncheckedEnd>& unchecked_end() const { return unchecked_end_; }
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
  const BlockDecoder* block_decoder_ = nullptr;  // decoder_, where there is an observer
  BlockObserver* observer_ = nullptr;
  Expect expect_;
  MemberPlace member_;  // of what is handed out next
  bool is_in_member_ = false;
  bool is_checked_ = true;
  std::optional<UncheckedEnd> unchecked_end_;
  std::atomic<std::uint64_t> compressed_bytes_;
};

}  // namespace chatload::inflate
