// A reader must know how much memory a piece takes before it reads it. Most frames are small enough to be looked at
// whole in the input's buffer. Of a larger one, the header's text size bounds what it takes compressed, as no
// compressor makes a block larger than its text; the piece is copied into a buffer that fits once it is read. pzstd
// tells the size of each frame in front of it, in a skippable frame of four bytes (50 2a 4d 18 | 04 00 00 00 | size),
// and no text size.
//
// One that is larger than it seemed, or is damaged, is left to the serial reader, with all that follows it.

#include "inflate/frame_cutter.h"

#include <zstd.h>

#include <algorithm>
#include <new>
#include <optional>
#include <span>
#include <utility>

#include "base/little_endian.h"
#include "base/units.h"
#include "inflate/zstd_reader.h"

namespace chatload::inflate {
namespace {

// Of the frames that are put together.
constexpr std::size_t kSmallFrameBytes = 64 * kKiB;
constexpr std::uint64_t kAnnouncementBytes = 4;

// None that a ZstdReader refuses.
std::optional<ZstdFrame> next_frame(BufferedInput& input, WindowRoom room) {
  const std::optional<ZstdFrame> frame = zstd_frame(input.peek(kZstdHeaderBytesMax));
  const bool is_refused = frame && (frame->dictionary != 0 || frame->kept_bytes() > room.bytes_max ||
                                    frame->window_bytes > kZstdWindowBytesMax);
  return is_refused ? std::nullopt : frame;
}

// Of the whole frame, where it is no longer than the input's buffer and ends.
std::optional<std::size_t> whole_bytes(BufferedInput& input, const ZstdFrame& frame) {
  std::uint64_t end = frame.header_bytes + frame.skipped_bytes.value_or(0);
  const auto is_there = [&](std::uint64_t bytes) {
    return bytes <= BufferedInput::kPeekBytesMax && input.peek(static_cast<std::size_t>(bytes)).size() >= bytes;
  };
  for (bool is_last = frame.skipped_bytes.has_value(); !is_last;) {
    if (!is_there(end + kZstdBlockHeaderBytes)) return std::nullopt;
    const ZstdBlock block = zstd_block(input.available().subspan(static_cast<std::size_t>(end)));
    is_last = block.is_last;
    end += kZstdBlockHeaderBytes + block.bytes + (is_last && frame.has_checksum ? kZstdChecksumBytes : 0);
  }
  if (!is_there(end)) return std::nullopt;
  return static_cast<std::size_t>(end);
}

std::optional<std::size_t> announced_bytes(BufferedInput& input, const ZstdFrame& frame) {
  if (frame.skipped_bytes != kAnnouncementBytes) return std::nullopt;
  const std::size_t bytes = frame.header_bytes + kAnnouncementBytes;
  const std::span<const char> announcement = input.peek(bytes);
  if (announcement.size() < bytes) return std::nullopt;
  return static_cast<std::size_t>(little_endian({announcement.data() + frame.header_bytes, kAnnouncementBytes}));
}

// As many bytes as all of it takes where nothing of it is compressed.
std::size_t stored_bytes(const ZstdFrame& frame) {
  return static_cast<std::size_t>(frame.header_bytes + *frame.text_bytes +
                                  (*frame.text_bytes / kZstdBlockBytesMax + 1) * kZstdBlockHeaderBytes +
                                  kZstdChecksumBytes);
}

void decode(Piece& piece, ZSTD_DCtx& context) {
  const std::string_view frames = piece.compressed.view().text();
  const std::span<char> room = piece.bytes.free_space();
  const std::size_t result = ZSTD_decompressDCtx(&context, room.data(), room.size(), frames.data(), frames.size());
  if (ZSTD_isError(result) != 0) return;
  piece.bytes.advance(result);
  piece.proven_bytes = frames.size();
}

}  // namespace

std::size_t FrameCutter::next_room(BufferedInput& input) {
  const std::optional<ZstdFrame> frame = next_frame(input, room_);
  if (!frame) return 0;
  const std::size_t several_bytes = sizes_.compressed_bytes + kSmallFrameBytes;
  if (const auto announced = announced_bytes(input, *frame)) {
    return std::max(several_bytes, static_cast<std::size_t>(frame->header_bytes + kAnnouncementBytes + *announced));
  }
  if (const auto whole = whole_bytes(input, *frame)) return std::max(several_bytes, *whole);
  if (frame->skipped_bytes) return static_cast<std::size_t>(frame->header_bytes + *frame->skipped_bytes);
  if (frame->text_bytes && *frame->text_bytes <= kZstdWindowBytesMax) return stored_bytes(*frame);
  return 0;
}

bool FrameCutter::cut(BufferedInput& input, Piece& piece) {
  std::optional<std::size_t> announced;
  do {
    const std::optional<ZstdFrame> frame = next_frame(input, room_);
    if (!frame) return true;
    const bool is_first = piece.compressed.size() == 0;
    const auto bytes = announced ? announced : is_first ? std::nullopt : whole_bytes(input, *frame);
    if (!is_first && (!bytes || *bytes > piece.compressed.free_space().size())) return true;
    announced = announced_bytes(input, *frame);
    if (!append_frame(input, *frame, piece)) return false;
  } while (announced ||
           (piece.compressed.size() < sizes_.compressed_bytes && piece.inflated_bytes < sizes_.inflated_bytes));
  return true;
}

// False where it is larger than the room, or not whole.
bool FrameCutter::append_frame(BufferedInput& input, const ZstdFrame& frame, Piece& piece) {
  const auto take = [&](std::uint64_t bytes) {
    return bytes <= piece.compressed.free_space().size() &&
           append(input, static_cast<std::size_t>(bytes), piece.compressed);
  };
  if (!take(frame.header_bytes)) return false;
  if (frame.skipped_bytes) return take(*frame.skipped_bytes);
  std::uint64_t text_bytes = 0;
  for (ZstdBlock block; !block.is_last;) {
    const std::span<const char> header = input.peek(kZstdBlockHeaderBytes);
    if (header.size() < kZstdBlockHeaderBytes) return false;
    block = zstd_block(header);
    if (!take(kZstdBlockHeaderBytes + block.bytes)) return false;
    text_bytes += block.text_bytes;
  }
  piece.inflated_bytes += static_cast<std::size_t>(frame.text_bytes.value_or(text_bytes));
  lacks_checksum_ = lacks_checksum_ || !frame.has_checksum;
  return !frame.has_checksum || take(kZstdChecksumBytes);
}

std::function<void(Piece&)> FrameCutter::make_decoder() const {
  const std::shared_ptr<ZSTD_DCtx> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) throw std::bad_alloc();
  return [context](Piece& piece) { decode(piece, *context); };
}

std::unique_ptr<DecodedStream> FrameCutter::go_on(BufferedInput input, std::size_t /*piece*/,
                                                  std::string_view /*tail*/) const {
  return std::make_unique<ZstdReader>(std::move(input), room_);
}

}  // namespace chatload::inflate
