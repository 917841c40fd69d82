#include "inflate/stretch_cutter.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/errors.h"
#include "inflate/deflate_decoder.h"
#include "source/byte_source.h"

namespace chatload::inflate {
namespace {

// A stretch's compressed bytes. That they end is no fault of the input, so it looks like a stop, but for the last.
class StretchSource : public source::ByteSource {
 public:
  StretchSource(std::string_view bytes, bool is_last, std::string name)
      : left_(bytes), is_last_(is_last), name_(std::move(name)) {}

  [[nodiscard]] std::size_t read(std::span<char> out) override {
    const std::size_t size = left_.copy(out.data(), out.size());
    left_.remove_prefix(size);
    return size;
  }
  [[nodiscard]] bool stopped() const override { return left_.empty() && !is_last_; }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return std::nullopt; }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  std::string_view left_;
  const bool is_last_;
  const std::string name_;
};

void inflate_stretch(Piece& piece, const IndexedGzip& gzip, std::size_t point, Inflater inflater) {
  const SeekTable& table = gzip.index().table();
  const SeekPoint& begin = table.points[point];
  const bool is_last = point + 1 == table.points.size();
  const std::uint64_t end = gzip.stretch_end(point).decompressed;
  try {
    auto bytes = std::make_unique<StretchSource>(piece.compressed.view().text(), is_last, gzip.index().path().string());
    const auto reader =
        gzip.read_from(point, gzip.index().window(point), BufferedInput(std::move(bytes), begin.compressed), inflater);
    while (!piece.bytes.free_space().empty()) {
      const std::size_t size = reader->read(piece.bytes.free_space());
      if (size == 0) break;
      piece.bytes.advance(size);
    }
    const bool is_in_place = is_last || reader->place() == table.points[point + 1].place;
    if (piece.bytes.size() == end - begin.decompressed && is_in_place) {
      piece.proven_bytes = piece.compressed.size();
      return;
    }
  } catch (const Error&) {
    // The reader that goes on here says what is wrong, if it is the gzip.
  }
  piece.bytes.truncate(0);
}

// Where the index file is damaged there, what was handed out serves: it may reach in front of the member, and all that
// is sound in a member does not.
std::string window_of(const IndexedGzip& gzip, std::size_t point, std::string_view tail) {
  try {
    return gzip.index().window(point);
  } catch (const SeekIndexError&) {
    if (tail.empty()) throw;
    return std::string(tail);
  }
}

}  // namespace

std::size_t StretchCutter::next_room(BufferedInput& /*input*/) {
  if (next_point_ == gzip_->index().table().points.size()) return 0;
  return static_cast<std::size_t>(gzip_->stretch_end(next_point_).compressed -
                                  gzip_->index().table().points[next_point_].compressed);
}

bool StretchCutter::cut(BufferedInput& input, Piece& piece) {
  const SeekPoint& begin = gzip_->index().table().points[next_point_];
  const StretchEnd end = gzip_->stretch_end(next_point_++);
  piece.inflated_bytes = static_cast<std::size_t>(end.decompressed - begin.decompressed);
  return append(input, static_cast<std::size_t>(end.compressed - begin.compressed), piece.compressed);
}

std::function<void(Piece&)> StretchCutter::make_decoder() const {
  return [gzip = gzip_, first_point = first_point_, inflater = inflater_](Piece& piece) {
    inflate_stretch(piece, *gzip, first_point + piece.number, inflater);
  };
}

std::unique_ptr<GzipReader> StretchCutter::go_on(BufferedInput input, std::size_t piece, std::string_view tail) const {
  const std::size_t point = first_point_ + piece;
  if (point < gzip_->index().table().points.size()) {
    const std::string window = window_of(*gzip_, point, tail);
    return gzip_->read_from(point, window, std::move(input), inflater_);
  }
  return std::make_unique<GzipReader>(std::move(input), make_deflate_decoder(inflater_));  // only the end is left
}

}  // namespace chatload::inflate
