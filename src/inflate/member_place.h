// A place in the midst of a gzip member.
#pragma once

#include <cstdint>

namespace chatload::inflate {

struct MemberPlace {
  std::uint64_t begin = 0;  // compressed offset of the member's header
  std::uint32_t crc = 0;    // CRC-32 of the member's bytes in front of the place
  std::uint32_t size = 0;   // how many these are, modulo 2^32 as the trailer counts

  bool operator==(const MemberPlace&) const = default;
};

}  // namespace chatload::inflate
