// Places in the midst of gzip members.
#pragma once

#include <cstdint>
#include <optional>

namespace chatload::inflate {

struct MemberPlace {
  std::uint64_t begin = 0;  // compressed offset of the member's header
  std::uint32_t crc = 0;    // CRC-32 of the member's bytes in front of the place
  std::uint32_t size = 0;   // how many these are, modulo 2^32 as the trailer counts

  bool operator==(const MemberPlace&) const = default;
};

// The end of a member of which only the last part was read: nobody has compared the two yet.
struct UncheckedEnd {
  MemberPlace part;        // of that part; begin is not known
  std::uint32_t crc = 0;   // of the whole member, by its trailer
  std::uint32_t size = 0;  // modulo 2^32
};

// Of bytes that may begin and end in the midst of members.
struct MemberSpan {
  std::uint32_t crc = 0;          // CRC-32 of all of them
  bool begins_in_member = false;  // of which nothing is known
  std::optional<UncheckedEnd> unchecked_end;
  bool ends_in_member = false;
  MemberPlace behind;  // counts from the span's begin on where the member does not end in it
};

}  // namespace chatload::inflate
