// Text → a gzip or zstd file, compressed side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/ordered_workers.h"
#include "base/output.h"
#include "base/units.h"
#include "deflate/block_compressor.h"
#include "deflate/frame_table.h"

namespace chatload::deflate {

struct CompressionOptions {
  Framing framing = Framing::kMigz;
  int level = 6;         // within levels_of(framing)
  unsigned threads = 0;  // that compress, beside the caller's; they begin with the second block. 0: the caller's alone
  // Of text, that is gathered before it is compressed: into one member or frame, or as many of BGZF's as it takes.
  std::size_t block_bytes = kMiB;
};

// Single-threaded; borrows the file. What it writes depends on the text, the framing, the level and the size of blocks
// alone, not on the pieces in which the text comes, nor on the threads. Every failure throws as the file does.
class CompressedWriter {
 public:
  CompressedWriter(Output& file, CompressionOptions options);
  ~CompressedWriter();  // without end(): the last blocks are not in the file

  void write(std::string_view text);

  // All is in the file, which is the caller's to close. No text makes a gzip or zstd of no bytes.
  void end();

  [[nodiscard]] std::uint64_t bytes_compressed() const { return bytes_compressed_; }  // that are in the file

  // What a writer takes at most: its part of the peak-memory sum.
  [[nodiscard]] static std::size_t memory_bytes_max(CompressionOptions options);

 private:
  // Some text, and what it is compressed to: one member or frame, or some of BGZF's.
  struct Block {
    std::string text;
    std::string compressed;
  };
  class Compressor;

  void pass_on();
  void compress_here();
  void put(Block block);

  Output& file_;
  const CompressionOptions options_;
  Block block_;                             // that is gathered
  Block spare_;                             // for the next one: keeps the memory of one that is written
  std::unique_ptr<Compressor> compressor_;  // the caller's; made when it is needed
  OrderedWorkers<Block> workers_;           // without work where options_.threads is 0
  FrameTable table_;                        // of zstd
  std::uint64_t bytes_compressed_ = 0;
};

}  // namespace chatload::deflate
