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
