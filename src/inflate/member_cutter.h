// Pieces that are whole gzip members, which announce their sizes (announced_member.h).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "inflate/buffered_input.h"
#include "inflate/decoded_stream.h"
#include "inflate/piece.h"

namespace chatload::inflate {

// A piece is one member or several. Each of its members ends where the input ends, or a member or zeros begin; it
// counts as proven when its header, CRC-32 and length hold and it ends exactly where it announced.
class MemberCutter : public PieceCutter {
 public:
  explicit MemberCutter(Inflater inflater) : MemberCutter(inflater, PieceSizes{}) {}
  MemberCutter(Inflater inflater, PieceSizes sizes) : inflater_(inflater), sizes_(sizes) {}

  [[nodiscard]] std::size_t next_room(BufferedInput& input) override;
  [[nodiscard]] bool cut(BufferedInput& input, Piece& piece) override;
  [[nodiscard]] std::function<void(Piece&)> make_decoder() const override;
  [[nodiscard]] std::unique_ptr<DecodedStream> go_on(BufferedInput input, std::size_t piece,
                                                     std::string_view tail) const override;

 private:
  Inflater inflater_;
  PieceSizes sizes_;
};

}  // namespace chatload::inflate
