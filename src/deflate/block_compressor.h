// A block of text → what it is in a compressed file, one after the other.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace chatload::deflate {

// What a block becomes. The first three are gzip, which every tool reads.
enum class Framing {
  kMigz,   // members that announce their sizes, so that a reader inflates them side by side
  kBgzf,   // the same as samtools' family reads and writes it; blocks are small, so files are about 8 % larger
  kPlain,  // members without size, without extra field
  kZstd,   // frames of zstd, whose seek table stands behind the last of them (frame_table.h)
};

// A zstd file is named .zst, whatever stands before that; any other name is gzip's.
[[nodiscard]] Framing framing_of(std::string_view name);

struct Levels {
  int min;
  int max;
  int usual;
};
[[nodiscard]] Levels levels_of(Framing framing);

// Single-threaded: every thread has its own. What it makes of a block depends on the block, the level and the framing
// alone.
class BlockCompressor {
 public:
  BlockCompressor() = default;
  BlockCompressor(const BlockCompressor&) = delete;
  BlockCompressor& operator=(const BlockCompressor&) = delete;
  virtual ~BlockCompressor() = default;

  // Appends a whole member or frame to `out`. REQUIRES: block.size() <= block_bytes_max(framing).
  virtual void append(std::string_view block, std::string& out) = 0;
};

// level: within levels_of(framing).
[[nodiscard]] std::unique_ptr<BlockCompressor> make_block_compressor(Framing framing, int level);

// How much text a block may hold.
[[nodiscard]] std::size_t block_bytes_max(Framing framing);

// What a compressor takes for a block of 1 MiB, beside the text and what it makes of it: a term of the peak-memory sum,
// times the threads.
[[nodiscard]] std::size_t compressor_bytes_max(Framing framing, int level);

}  // namespace chatload::deflate
