// A decoder that stops where a block ends, so that decoding can begin there again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "inflate/deflate_decoder.h"

namespace chatload::inflate {

// zlib's: ISA-L does not tell where blocks end. Half as fast as ISA-L, then.
class BlockDecoder : public DeflateDecoder {
 public:
  // After kBlock: the last kWindowBytes that the stream has made, fewer where it has made fewer.
  [[nodiscard]] virtual std::string window() const = 0;
};

[[nodiscard]] std::unique_ptr<BlockDecoder> make_block_decoder();

}  // namespace chatload::inflate
