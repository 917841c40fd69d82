#include "inflate/stretch_cutter.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/log.h"
#include "inflate/deflate_decoder.h"
#include "inflate/gzip_reader.h"
#include "source/byte_source.h"

namespace chatload::inflate {
namespace {

// What is behind a stretch's compressed bytes. That they end is no fault of the input, so it looks like a stop, but for
// the last.
class StretchEndSource : public source::ByteSource {
 public:
  StretchEndSource(bool is_last, std::string name) : is_last_(is_last), name_(std::move(name)) {}

  [[nodiscard]] std::size_t read(std::span<char> /*out*/) override { return 0; }
  [[nodiscard]] bool stopped() const override { return !is_last_; }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return std::nullopt; }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  const bool is_last_;
  const std::string name_;
};

// in_front: of the text.
bool ends_in(std::string_view text, std::string_view in_front, std::string_view window) {
  const std::string_view rest = window.substr(0, window.size() - std::min(text.size(), window.size()));
  return text.ends_with(window.substr(rest.size())) && in_front.ends_with(rest);
}

// decoder: to be used again; null where it is lost.
void inflate_stretch(Piece& piece, const IndexedGzip& gzip, std::size_t point,
                     std::unique_ptr<DeflateDecoder>& decoder) {
  const SeekTable& table = gzip.index().table();
  const SeekPoint& begin = table.points[point];
  const bool is_last = point + 1 == table.points.size();
  const std::uint64_t end = gzip.stretch_end(point).decompressed;
  try {
    const std::string window = gzip.index().window(point);
    auto behind = std::make_unique<StretchEndSource>(is_last, gzip.index().path().string());
    BufferedInput bytes(piece.compressed.view().text(), std::move(behind), begin.compressed);
    const auto reader = gzip.read_from(point, window, std::move(bytes), std::move(decoder));
    piece.members.begins_in_member = !gzip.has_sum() && point > 0 && reader->is_in_member();
    while (!piece.bytes.free_space().empty()) {
      const std::size_t size = reader->read(piece.bytes.free_space());
      if (size == 0) break;
      piece.bytes.advance(size);
    }
    piece.members.unchecked_end = reader->unchecked_end();
    piece.members.ends_in_member = reader->is_in_member();
    piece.members.behind = reader->place();
    decoder = std::move(*reader).take_decoder();
    if (!gzip.has_sum()) piece.members.crc = decoder->crc32(0, piece.bytes.held());
    const bool is_in_place =
        is_last || (gzip.has_sum() ? reader->place() == table.points[point + 1].place
                                   : ends_in(piece.bytes.view().text(), window, gzip.index().window(point + 1)));
    if (piece.bytes.size() == end - begin.decompressed && is_in_place) {
      piece.proven_bytes = piece.compressed.size();
      return;
    }
  } catch (const Error&) {
    // The reader that goes on here says what is wrong, if it is the gzip.
  }
  piece.bytes.truncate(0);
}

std::uint32_t joined_crc(std::uint32_t first, std::uint32_t second, std::size_t second_bytes) {
  return static_cast<std::uint32_t>(crc32_combine(first, second, static_cast<z_off_t>(second_bytes)));
}

// Of two parts of a member, one behind the other.
MemberPlace joined(const MemberPlace& first, const MemberPlace& second, std::size_t second_bytes) {
  return {
      .begin = first.begin, .crc = joined_crc(first.crc, second.crc, second_bytes), .size = first.size + second.size};
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

bool StretchCutter::accept(const Piece& piece) {
  if (gzip_->has_sum()) return true;
  const MemberSpan& span = piece.members;
  bool is_right = piece.is_proven() && (piece.number == 0 || span.begins_in_member == is_in_member_);
  if (span.unchecked_end) {
    const MemberPlace whole = joined(place_, span.unchecked_end->part, span.unchecked_end->part.size);
    is_right = is_right && whole.crc == span.unchecked_end->crc && whole.size == span.unchecked_end->size;
  }
  const bool goes_on = span.begins_in_member && !span.unchecked_end;
  place_ = goes_on ? joined(place_, span.behind, piece.bytes.size()) : span.behind;
  is_in_member_ = span.ends_in_member;
  is_refused_ = !is_right;
  if (is_right) text_crc_ = joined_crc(text_crc_, span.crc, piece.bytes.size());
  return is_right;
}

std::function<void(Piece&)> StretchCutter::make_decoder() const {
  auto decoder = std::make_shared<std::unique_ptr<DeflateDecoder>>();
  return [gzip = gzip_, first_point = first_point_, inflater = inflater_, decoder](Piece& piece) {
    if (!*decoder) *decoder = make_deflate_decoder(inflater);
    inflate_stretch(piece, *gzip, first_point + piece.number, *decoder);
  };
}

std::unique_ptr<DecodedStream> StretchCutter::go_on(BufferedInput input, std::size_t piece,
                                                    std::string_view tail) const {
  const std::vector<SeekPoint>& points = gzip_->index().table().points;
  const std::size_t point = first_point_ + piece;
  if (point == points.size()) {
    return std::make_unique<GzipReader>(std::move(input), make_deflate_decoder(inflater_));  // only the end is left
  }
  if (gzip_->has_sum()) {
    const std::string window = window_of(*gzip_, point, tail);
    return gzip_->read_from(point, window, std::move(input), make_deflate_decoder(inflater_));
  }
  if (is_refused_) {
    log_warning(
        fmt::format("{} does not fit its gzip behind its point {}; the gzip is read from its beginning. Make the "
                    "index again with `chatload index`.",
                    gzip_->index().path().string(), point + 1));
  }
  return gzip_->read_anew(std::move(input), inflater_, points[point].decompressed, text_crc_);
}

}  // namespace chatload::inflate
