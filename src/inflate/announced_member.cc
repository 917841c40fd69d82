// Writers that compress in parallel put a subfield into FEXTRA (RFC 1952 §2.3.1.1): two bytes of name, two of length,
// and the size, all little-endian. Other subfields may stand in front of it.
//
//   BC  2 bytes   the whole member's size less 1: BGZF, of bgzip and samtools (SAM specification §4.1)
//   IG  4 bytes   the whole member's size: pgzip, and mgzip up to 0.2.0
//   MZ  4 bytes   the size of the deflate data: MiGz, and mgzip since
//
// A name, a comment and a checksum may follow FEXTRA, and are part of the header (gzip_header.cc).

#include "inflate/announced_member.h"

#include <string_view>

#include "base/little_endian.h"
#include "inflate/gzip_format.h"

namespace chatload::inflate {
namespace {

constexpr std::size_t kFixedBytes = 10;
constexpr std::size_t kSubfieldBytes = 4;  // before its content
constexpr std::size_t kDeflateBytesMin = 2;

// What one subfield says of a member with that header; 0 for any other subfield.
std::uint64_t announced_bytes(std::string_view name, std::string_view content, std::size_t header_bytes) {
  if (name == "BC" && content.size() == 2) return little_endian(content) + 1;
  if (content.size() != 4) return 0;
  if (name == "IG") return little_endian(content);
  if (name == "MZ") return header_bytes + little_endian(content) + kTrailerBytes;
  return 0;
}

std::uint64_t announced_bytes(std::string_view extra, std::size_t header_bytes) {
  while (extra.size() >= kSubfieldBytes) {
    const std::string_view name = extra.substr(0, 2);
    const std::size_t size = little_endian(extra.substr(2, 2));
    extra.remove_prefix(kSubfieldBytes);
    if (size > extra.size()) return 0;
    if (const std::uint64_t bytes = announced_bytes(name, extra.substr(0, size), header_bytes)) return bytes;
    extra.remove_prefix(size);
  }
  return 0;
}

}  // namespace

std::optional<AnnouncedMember> announced_member(std::span<const char> head) {
  const std::string_view text(head.data(), head.size());
  if (text.size() < kFixedBytes + 2 || !text.starts_with("\x1f\x8b\x08")) return std::nullopt;
  const auto flags = static_cast<std::uint8_t>(text[3]);
  if ((flags & kFlagExtra) == 0 || (flags & kFlagsReserved) != 0) return std::nullopt;

  const std::string_view extra = text.substr(kFixedBytes + 2, little_endian(text.substr(kFixedBytes, 2)));
  std::size_t header_bytes = kFixedBytes + 2 + little_endian(text.substr(kFixedBytes, 2));
  for (const std::uint8_t flag : {kFlagName, kFlagComment}) {
    if ((flags & flag) == 0) continue;
    const std::size_t end = text.find('\0', header_bytes);
    if (end == std::string_view::npos) return std::nullopt;
    header_bytes = end + 1;
  }
  const bool has_header_crc = (flags & kFlagHeaderCrc) != 0;
  if (has_header_crc) header_bytes += 2;
  if (header_bytes > text.size()) return std::nullopt;

  const std::uint64_t bytes = announced_bytes(extra, header_bytes);
  if (bytes < header_bytes + kDeflateBytesMin + kTrailerBytes) return std::nullopt;
  return AnnouncedMember{.bytes = bytes, .header_bytes = header_bytes, .has_header_crc = has_header_crc};
}

}  // namespace chatload::inflate
