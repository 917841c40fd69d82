#include "deflate/block_compressor.h"

#include "deflate/frame_compressor.h"
#include "deflate/member_compressor.h"

namespace chatload::deflate {

Framing framing_of(std::string_view name) { return name.ends_with(".zst") ? Framing::kZstd : Framing::kMigz; }

Levels levels_of(Framing framing) {
  return framing == Framing::kZstd ? Levels{.min = 1, .max = 19, .usual = 3} : Levels{.min = 1, .max = 12, .usual = 6};
}

std::unique_ptr<BlockCompressor> make_block_compressor(Framing framing, int level) {
  if (framing == Framing::kZstd) return std::make_unique<FrameCompressor>(level);
  return std::make_unique<MemberCompressor>(framing, level);
}

std::size_t block_bytes_max(Framing framing) {
  return framing == Framing::kZstd ? FrameCompressor::kBlockBytesMax : MemberCompressor::block_bytes_max(framing);
}

std::size_t compressor_bytes_max(Framing framing, int level) {
  return framing == Framing::kZstd ? FrameCompressor::memory_bytes_max(level)
                                   : MemberCompressor::memory_bytes_max(level);
}

}  // namespace chatload::deflate
