// Gzip whose members announce their sizes, for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "unit/inflate/gzip_text.h"

namespace chatload::inflate {

enum class Announcement { kBgzf, kMigz, kPgzip };

inline std::string header_with_extra(const std::string& extra, const std::string& name) {
  std::string header("\x1f\x8b\x08", 3);
  header += static_cast<char>(name.empty() ? 0x04 : 0x0c);
  header += std::string("\0\0\0\0\0\xff", 6) + little_endian(static_cast<std::uint32_t>(extra.size()), 2) + extra;
  if (!name.empty()) header += name + '\0';
  return header;
}

// text as one member that announces `wrong` bytes more than it has.
inline std::string announced(Announcement kind, const std::string& text, int level = 6, const std::string& name = "",
                             int wrong = 0) {
  const std::string data = compress(text, level, kRawWindowBits);
  const std::size_t header_bytes = (kind == Announcement::kBgzf ? 18 : 20) + (name.empty() ? 0 : name.size() + 1);
  const auto member_bytes =
      static_cast<std::uint32_t>(header_bytes + data.size() + 8) + static_cast<std::uint32_t>(wrong);
  std::string extra;
  switch (kind) {
    case Announcement::kBgzf: extra = "BC" + little_endian(2, 2) + little_endian(member_bytes - 1, 2); break;
    case Announcement::kMigz:
      extra = "MZ" + little_endian(4, 2) + little_endian(member_bytes - static_cast<std::uint32_t>(header_bytes) - 8);
      break;
    case Announcement::kPgzip: extra = "IG" + little_endian(4, 2) + little_endian(member_bytes); break;
  }
  return header_with_extra(extra, name) + data + little_endian(zlib_crc32(text)) +
         little_endian(static_cast<std::uint32_t>(text.size()));
}

// text in members of so many bytes.
inline std::string announced_members(Announcement kind, const std::string& text, std::size_t member_bytes,
                                     int level = 6, const std::string& name = "") {
  std::string members;
  for (std::size_t begin = 0; begin < text.size(); begin += member_bytes) {
    members += announced(kind, text.substr(begin, member_bytes), level, name);
  }
  return members;
}

// bgzip's last member.
inline const std::string kBgzfEnd = announced(Announcement::kBgzf, "");

}  // namespace chatload::inflate
