// gztool's format, big-endian (gztool 1.5.1):
//   8 zeros | "gzipindx" (version 0) or "gzipindX" (1) | version 1: what ends a line, 4 bytes: 0 is \n, 1 is \r |
//   points that are there, 8 | points of the whole, 8 |
//   each point: decompressed offset, 8 | compressed offset, 8 | bits, 4 | window's length, 4 | window, zlib data |
//               version 1: line number, 8
//   decompressed size, 8 | version 1: lines, 8
// indexed_gzip's format, little-endian (indexed_gzip 1.7):
//   "GZIDX" | version, 0 or 1 | 0 | compressed size, 8 | decompressed size, 8 | spacing, 4 | window's length, 4 |
//   points, 4 |
//   each point: compressed offset, 8 | decompressed offset, 8 | bits, 1 | version 1: whether it has a window, 1
//   windows, one after the other, as they are; in version 0 all points but the first have one
// Lines that end in \r are not ours: such an index counts as one without lines. bgzip's index has the suffix .gzi, too,
// and another layout: a count, 8 bytes little-endian, and twice 8 bytes for each.

#include "inflate/seek_table.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <span>

#include "base/file_io.h"
#include "inflate/crc32.h"
#include "inflate/deflate_decoder.h"

namespace chatload::inflate {
namespace {

constexpr std::string_view kGztoolMagic("\0\0\0\0\0\0\0\0gzipind", 15);
constexpr std::string_view kIndexedGzipMagic = "GZIDX";
constexpr std::uint64_t kBgzipCountBytes = 8;
constexpr std::uint64_t kBgzipPairBytes = 16;
constexpr std::uint64_t kWindowBytesMax = 2 * kWindowBytes;  // as stored: 32 KiB that do not compress are a little more

constexpr std::string_view kIncomplete = "it is incomplete, its program was ended before it had read the whole gzip";

// The file's bytes from front to back, those that are skipped aside.
class IndexBytes {
 public:
  IndexBytes(int fd, const std::string& path) : fd_(fd), path_(path) {
    struct stat status {};
    if (fstat(fd, &status) != 0) refuse_index(path, std::strerror(errno));
    size_ = status.st_size > 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
  }

  [[nodiscard]] std::string_view take(std::size_t bytes) {
    if (end_ - begin_ < bytes) fill(bytes);
    const std::string_view taken(buffer_.data() + begin_, bytes);
    crc_ = extend_crc(crc_, taken);
    begin_ += bytes;
    return taken;
  }

  [[nodiscard]] std::uint64_t big_endian(std::size_t bytes) {
    std::uint64_t value = 0;
    for (const char byte : take(bytes)) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }

  [[nodiscard]] std::uint64_t little_endian(std::size_t bytes) {
    std::uint64_t value = 0;
    unsigned shift = 0;
    for (const char byte : take(bytes)) {
      value |= std::uint64_t{static_cast<std::uint8_t>(byte)} << shift;
      shift += 8;
    }
    return value;
  }

  void skip(std::uint64_t bytes) {
    if (bytes > left()) refuse_end();
    if (bytes <= end_ - begin_) {
      begin_ += bytes;
      return;
    }
    buffer_at_ = offset() + bytes;
    begin_ = end_ = 0;
  }

  // Puts back to the beginning.
  void rewind() {
    buffer_at_ = begin_ = end_ = 0;
    crc_ = 0;
  }

  [[nodiscard]] std::uint64_t offset() const { return buffer_at_ + begin_; }
  [[nodiscard]] std::uint64_t left() const { return size_ - offset(); }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint32_t crc() const { return crc_; }
  [[noreturn]] void refuse(std::string_view why) const { refuse_index(path_, why); }

 private:
  void fill(std::size_t bytes) {
    buffer_at_ = offset();
    begin_ = 0;
    end_ = read_at(fd_, buffer_at_, buffer_);
    if (end_ < bytes && errno != 0) refuse(std::strerror(errno));
    if (end_ < bytes) refuse_end();
  }
  [[noreturn]] void refuse_end() const { refuse(fmt::format("it is truncated, it ends at byte {}", size_)); }

  int fd_;
  const std::string& path_;
  std::uint64_t size_ = 0;
  std::array<char, 4096> buffer_;
  std::uint64_t buffer_at_ = 0;  // offset of buffer_[0]
  std::size_t begin_ = 0;        // [begin_, end_) is what comes next
  std::size_t end_ = 0;
  std::uint32_t crc_ = 0;  // of what was taken
};

std::size_t check_count(const IndexBytes& bytes, std::uint64_t count, std::size_t bytes_of_one) {
  if (count == 0) bytes.refuse("it has no points");
  if (count > bytes.left() / bytes_of_one) {
    bytes.refuse(fmt::format("it says that it has {} points, for which it is too short", count));
  }
  if (count > kSeekPointsMax) {
    bytes.refuse(fmt::format("it has {} points, more than {}", count, kSeekPointsMax));
  }
  return static_cast<std::size_t>(count);
}

SeekTable read_gztool(IndexBytes& bytes) {
  SeekTable table;
  static_cast<void>(bytes.take(kGztoolMagic.size()));
  const char version = bytes.take(1).front();
  if (version != 'x' && version != 'X') bytes.refuse("gztool's format in a version that chatload does not know");
  table.version = version == 'X' ? 1 : 0;
  const std::uint64_t line_format = table.version == 1 ? bytes.big_endian(4) : 0;
  if (line_format > 1) bytes.refuse(fmt::format("its lines are of kind {}, which chatload does not know", line_format));
  const bool has_lines = table.version == 1 && line_format == 0;
  const std::uint64_t have = bytes.big_endian(8);
  const std::uint64_t size = bytes.big_endian(8);
  if (have == 0 || have < size) bytes.refuse(kIncomplete);
  const std::size_t point_bytes = table.version == 1 ? 32 : 24;
  table.points.resize(check_count(bytes, have, point_bytes));
  for (SeekPoint& point : table.points) {
    point.decompressed = bytes.big_endian(8);
    point.compressed = bytes.big_endian(8);
    point.bits = static_cast<std::uint8_t>(std::min<std::uint64_t>(bytes.big_endian(4), UINT8_MAX));
    point.window_bytes = static_cast<std::uint32_t>(bytes.big_endian(4));
    if (point.window_bytes > kWindowBytesMax) {
      bytes.refuse(fmt::format("a window of {} bytes stands in it at byte {}", point.window_bytes, bytes.offset()));
    }
    point.window_at = bytes.offset();
    bytes.skip(point.window_bytes);
    if (table.version == 1) {
      const std::uint64_t line = bytes.big_endian(8);
      if (has_lines && line == 0) bytes.refuse("a point has no line number");
      point.line = has_lines ? line : 0;
    }
  }
  table.decompressed_bytes = bytes.big_endian(8);
  if (table.version == 1) {
    const std::uint64_t lines = bytes.big_endian(8);
    if (has_lines) table.lines = lines;
  }
  return table;
}

SeekTable read_indexed_gzip(IndexBytes& bytes) {
  SeekTable table;
  table.format = IndexFormat::kIndexedGzip;
  static_cast<void>(bytes.take(kIndexedGzipMagic.size()));
  table.version = static_cast<unsigned>(bytes.little_endian(1));
  if (table.version > 1) bytes.refuse("indexed_gzip's format in a version that chatload does not know");
  static_cast<void>(bytes.little_endian(1));
  table.compressed_bytes = bytes.little_endian(8);
  table.decompressed_bytes = bytes.little_endian(8);
  static_cast<void>(bytes.little_endian(4));
  if (bytes.little_endian(4) != kWindowBytes) bytes.refuse("its windows are not 32768 bytes long");
  const std::uint64_t count = bytes.little_endian(4);
  table.points.resize(check_count(bytes, count, table.version == 1 ? 18 : 17));
  for (SeekPoint& point : table.points) {
    point.compressed = bytes.little_endian(8);
    point.decompressed = bytes.little_endian(8);
    point.bits = static_cast<std::uint8_t>(bytes.little_endian(1));
    const bool has_window = table.version == 1 ? bytes.little_endian(1) != 0 : &point != &table.points.front();
    if (has_window) point.window_bytes = kWindowBytes;
  }
  for (SeekPoint& point : table.points) {
    point.window_at = bytes.offset();
    bytes.skip(point.window_bytes);
  }
  if (table.decompressed_bytes == 0 && table.points.back().decompressed > 0) bytes.refuse(kIncomplete);
  return table;
}

// What a reader relies on.
void check(const IndexBytes& bytes, const SeekTable& table) {
  const auto refuse = [&](std::size_t point, std::string_view why) {
    bytes.refuse(fmt::format("its point {} {}", point + 1, why));
  };
  const SeekPoint* before = nullptr;
  for (std::size_t i = 0; i < table.points.size(); ++i) {
    const SeekPoint& point = table.points[i];
    constexpr std::uint64_t kOffsetMax = std::numeric_limits<std::int64_t>::max() / 8;
    if (point.bits > 7) refuse(i, "begins at more than 7 bits of a byte");
    if (point.compressed > table.compressed_bytes.value_or(kOffsetMax)) refuse(i, "is behind the end of the gzip");
    if (point.compressed == 0 && point.bits > 0) refuse(i, "begins in front of the gzip");
    if (point.decompressed > table.decompressed_bytes) refuse(i, "is behind the end of the decompressed bytes");
    if (table.lines && point.line > *table.lines + 1) refuse(i, "is behind the last line");
    if (before == nullptr && point.decompressed != 0) refuse(i, "is not the beginning");
    if (before == nullptr && point.line > 1) refuse(i, "is not in line 1");
    if (before != nullptr && (point.compressed * 8 - point.bits <= before->compressed * 8 - before->bits ||
                              point.decompressed < before->decompressed || point.line < before->line ||
                              point.line - before->line > point.decompressed - before->decompressed)) {
      refuse(i, "does not follow the one in front of it");
    }
    before = &point;
  }
}

}  // namespace

void refuse_index(const std::string& path, std::string_view why) {
  throw SeekIndexError(
      fmt::format("{} cannot be used as a seek index: {}; make it again with `chatload index`", path, why));
}

std::string_view to_string(IndexFormat format) {
  switch (format) {
    case IndexFormat::kGztool: return "gztool";
    case IndexFormat::kIndexedGzip: return "indexed_gzip";
  }
  return "unknown";
}

SeekTable read_seek_table(int fd, const std::string& path) {
  IndexBytes bytes(fd, path);
  if (bytes.size() < kBgzipCountBytes) bytes.refuse(fmt::format("it is truncated, it ends at byte {}", bytes.size()));
  const std::uint64_t count = bytes.little_endian(kBgzipCountBytes);
  if (bytes.left() % kBgzipPairBytes == 0 && bytes.left() / kBgzipPairBytes == count) {
    throw OtherFileError(
        fmt::format("{} is bgzip's index, not a seek index. A file of bgzip needs none: its members are read in "
                    "parallel as they are. To have one all the same, use --index-dir.",
                    path));
  }
  bytes.rewind();
  const std::string_view magic = bytes.take(std::min<std::uint64_t>(bytes.size(), kGztoolMagic.size()));
  const bool is_gztool = magic == kGztoolMagic;
  if (!is_gztool && !magic.starts_with(kIndexedGzipMagic)) {
    throw OtherFileError(
        fmt::format("{} is no seek index: it begins neither as gztool's do nor as indexed_gzip's. Move it away, or use "
                    "--index-dir.",
                    path));
  }
  bytes.rewind();
  SeekTable table = is_gztool ? read_gztool(bytes) : read_indexed_gzip(bytes);
  if (bytes.left() > 0) bytes.refuse(fmt::format("{} bytes follow its end", bytes.left()));
  table.index_bytes = bytes.size();
  table.crc = bytes.crc();
  check(bytes, table);
  return table;
}

}  // namespace chatload::inflate
