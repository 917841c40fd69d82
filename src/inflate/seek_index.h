// The seek index of a gzip: a small table of points in memory, their windows on demand from the index file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "inflate/seek_table.h"
#include "source/input.h"

namespace chatload::inflate {

// chat.json.gz → chat.json.gz.gzi beside it, or in that folder.
[[nodiscard]] std::filesystem::path index_path(const std::string& gzip,
                                               const std::optional<std::filesystem::path>& folder);

// Throws SourceError: of what is no regular file there is no middle to begin in.
void require_regular_file(const source::Input& gzip);

enum class IndexProof {
  kSum,   // a sum of ours says that it is whole and this gzip's; a window that is not what it was is refused
  kNone,  // nobody says so: what is read from a point counts once it has met the next point and the member's CRC
};

// Immutable: any thread may ask it. Holds the index file open, so that a replaced one does not mix with this.
class SeekIndex {
 public:
  // Nothing where there is no file at `path`. Throws SeekIndexError: the index or its sum is damaged, incomplete, in a
  // format that is not read, or does not belong to this gzip as it is now. Throws as require_regular_file() does.
  [[nodiscard]] static std::optional<SeekIndex> open(const std::filesystem::path& path, const source::Input& gzip);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] IndexProof proof() const { return proof_; }
  // The points are those behind which there are decompressed bytes, but for the first, which is always there.
  [[nodiscard]] const SeekTable& table() const { return table_; }
  // Number of the last point that is not behind the decompressed offset.
  [[nodiscard]] std::size_t point_before(std::uint64_t decompressed) const;

  // The up to kWindowBytes that stand in front of the point; empty where it needs none. Costs a read and, in gztool's
  // format, an inflate of them. Throws SeekIndexError.
  [[nodiscard]] std::string window(std::size_t point) const;

 private:
  struct Descriptor;

  SeekIndex(std::filesystem::path path, std::shared_ptr<const Descriptor> descriptor, SeekTable table);
  void apply_sum(const source::Input& gzip);
  void require_fit(std::uint64_t gzip_bytes) const;

  std::filesystem::path path_;
  std::shared_ptr<const Descriptor> descriptor_;
  SeekTable table_;
  IndexProof proof_ = IndexProof::kNone;
};

}  // namespace chatload::inflate
