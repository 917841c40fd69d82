// Points → a seek index file in gztool's format (seek_table.cc), version 1, and the sum beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/placed_file.h"
#include "inflate/index_sum.h"
#include "inflate/member_place.h"

namespace chatload::inflate {

// Single-threaded. Both files are placed by close(), whole; without it nothing is left behind. Windows go to the file
// as they come, so memory is 24 bytes a point. Every failure throws EnvironmentError, which names the file.
class SeekIndexWriter {
 public:
  explicit SeekIndexWriter(const std::filesystem::path& path);

  // Points in the order of the gzip. window: up to kWindowBytes; empty: the point needs none. line: 1-based.
  void add(std::uint64_t compressed, unsigned bits, std::uint64_t decompressed, std::uint64_t line,
           std::string_view window, const MemberPlace& place);

  // gzip_key: source::SourceIdentity::key. lines: an unfinished last one counts. REQUIRES: a point.
  void close(std::uint64_t decompressed_bytes, std::uint64_t lines, const std::string& gzip_key);

  [[nodiscard]] std::size_t points() const { return points_.size(); }
  // Of the index file.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  void write(std::string_view bytes);

  std::filesystem::path path_;
  PlacedFile file_;
  std::uint64_t bytes_ = 0;        // written
  std::uint64_t table_bytes_ = 0;  // of them, behind the header and without the windows
  std::uint32_t table_crc_ = 0;    // CRC-32 of those
  std::vector<PointSum> points_;
};

}  // namespace chatload::inflate
