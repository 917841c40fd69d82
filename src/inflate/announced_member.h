// The size of a whole gzip member, where its header announces it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/units.h"

namespace chatload::inflate {

// As much of a member as has to be looked at. A header that is longer counts as one that announces nothing.
inline constexpr std::size_t kAnnouncingHeaderBytesMax = kKiB;

struct AnnouncedMember {
  // With header, deflate data and trailer; never less than these take at least. What it says is a guess: nobody has
  // checked that the member ends there.
  std::uint64_t bytes = 0;
  std::size_t header_bytes = 0;
  bool has_header_crc = false;  // in the header's last two bytes

  bool operator==(const AnnouncedMember&) const = default;
};

// Of the member that begins with `head`. Nothing where that is no gzip header, is cut inside it, or announces no size.
// What holds for a header holds for all that begins with it. Pure.
[[nodiscard]] std::optional<AnnouncedMember> announced_member(std::span<const char> head);

}  // namespace chatload::inflate
