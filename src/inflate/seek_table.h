// A seek index file's points: where decoding of a gzip can begin, and what stands there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/units.h"
#include "inflate/member_place.h"

namespace chatload::inflate {

// A seek index that is damaged, incomplete, of another file or in a format that is not read here. Whatever it was for
// can be had without it, by reading the gzip from its beginning.
class SeekIndexError : public SourceError {
 public:
  using SourceError::SourceError;
};

// A file that stands where a seek index is looked for, and is something else. Nothing of ours replaces it.
class OtherFileError : public SeekIndexError {
 public:
  using SeekIndexError::SeekIndexError;
};

// Throws SeekIndexError: which file, why, and what to type.
[[noreturn]] void refuse_index(const std::string& path, std::string_view why);

// A block's begin in the deflate data of some member. A point without a window needs none, as a member's first block.
// With bits 0, what stands at `compressed` may then also be that member's header: its first byte, 1f, begins no block.
struct SeekPoint {
  std::uint64_t compressed = 0;    // offset of the first byte that is the block's alone
  std::uint64_t decompressed = 0;  // offset of the first byte that it makes
  std::uint64_t line = 0;          // 1-based number of the line that this byte is in; 0 where the index has no lines
  std::uint64_t window_at = 0;     // offset in the index file
  std::uint32_t window_bytes = 0;  // there, as they are stored; 0: no window
  std::uint32_t window_crc = 0;    // CRC-32 of these bytes, where a sum has said it
  MemberPlace place;               // where a sum has said it
  std::uint8_t bits = 0;           // 0 to 7: so many upper bits of the byte before `compressed` are the block's, too
};
static_assert(sizeof(SeekPoint) <= 64);

// More are refused, and none made: 16 MiB of them. A point each 4 MiB of text makes 1 TiB.
inline constexpr std::size_t kSeekPointsMax = 1 << 18;

enum class IndexFormat { kGztool, kIndexedGzip };
[[nodiscard]] std::string_view to_string(IndexFormat format);

struct SeekTable {
  IndexFormat format = IndexFormat::kGztool;
  unsigned version = 0;
  // At least one. Both offsets and the lines ascend; the first is the first block of the file.
  std::vector<SeekPoint> points;
  std::optional<std::uint64_t> compressed_bytes;  // of the gzip
  std::uint64_t decompressed_bytes = 0;
  std::optional<std::uint64_t> lines;  // an unfinished last one counts
  std::uint64_t index_bytes = 0;       // of the index file
  std::uint32_t crc = 0;               // CRC-32 of all bytes of the index file but the windows
};

// Reads all but the windows of an index file, from its beginning and by position. Any bytes are taken: what is no whole
// and sensible index throws SeekIndexError; what does not begin as one, OtherFileError. path: for messages.
[[nodiscard]] SeekTable read_seek_table(int fd, const std::string& path);

}  // namespace chatload::inflate
