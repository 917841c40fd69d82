// A piece of a compressed file that is inflated without what stands in front of it, and what there must be for each
// kind.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "base/padded_buffer.h"
#include "base/units.h"
#include "inflate/buffered_input.h"
#include "inflate/decoded_stream.h"
#include "inflate/member_place.h"

namespace chatload::inflate {

// Owns its bytes; move-only.
struct Piece {
  PaddedBuffer compressed;         // as read
  std::size_t inflated_bytes = 0;  // what these seem to inflate to
  PaddedBuffer bytes;              // what they do inflate to, as far as it is proven; has room for one byte more
  std::size_t number = 0;          // among the cutter's pieces, from 0
  std::size_t proven_bytes = 0;    // of compressed, those that gave `bytes`: every checksum and length has held
  MemberSpan members;              // what is known of them, where the pieces in front have to say the rest

  [[nodiscard]] bool is_proven() const { return proven_bytes == compressed.size(); }
};

// Members or frames are put together until a piece has so many bytes on either side.
struct PieceSizes {
  std::size_t compressed_bytes = 128 * kKiB;
  std::size_t inflated_bytes = 512 * kKiB;
};

// Where pieces begin and end, how one is inflated, and how reading goes on without them. Used by one thread, but for
// make_decoder(), which others call beside it, and the decoders that it makes.
class PieceCutter {
 public:
  virtual ~PieceCutter() = default;

  [[nodiscard]] virtual Compression compression() const { return Compression::kGzip; }
  // Of what was cut: whether some part of it has none, so that damage may go unseen.
  [[nodiscard]] virtual bool lacks_checksum() const { return false; }

  // What room the compressed bytes of the next piece want; 0 if none can be cut here. Throws SourceError.
  [[nodiscard]] virtual std::size_t next_room(BufferedInput& input) = 0;

  // Consumes the next piece, never an empty one: its compressed bytes and what they seem to inflate to. False if it
  // turns out to be none, or not whole; no further piece can be cut then. What was read then, or when it throws, is in
  // piece.compressed. REQUIRES: next_room() is not 0, and piece.compressed is empty and has that room. Throws
  // SourceError.
  [[nodiscard]] virtual bool cut(BufferedInput& input, Piece& piece) = 0;

  // False where an inflated piece does not go with those in front of it, so that it is not proven after all. Called for
  // each of them, in their order.
  [[nodiscard]] virtual bool accept(const Piece& /*piece*/) { return true; }

  // A reader of all that is left: from the first byte of a piece that is not proven on, or behind the last piece, whose
  // number is the next one then. tail: the last tail_bytes() that were handed out, or as many as there were. Throws
  // SourceError.
  [[nodiscard]] virtual std::unique_ptr<DecodedStream> go_on(BufferedInput input, std::size_t piece,
                                                             std::string_view tail) const = 0;
  [[nodiscard]] virtual std::size_t tail_bytes() const { return 0; }

  // What inflates whole pieces in one thread: into piece.bytes, as far as proven_bytes then says.
  [[nodiscard]] virtual std::function<void(Piece&)> make_decoder() const = 0;
};

// Reads so many bytes into the buffer, which has room for them; false if the input has no more.
[[nodiscard]] bool append(BufferedInput& input, std::size_t bytes, PaddedBuffer& buffer);

}  // namespace chatload::inflate
