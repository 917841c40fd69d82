// Raw deflate data (RFC 1951) → bytes: the small interface in front of the libraries.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/units.h"
#include "inflate/decoded_stream.h"

namespace chatload::inflate {

enum class DecodeStatus {
  kMore,     // out is full, or in is used up
  kBlock,    // a block ends here, not the final one; only a BlockDecoder stops for that (block_decoder.h)
  kEnd,      // the final block is decoded and handed out
  kInvalid,  // not deflate data; what was produced before the fault is good
};

struct [[nodiscard]] DecodeStep {
  DecodeStatus status = DecodeStatus::kMore;
  std::size_t consumed = 0;  // bytes taken from in
  std::size_t produced = 0;  // bytes written to out
  // With kBlock: so many upper bits of the byte taken last belong to the next block.
  unsigned bits = 0;
  // With kEnd or kInvalid: how many of the bytes taken last, in this step or before it, lie behind the end or fault.
  std::size_t unread = 0;
};

inline constexpr std::size_t kWindowBytes = 32 * kKiB;  // how far back deflate data refer (RFC 1951 §2)

// Where a block begins in the middle of a deflate stream.
struct BlockBegin {
  // The last kWindowBytes that the stream has made before, or as many as it has made; of more, the last count. What
  // refers further back than the window reaches is a fault.
  std::span<const char> window;
  unsigned bits = 0;             // 0 to 7: so many upper bits of byte_before are the block's first
  std::uint8_t byte_before = 0;  // the compressed byte in front of the first that is the block's alone
};

// Decodes one deflate stream at a time, piece by piece. Single-threaded.
class DeflateDecoder {
 public:
  virtual ~DeflateDecoder() = default;

  // Forgets everything; a new deflate stream begins.
  virtual void reset() = 0;

  // The same where a block begins in the middle of one. Copies the window. REQUIRES: bits <= 7.
  virtual void reset(const BlockBegin& begin) = 0;

  // One step. May produce bytes out of what it took before, so in may be empty; all of in is taken unless out is full
  // or the stream ends. REQUIRES: out is not empty. After kEnd or kInvalid only reset() may follow.
  virtual DecodeStep decode(std::span<const char> in, std::span<char> out) = 0;

  // A new deflate stream of which all is in `in`, into as much room as it takes and at least one byte more: kEnd, or
  // else it is damaged or does not fit, and what was produced is nothing. Like reset() and decode(), with fewer copies.
  // REQUIRES: out is not empty. Only reset() or another stream may follow.
  virtual DecodeStep decode_whole(std::span<const char> in, std::span<char> out) = 0;

  // The CRC-32 of RFC 1952 §8 over what `crc` covers followed by `bytes`; of nothing it is 0.
  [[nodiscard]] virtual std::uint32_t crc32(std::uint32_t crc, std::span<const char> bytes) const = 0;
};

// Of `size` bytes, what one step takes: zlib and ISA-L count in 32 bits.
[[nodiscard]] inline std::uint32_t step_bytes(std::size_t size) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(size, kGiB));
}

// A whole zlib stream (RFC 1950) → its bytes, how many they are; nothing where it is damaged, or they do not fit.
[[nodiscard]] std::optional<std::size_t> inflate_zlib(std::span<const char> in, std::span<char> out);

[[nodiscard]] std::unique_ptr<DeflateDecoder> make_isal_inflater();
[[nodiscard]] std::unique_ptr<DeflateDecoder> make_zlib_inflater();
[[nodiscard]] std::unique_ptr<DeflateDecoder> make_deflate_decoder(Inflater inflater);

}  // namespace chatload::inflate
