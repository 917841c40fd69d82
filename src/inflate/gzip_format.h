// What RFC 1952 §2.3 fixes of a gzip member.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chatload::inflate {

inline constexpr std::string_view kMagic = "\x1f\x8b";
inline constexpr std::uint8_t kFlagHeaderCrc = 0x02;
inline constexpr std::uint8_t kFlagExtra = 0x04;
inline constexpr std::uint8_t kFlagName = 0x08;
inline constexpr std::uint8_t kFlagComment = 0x10;
inline constexpr std::uint8_t kFlagsReserved = 0xe0;
inline constexpr std::size_t kTrailerBytes = 8;  // CRC-32, size

// At most four bytes, the lowest first.
[[nodiscard]] inline std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8 | static_cast<std::uint8_t>(bytes[i - 1]);
  return value;
}

}  // namespace chatload::inflate
