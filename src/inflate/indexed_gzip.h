// A gzip with its seek index: read from any of its points on, and by several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include "inflate/buffered_input.h"
#include "inflate/decoded_stream.h"
#include "inflate/gzip_reader.h"
#include "inflate/seek_index.h"
#include "source/byte_source.h"
#include "source/input.h"

namespace chatload::inflate {

struct StretchEnd {
  std::uint64_t compressed;
  std::uint64_t decompressed;
};

// Immutable.
class IndexedGzip {
 public:
  // Nothing where the gzip has no index: no file at `path`, or one of bgzip's. Throws SeekIndexError where the index is
  // not what its sum says, or is another gzip's.
  [[nodiscard]] static std::shared_ptr<const IndexedGzip> find(std::shared_ptr<const source::Input> gzip,
                                                               const std::filesystem::path& path);

  [[nodiscard]] const SeekIndex& index() const { return index_; }

  // Whether its points are believed. Else reading begins with the gzip, and each piece has to prove itself.
  [[nodiscard]] bool has_sum() const { return index_.proof() == IndexProof::kSum; }

  // Compressed offset of the last point that is not behind the decompressed offset.
  [[nodiscard]] std::uint64_t compressed_before(std::uint64_t decompressed) const {
    return index_.table().points[index_.point_before(decompressed)].compressed;
  }

  // Of the stretch from that point on: at the next point, or with the gzip.
  [[nodiscard]] StretchEnd stretch_end(std::size_t point) const;

  // A reader from a point on. window: of the text in front of it. REQUIRES: input is at the point's compressed offset.
  // Throws SourceError.
  [[nodiscard]] std::unique_ptr<GzipReader> read_from(std::size_t point, std::string_view window, BufferedInput input,
                                                      std::unique_ptr<DeflateDecoder> decoder) const;

  // A reader of what is behind so much text, whatever the index says: the gzip is read from its beginning. `rest` is
  // the gzip's from some offset on; what is in front of that is read beside it. Throws SeekIndexError where the text
  // has another CRC-32, CorruptInputError and SourceError.
  [[nodiscard]] std::unique_ptr<GzipReader> read_anew(BufferedInput rest, Inflater inflater, std::uint64_t text_bytes,
                                                      std::uint32_t text_crc) const;

 private:
  IndexedGzip(std::shared_ptr<const source::Input> file, std::uint64_t bytes, SeekIndex index)
      : file_(std::move(file)), bytes_(bytes), index_(std::move(index)) {}

  const std::shared_ptr<const source::Input> file_;
  const std::uint64_t bytes_;  // of the gzip
  const SeekIndex index_;
};

// The decompressed bytes from an offset on. REQUIRES: without a sum, that is 0, as is bytes_begin. Throws
// SeekIndexError where the point to begin with is of no use. `bytes` are the gzip's from compressed offset
// `bytes_begin` on, which is not behind the last point that is not behind the offset. Throws what reading throws: up to
// the offset it reads now.
[[nodiscard]] std::unique_ptr<DecodedStream> open_indexed(std::shared_ptr<const IndexedGzip> gzip,
                                                          std::unique_ptr<source::ByteSource> bytes,
                                                          std::uint64_t bytes_begin, std::uint64_t offset,
                                                          Inflater inflater, ReadAhead ahead);

}  // namespace chatload::inflate
