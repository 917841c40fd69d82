// Who is told where decoding of a gzip can begin, while it is read.
#pragma once

#include <cstdint>
#include <span>

#include "inflate/block_decoder.h"
#include "inflate/member_place.h"

namespace chatload::inflate {

// Called by GzipReader, on its thread.
class BlockObserver {
 public:
  virtual ~BlockObserver() = default;

  // The decompressed bytes, each once and in order, before they are handed out.
  virtual void on_bytes(std::span<const char> bytes) = 0;

  // A block begins behind the bytes that on_bytes() has had. compressed: the offset of the first byte that is the
  // block's alone; so many upper `bits` of the byte in front are the block's, too. `decoder` has its window; none where
  // it is a member's first block, which needs no window. place: of the block.
  virtual void on_block(std::uint64_t compressed, unsigned bits, const BlockDecoder* decoder,
                        const MemberPlace& place) = 0;
};

}  // namespace chatload::inflate
