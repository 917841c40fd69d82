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

}  // namespace chatload::inflate
