// A gzip, read once → its seek index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "base/units.h"
#include "inflate/block_observer.h"
#include "inflate/seek_index_writer.h"
#include "source/input.h"

namespace chatload::inflate {

// A point is due at the first block behind as much of either since the last point. One each 1, 2 or 4 MiB of gzip costs
// the same CPU, 151, 150 and 145 ms for 64 MiB of text, about what inflating by zlib alone takes; the index is 0.59,
// 0.27 and 0.16 % of the gzip (chatload_bench --benchmark_filter='Index|Inflate'). So much text is a piece that one
// thread inflates at a time, and two threads have room for three of them on either side (pipeline/memory_plan.cc).
struct PointSpacing {
  std::uint64_t compressed_bytes = kMiB;
  std::uint64_t decompressed_bytes = 4 * kMiB;  // so that no stretch is long, however well it compresses
};

// Watches a GzipReader and writes points as they come due. Single-threaded.
class IndexMaker : public BlockObserver {
 public:
  explicit IndexMaker(const std::filesystem::path& path, PointSpacing spacing = {});

  void on_bytes(std::span<const char> bytes) override;
  void on_block(std::uint64_t compressed, unsigned bits, const BlockDecoder* decoder,
                const MemberPlace& place) override;

  // To be called once the reader has come to the true end of the input: places index and sum. Without it nothing is
  // left behind. gzip_key: source::SourceIdentity::key. Throws EnvironmentError.
  void close(const std::string& gzip_key);

  [[nodiscard]] std::size_t points() const { return writer_.points(); }
  [[nodiscard]] std::uint64_t index_bytes() const { return writer_.bytes(); }
  [[nodiscard]] std::uint64_t decompressed_bytes() const { return decompressed_; }
  // An unfinished last one counts.
  [[nodiscard]] std::uint64_t lines() const { return line_ends_ + (last_byte_ == '\n' ? 0 : 1); }

 private:
  SeekIndexWriter writer_;
  PointSpacing spacing_;
  std::uint64_t decompressed_ = 0;
  std::uint64_t line_ends_ = 0;
  char last_byte_ = '\n';
  std::uint64_t point_compressed_ = 0;    // of the last point
  std::uint64_t point_decompressed_ = 0;  // likewise
};

struct MadeIndex {
  std::size_t points = 0;
  std::uint64_t index_bytes = 0;
  std::uint64_t compressed_bytes = 0;
  std::uint64_t decompressed_bytes = 0;
  std::uint64_t lines = 0;
};

// Reads the whole gzip, checks every member as GzipReader does, and places its index at `path`. is_stopped: asked about
// every MiB. Throws Interrupted after a stop; SourceError or CorruptInputError where the input is no regular file, not
// gzip, damaged, or changed meanwhile; EnvironmentError. What was at `path` stays then.
MadeIndex make_index(const source::Input& gzip, const std::filesystem::path& path,
                     const std::function<bool()>& is_stopped, PointSpacing spacing = {});

}  // namespace chatload::inflate
