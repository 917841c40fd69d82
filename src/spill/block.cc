// LZ4, because the loader shares its cores with a server that has better uses for them. 600,000 rows of
// `chatgen --ids v4`, sorted, as records of row_codec.h in one file, in blocks of 32 KiB (`lz4 -b1 -B32768 FILE`,
// `zstd -b1 -B32KB FILE`, `zstd --fast=3 -b -B32KB FILE`); the same with --ids v1:
//
//                    v4: ratio, in, out                   v1: ratio, in, out
//   LZ4              1.53    303 MB/s   3141 MB/s         1.72    498 MB/s   3217 MB/s
//   zstd -1          1.89     81 MB/s    459 MB/s         2.08    224 MB/s    972 MB/s
//   zstd --fast=3    1.50    133 MB/s    (not taken)      1.68    348 MB/s   1276 MB/s
//
// So zstd would take a fifth less disk for two to four times the time. LZ4's acceleration 4 is a fifth faster in the
// whole of RunBuilder, but then random ids are not compressed at all (1.02 instead of 1.14 in the benchmark below).
//
// Even so it is nearly half of what a run costs: with the benchmark below and buffers of 16 MiB, runs are built in
// 269 ms of CPU time (random ids; by time: 186), and in 148 ms (102) of plain blocks, and merged in 89 (59) and 70 ms
// (49). Of a load of 2 M lines that is a fifth of the client's CPU time. So a store's first blocks are plain
// (SpillLimits::plain_bytes): so many bytes are seldom on a disk yet when they are read again.
//
// 32 KiB: smaller blocks compress less, larger ones merge more slowly and take a merge's memory, a block a run. CPU
// time of `chatload_bench --benchmark_filter=Spill.*plain:0`, random ids, 640,000 rows (77 MB), 64 runs, by block size:
//
//   block              16 KiB   32 KiB   64 KiB   128 KiB
//   ratio               1.08     1.14     1.19     1.10
//   runs built         274      275      264      301 MB/s
//   merged             137      142      153      175 ms
#include "spill/block.h"

#include <lz4.h>

#include "base/digest.h"

namespace chatload::spill {
namespace {

// Sizes and place make the seed, so that a header damaged alone, or a block in another's place, is noticed too.
std::uint64_t block_checksum(std::string_view stored, std::uint32_t block_bytes, std::uint64_t offset) {
  return checksum(stored, offset ^ (static_cast<std::uint64_t>(stored.size()) << 32 | block_bytes));
}

}  // namespace

std::size_t packed_bytes_max() { return LZ4_COMPRESSBOUND(kBlockBytes); }

std::string_view pack(std::string_view block, std::span<char> out) {
  const int size =
      LZ4_compress_default(block.data(), out.data(), static_cast<int>(block.size()), static_cast<int>(out.size()));
  const bool pays = size > 0 && static_cast<std::size_t>(size) < block.size();
  return pays ? std::string_view(out.data(), static_cast<std::size_t>(size)) : block;
}

BlockHeader header_of(std::string_view stored, std::size_t block_bytes, std::uint64_t offset) {
  const auto bytes = static_cast<std::uint32_t>(block_bytes);
  return {block_checksum(stored, bytes, offset), static_cast<std::uint32_t>(stored.size()), bytes};
}

bool is_intact(const BlockHeader& header, std::string_view stored, std::uint64_t offset) {
  return header.checksum == block_checksum(stored, header.bytes, offset);
}

bool unpack(std::string_view stored, std::span<char> out) {
  const auto size = static_cast<int>(out.size());
  return LZ4_decompress_safe(stored.data(), out.data(), static_cast<int>(stored.size()), size) == size;
}

}  // namespace chatload::spill
