// Pieces between the points of a seek index (seek_index.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "inflate/buffered_input.h"
#include "inflate/decoded_stream.h"
#include "inflate/deflate_decoder.h"
#include "inflate/indexed_gzip.h"
#include "inflate/piece.h"

namespace chatload::inflate {

// A piece is a stretch from one point to the next. It counts as proven when it inflates to as many bytes as the points
// are apart, and the CRC-32 of their member comes to what the index's sum says of the next point: so each byte that is
// handed out is one that was there when the index was made, and every member is checked to its end.
//
// Of an index without a sum only the gzip's begin is believed. A stretch is proven if the one in front of it is, and it
// ends in what the next point has as its window; so that window is proven, too. The CRC-32 of a member is put together
// from those of its stretches. Where one is not proven, the gzip is read from its beginning, and no point is asked:
// what was handed out has to be the gzip's text.
class StretchCutter : public PieceCutter {
 public:
  // Of the input's gzip, from `point` of its index on. REQUIRES: gzip->has_sum(), or it is the first point; the input
  // is at the point's compressed offset.
  StretchCutter(std::shared_ptr<const IndexedGzip> gzip, std::size_t point, Inflater inflater)
      : gzip_(std::move(gzip)), first_point_(point), next_point_(point), inflater_(inflater) {}

  [[nodiscard]] std::size_t next_room(BufferedInput& input) override;
  [[nodiscard]] bool cut(BufferedInput& input, Piece& piece) override;
  [[nodiscard]] bool accept(const Piece& piece) override;
  [[nodiscard]] std::function<void(Piece&)> make_decoder() const override;
  // Without a sum: throws SeekIndexError where what was handed out is not the gzip's text.
  [[nodiscard]] std::unique_ptr<DecodedStream> go_on(BufferedInput input, std::size_t piece,
                                                     std::string_view tail) const override;
  [[nodiscard]] std::size_t tail_bytes() const override { return kWindowBytes; }

 private:
  const std::shared_ptr<const IndexedGzip> gzip_;
  const std::size_t first_point_;
  std::size_t next_point_;  // begins the next piece
  const Inflater inflater_;
  // Without a sum: behind the last piece that was accepted.
  MemberPlace place_;
  bool is_in_member_ = true;
  std::uint32_t text_crc_ = 0;  // CRC-32 of all pieces that were accepted
  bool is_refused_ = false;     // and it was the last
};

}  // namespace chatload::inflate
