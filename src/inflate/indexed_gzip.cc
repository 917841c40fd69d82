#include "inflate/indexed_gzip.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/units.h"
#include "inflate/deflate_decoder.h"
#include "inflate/gzip_header.h"
#include "inflate/parallel_gzip_reader.h"
#include "inflate/seek_table.h"
#include "inflate/stretch_cutter.h"

namespace chatload::inflate {
namespace {

constexpr std::size_t kDropBytes = 256 * kKiB;
// Of a thread that inflates stretches, beside them: a decoder, a window, the buffer that it reads through.
constexpr std::size_t kWorkBytesPerThread = 512 * kKiB;

// A block may begin inside a byte: of that, the point has only how many bits.
std::uint8_t byte_before(const source::Input& gzip, const SeekPoint& point) {
  char byte = 0;
  if (point.bits > 0) static_cast<void>(gzip.read_at(point.compressed - 1, {&byte, 1}));
  return static_cast<std::uint8_t>(byte);
}

// Reads so many bytes, or as many as there are, into nothing.
template <typename Reader>
void drop(Reader& reader, std::uint64_t bytes) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kDropBytes);
  while (bytes > 0) {
    const std::size_t size =
        reader.read({buffer.get(), static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kDropBytes))});
    if (size == 0) return;
    bytes -= size;
  }
}

}  // namespace

std::shared_ptr<const IndexedGzip> IndexedGzip::find(std::shared_ptr<const source::Input> gzip,
                                                     const std::filesystem::path& path) {
  try {
    std::optional<SeekIndex> index = SeekIndex::open(path, *gzip);
    if (!index || index->proof() != IndexProof::kSum) return nullptr;
    const std::uint64_t bytes = gzip->size_bytes();
    return std::shared_ptr<const IndexedGzip>(new IndexedGzip(std::move(gzip), bytes, std::move(*index)));
  } catch (const OtherFileError&) {
    return nullptr;
  }
}

StretchEnd IndexedGzip::stretch_end(std::size_t point) const {
  const SeekTable& table = index_.table();
  if (point + 1 == table.points.size()) return {bytes_, table.decompressed_bytes};
  return {table.points[point + 1].compressed, table.points[point + 1].decompressed};
}

std::unique_ptr<GzipReader> IndexedGzip::read_from(std::size_t point, std::string_view window, BufferedInput input,
                                                   Inflater inflater) const {
  const SeekPoint& at = index_.table().points[point];
  return std::make_unique<GzipReader>(
      std::move(input), make_deflate_decoder(inflater), at.place,
      BlockBegin{.window = window, .bits = at.bits, .byte_before = byte_before(*file_, at)});
}

std::unique_ptr<DecodedStream> open_indexed(std::shared_ptr<const IndexedGzip> gzip,
                                            std::unique_ptr<source::ByteSource> bytes, std::uint64_t bytes_begin,
                                            std::uint64_t offset, Inflater inflater, ReadAhead ahead) {
  const std::size_t point = gzip->index().point_before(offset);
  const SeekPoint at = gzip->index().table().points[point];
  BufferedInput input(std::move(bytes), bytes_begin);
  const std::string window = gzip->index().window(point);
  if (bytes_begin == 0 && point == 0) {
    // Nothing of the text stands in front of the first point.
    const bool is_header = read_gzip_header(input, *make_deflate_decoder(inflater)) == HeaderVerdict::kGood;
    if (!is_header || input.offset() != at.compressed) {
      refuse_index(gzip->index().path().string(), "its first point is not where the gzip's data begin");
    }
  } else {
    drop(input, at.compressed - bytes_begin);
  }
  std::unique_ptr<DecodedStream> stream;
  const std::size_t work_bytes = ahead.threads * kWorkBytesPerThread;
  if (ahead.threads > 1 && ahead.bytes >= kAheadBytesMin + work_bytes) {
    ahead.bytes -= work_bytes;
    auto stretches = std::make_unique<StretchCutter>(std::move(gzip), point, inflater);
    stream = std::make_unique<ParallelGzipReader>(std::move(input), std::move(stretches), ahead);
  } else {
    stream = gzip->read_from(point, window, std::move(input), inflater);
  }
  drop(*stream, offset - at.decompressed);
  return stream;
}

}  // namespace chatload::inflate
