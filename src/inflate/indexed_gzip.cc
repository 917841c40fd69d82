#include "inflate/indexed_gzip.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "inflate/crc32.h"
#include "inflate/deflate_decoder.h"
#include "inflate/gzip_format.h"
#include "inflate/gzip_header.h"
#include "inflate/parallel_reader.h"
#include "inflate/seek_table.h"
#include "inflate/stretch_cutter.h"

namespace chatload::inflate {
namespace {

constexpr std::size_t kDropBytes = 256 * kKiB;
// Of a thread that inflates stretches, beside them: a decoder, the window and the next point's.
constexpr std::size_t kWorkBytesPerThread = 512 * kKiB;

// A block may begin inside a byte: of that, the point has only how many bits.
std::uint8_t byte_before(const source::Input& gzip, const SeekPoint& point) {
  char byte = 0;
  if (point.bits > 0) static_cast<void>(gzip.read_at(point.compressed - 1, {&byte, 1}));
  return static_cast<std::uint8_t>(byte);
}

// Reads so many bytes, or as many as there are, and shows them to `look`.
template <typename Reader, typename Look>
void read_over(Reader& reader, std::uint64_t bytes, Look look) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kDropBytes);
  while (bytes > 0) {
    const std::size_t size =
        reader.read({buffer.get(), static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kDropBytes))});
    if (size == 0) return;
    look(std::string_view(buffer.get(), size));
    bytes -= size;
  }
}

template <typename Reader>
void drop(Reader& reader, std::uint64_t bytes) {
  read_over(reader, bytes, [](std::string_view) {});
}

// Nothing of the text stands in front of the first point. Consumes the gzip's header.
void require_header(BufferedInput& gzip, const SeekIndex& index) {
  const SeekPoint& first = index.table().points.front();
  const auto decoder = make_deflate_decoder(Inflater::kZlib);
  const bool is_header = read_gzip_header(gzip, *decoder) == HeaderVerdict::kGood;
  if (!is_header || gzip.offset() != first.compressed || first.decompressed != 0 || first.bits != 0) {
    refuse_index(index.path().string(), "its first point is not where the gzip's data begin");
  }
}

// What is in front of `rest`, and then that.
class FrontAndRest : public source::ByteSource {
 public:
  FrontAndRest(std::unique_ptr<source::ByteSource> front, BufferedInput rest)
      : front_(std::move(front)), front_left_(rest.offset()), rest_(std::move(rest)) {}

  [[nodiscard]] std::size_t read(std::span<char> out) override {
    if (front_left_ == 0) return rest_.read(out);
    const std::size_t size =
        front_->read(out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), front_left_))));
    front_left_ -= size;
    return size;
  }
  [[nodiscard]] bool stopped() const override { return front_left_ > 0 ? front_->stopped() : rest_.stopped(); }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return std::nullopt; }
  [[nodiscard]] const std::string& name() const override { return rest_.name(); }

 private:
  const std::unique_ptr<source::ByteSource> front_;
  std::uint64_t front_left_;
  BufferedInput rest_;
};

}  // namespace

std::shared_ptr<const IndexedGzip> IndexedGzip::find(std::shared_ptr<const source::Input> gzip,
                                                     const std::filesystem::path& path) {
  try {
    std::optional<SeekIndex> index = SeekIndex::open(path, *gzip);
    if (!index) return nullptr;
    if (index->proof() == IndexProof::kNone) {
      BufferedInput begin(gzip->open(/*stop_fd=*/-1));
      require_header(begin, *index);
    }
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
                                                   std::unique_ptr<DeflateDecoder> decoder) const {
  const SeekPoint& at = index_.table().points[point];
  const std::span<const char> next = input.peek(1);
  if (!has_sum() && at.window_bytes == 0 && at.bits == 0 && !next.empty() && next.front() == kMagic.front()) {
    return std::make_unique<GzipReader>(std::move(input), std::move(decoder));  // a member begins there
  }
  const bool has_place = has_sum() || point == 0;
  return std::make_unique<GzipReader>(
      std::move(input), std::move(decoder), has_place ? std::optional(at.place) : std::nullopt,
      BlockBegin{.window = window, .bits = at.bits, .byte_before = byte_before(*file_, at)});
}

std::unique_ptr<GzipReader> IndexedGzip::read_anew(BufferedInput rest, Inflater inflater, std::uint64_t text_bytes,
                                                   std::uint32_t text_crc) const {
  auto both = std::make_unique<FrontAndRest>(file_->open(/*stop_fd=*/-1), std::move(rest));
  auto reader = std::make_unique<GzipReader>(BufferedInput(std::move(both)), make_deflate_decoder(inflater));
  std::uint32_t crc = 0;
  read_over(*reader, text_bytes, [&](std::string_view text) { crc = extend_crc(crc, text); });
  if (crc == text_crc) return reader;
  throw SeekIndexError(fmt::format(
      "{} is wrong: not all of the {} bytes of text that were read by it are the gzip's. Remove it, and load the file "
      "again with --restart",
      index_.path().string(), text_bytes));
}

std::unique_ptr<DecodedStream> open_indexed(std::shared_ptr<const IndexedGzip> gzip,
                                            std::unique_ptr<source::ByteSource> bytes, std::uint64_t bytes_begin,
                                            std::uint64_t offset, Inflater inflater, ReadAhead ahead) {
  const std::size_t point = gzip->index().point_before(offset);
  const SeekPoint at = gzip->index().table().points[point];
  BufferedInput input(std::move(bytes), bytes_begin);
  const std::string window = gzip->index().window(point);
  if (bytes_begin == 0 && point == 0) {
    require_header(input, gzip->index());
  } else {
    drop(input, at.compressed - bytes_begin);
  }
  std::unique_ptr<DecodedStream> stream;
  const std::size_t work_bytes = ahead.threads * kWorkBytesPerThread;
  if (ahead.threads > 1 && ahead.bytes >= kAheadBytesMin + work_bytes) {
    ahead.bytes -= work_bytes;
    auto stretches = std::make_unique<StretchCutter>(std::move(gzip), point, inflater);
    stream = std::make_unique<ParallelReader>(std::move(input), std::move(stretches), ahead);
  } else {
    stream = gzip->read_from(point, window, std::move(input), make_deflate_decoder(inflater));
  }
  drop(*stream, offset - at.decompressed);
  return stream;
}

}  // namespace chatload::inflate
