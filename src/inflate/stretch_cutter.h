// Pieces between the points of a seek index (seek_index.h).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "inflate/buffered_input.h"
#include "inflate/decoded_stream.h"
#include "inflate/deflate_decoder.h"
#include "inflate/gzip_reader.h"
#include "inflate/indexed_gzip.h"
#include "inflate/piece.h"

namespace chatload::inflate {

// A piece is a stretch from one point to the next. It counts as proven when it inflates to as many bytes as the points
// are apart, and the CRC-32 of their member comes to what the index's sum says of the next point: so each byte that is
// handed out is one that was there when the index was made, and every member is checked to its end.
class StretchCutter : public PieceCutter {
 public:
  // Of the input's gzip, from `point` of its index on. REQUIRES: index.proof() is kSum; the input is at the point's
  // compressed offset.
  StretchCutter(std::shared_ptr<const IndexedGzip> gzip, std::size_t point, Inflater inflater)
      : gzip_(std::move(gzip)), first_point_(point), next_point_(point), inflater_(inflater) {}

  [[nodiscard]] std::size_t next_room(BufferedInput& input) override;
  [[nodiscard]] bool cut(BufferedInput& input, Piece& piece) override;
  [[nodiscard]] std::function<void(Piece&)> make_decoder() const override;
  [[nodiscard]] std::unique_ptr<GzipReader> go_on(BufferedInput input, std::size_t piece,
                                                  std::string_view tail) const override;
  [[nodiscard]] std::size_t tail_bytes() const override { return kWindowBytes; }

 private:
  const std::shared_ptr<const IndexedGzip> gzip_;
  const std::size_t first_point_;
  std::size_t next_point_;  // begins the next piece
  const Inflater inflater_;
};

}  // namespace chatload::inflate
