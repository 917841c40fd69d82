// What a zstd frame says of itself: its header, and the sizes of its blocks (RFC 8878 §3.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/units.h"

namespace chatload::inflate {

inline constexpr std::size_t kZstdMagicBytes = 4;
inline constexpr std::size_t kZstdHeaderBytesMax = 18;
inline constexpr std::size_t kZstdBlockHeaderBytes = 3;
inline constexpr std::size_t kZstdChecksumBytes = 4;
inline constexpr std::uint64_t kZstdBlockBytesMax = 128 * kKiB;  // of text

// Whether the bytes begin with a frame's magic number, or are the beginning of one.
[[nodiscard]] bool may_begin_zstd(std::span<const char> bytes);

struct ZstdFrame {
  std::size_t header_bytes = 0;                // with the magic number
  std::optional<std::uint64_t> skipped_bytes;  // of a skippable frame: what follows its header. It has no blocks.
  std::uint64_t window_bytes = 0;              // of the text before it, how much a block may refer to
  std::optional<std::uint64_t> text_bytes;     // of the whole frame, where the header tells
  std::uint32_t dictionary = 0;                // its number; 0: none
  bool has_checksum = false;

  // What a decoder has to keep of the text.
  [[nodiscard]] std::uint64_t kept_bytes() const {
    return text_bytes && *text_bytes < window_bytes ? *text_bytes : window_bytes;
  }
};

// The frame that begins with `head`. Nothing where that is no frame, or is cut inside the header. Reserved bits are not
// judged. Pure.
[[nodiscard]] std::optional<ZstdFrame> zstd_frame(std::span<const char> head);

struct ZstdBlock {
  bool is_last = false;
  std::size_t bytes = 0;         // that follow the block's header
  std::uint64_t text_bytes = 0;  // at most
};

// REQUIRES: header has kZstdBlockHeaderBytes. Reserved types and excessive sizes are not judged. Pure.
[[nodiscard]] ZstdBlock zstd_block(std::span<const char> header);

}  // namespace chatload::inflate
