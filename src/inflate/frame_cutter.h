// Pieces that are whole zstd frames: the headers of a frame's blocks tell where it ends (zstd_frame.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "inflate/buffered_input.h"
#include "inflate/decoded_stream.h"
#include "inflate/piece.h"
#include "inflate/window_room.h"
#include "inflate/zstd_frame.h"

namespace chatload::inflate {

// A piece is one frame or several, skippable ones included. It counts as proven when libzstd decodes all of it: text
// size and checksum hold where the frame has them. A frame that a ZstdReader would refuse to begin is no piece.
class FrameCutter : public PieceCutter {
 public:
  explicit FrameCutter(WindowRoom room) : FrameCutter(room, PieceSizes{}) {}
  FrameCutter(WindowRoom room, PieceSizes sizes) : room_(room), sizes_(sizes) {}

  [[nodiscard]] Compression compression() const override { return Compression::kZstd; }
  [[nodiscard]] bool lacks_checksum() const override { return lacks_checksum_; }
  // Of a frame of more than BufferedInput::kPeekBytesMax, as much as it may take by its header, or by pzstd's
  // announcement in front of it; 0 where neither tells.
  [[nodiscard]] std::size_t next_room(BufferedInput& input) override;
  [[nodiscard]] bool cut(BufferedInput& input, Piece& piece) override;
  [[nodiscard]] std::function<void(Piece&)> make_decoder() const override;
  [[nodiscard]] std::unique_ptr<DecodedStream> go_on(BufferedInput input, std::size_t piece,
                                                     std::string_view tail) const override;

 private:
  [[nodiscard]] bool append_frame(BufferedInput& input, const ZstdFrame& frame, Piece& piece);

  const WindowRoom room_;
  const PieceSizes sizes_;
  bool lacks_checksum_ = false;
};

}  // namespace chatload::inflate
