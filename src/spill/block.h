// A block: the unit in which a run is compressed, checked and read.
//
// On disk it is a BlockHeader and the rows' records (row_codec.h), compressed or as they are. A row longer than
// kBlockBytes is a block of its own and never compressed, so that neither side needs a second buffer of its size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace chatload::spill {

inline constexpr std::size_t kBlockBytes = std::size_t{32} * 1024;

struct BlockHeader {
  std::uint64_t checksum;      // of the stored bytes, their place in the file and both lengths
  std::uint32_t stored_bytes;  // behind the header
  std::uint32_t bytes;         // in memory; as many as stored: not compressed
};
static_assert(sizeof(BlockHeader) == 16);

// Bytes that pack() may write for a block of kBlockBytes.
[[nodiscard]] std::size_t packed_bytes_max();

// Compresses the block into `out`, of packed_bytes_max(). Returns what is to be stored: a part of `out`, or the block
// itself where that is shorter.
[[nodiscard]] std::string_view pack(std::string_view block, std::span<char> out);

// The header for a block whose `stored` bytes stand in the file with it at `offset`.
[[nodiscard]] BlockHeader header_of(std::string_view stored, std::size_t block_bytes, std::uint64_t offset);

// Whether `stored` is what the header was made for.
[[nodiscard]] bool is_intact(const BlockHeader& header, std::string_view stored, std::uint64_t offset);

// Uncompresses exactly header.bytes to `out`; false if that is not what `stored` holds.
[[nodiscard]] bool unpack(std::string_view stored, std::span<char> out);

}  // namespace chatload::spill
