#include "inflate/member_cutter.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/little_endian.h"
#include "base/padded_buffer.h"
#include "base/units.h"
#include "inflate/announced_member.h"
#include "inflate/deflate_decoder.h"
#include "inflate/gzip_format.h"
#include "inflate/gzip_reader.h"

namespace chatload::inflate {
namespace {

// Of the members that are put together: BGZF's are no larger.
constexpr std::size_t kSmallMemberBytes = 64 * kKiB;

std::string_view text_of(std::span<const char> bytes) { return {bytes.data(), bytes.size()}; }

// Most headers are short: of a slow pipe no more is waited for than one takes.
std::optional<AnnouncedMember> next_member(BufferedInput& input) {
  for (std::size_t wanted = 32;; wanted *= 2) {
    const std::span<const char> head = input.peek(wanted);
    if (const auto member = announced_member(head.first(std::min(head.size(), kAnnouncingHeaderBytesMax)))) {
      return member;
    }
    if (head.size() < wanted || wanted >= kAnnouncingHeaderBytesMax) return std::nullopt;
  }
}

// Whether a member may end here. What follows is judged by whoever reads it.
bool may_be_an_end(BufferedInput& input) {
  const std::span<const char> next = input.peek(kMagic.size());
  return next.size() < kMagic.size() || next[0] == '\0' || text_of(next).starts_with(kMagic);
}

bool header_checksum_holds(std::span<const char> header, const DeflateDecoder& decoder) {
  const std::span<const char> covered = header.first(header.size() - 2);
  return (decoder.crc32(0, covered) & 0xffff) == little_endian(text_of(header.last(2)));
}

// The bytes of the member that `rest` begins with, if all of it holds, appended to `out`; its size, or 0.
std::size_t inflate_member(std::span<const char> rest, PaddedBuffer& out, DeflateDecoder& decoder) {
  const std::optional<AnnouncedMember> member = announced_member(rest);
  if (!member || member->bytes > rest.size()) return 0;
  const std::span<const char> bytes = rest.first(member->bytes);
  if (member->has_header_crc && !header_checksum_holds(bytes.first(member->header_bytes), decoder)) return 0;

  // The trailer is given to the decoder, too: it is faster as long as it may read ahead.
  const std::span<const char> in = bytes.subspan(member->header_bytes);
  const std::span<char> room = out.free_space();
  const DecodeStep step = decoder.decode_whole(in, room);
  const std::span<const char> trailer = bytes.last(kTrailerBytes);
  const bool holds = step.status == DecodeStatus::kEnd && in.size() == step.consumed - step.unread + kTrailerBytes &&
                     little_endian(text_of(trailer.last(4))) == step.produced &&
                     little_endian(text_of(trailer.first(4))) == decoder.crc32(0, room.first(step.produced));
  if (!holds) return 0;
  out.advance(step.produced);
  return bytes.size();
}

void inflate_members(Piece& piece, DeflateDecoder& decoder) {
  const std::span<const char> members = piece.compressed.view().text();
  while (piece.proven_bytes < members.size()) {
    const std::size_t bytes = inflate_member(members.subspan(piece.proven_bytes), piece.bytes, decoder);
    if (bytes == 0) return;
    piece.proven_bytes += bytes;
  }
}

}  // namespace

std::size_t MemberCutter::next_room(BufferedInput& input) {
  const std::optional<AnnouncedMember> member = next_member(input);
  return member ? std::max<std::size_t>(member->bytes, sizes_.compressed_bytes + kSmallMemberBytes) : 0;
}

bool MemberCutter::cut(BufferedInput& input, Piece& piece) {
  while (piece.compressed.size() < sizes_.compressed_bytes && piece.inflated_bytes < sizes_.inflated_bytes) {
    const std::optional<AnnouncedMember> member = next_member(input);
    if (!member || member->bytes > piece.compressed.free_space().size()) return true;
    if (!append(input, member->bytes, piece.compressed) || !may_be_an_end(input)) return false;
    piece.inflated_bytes += little_endian(piece.compressed.view().text().substr(piece.compressed.size() - 4));
  }
  return true;
}

std::unique_ptr<DecodedStream> MemberCutter::go_on(BufferedInput input, std::size_t /*piece*/,
                                                   std::string_view /*tail*/) const {
  return std::make_unique<GzipReader>(std::move(input), make_deflate_decoder(inflater_));
}

std::function<void(Piece&)> MemberCutter::make_decoder() const {
  return [decoder = std::shared_ptr<DeflateDecoder>(make_deflate_decoder(inflater_))](Piece& piece) {
    inflate_members(piece, *decoder);
  };
}

}  // namespace chatload::inflate
