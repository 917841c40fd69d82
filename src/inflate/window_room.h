// Memory for the window of a zstd frame: the last text, which its blocks refer to.
#pragma once

#include <cstdint>

#include "base/units.h"

namespace chatload::inflate {

// What levels 1 to 19 of the zstd tool ask for at most; 20 to 22 and --long ask for more.
inline constexpr std::uint64_t kWindowBytesUsual = 8 * kMiB;
// libzstd takes no larger one.
inline constexpr std::uint64_t kZstdWindowBytesMax = 2 * kGiB;
// What a decoder takes beside the window: a block on either side, its tables and contexts.
inline constexpr std::uint64_t kWindowSpareBytes = 512 * kKiB;

struct WindowRoom {
  std::uint64_t bytes_max = kWindowBytesUsual;  // of a window
  std::uint64_t beside_bytes = 0;               // of --memory, what is kept for all else, where there is enough for it

  // For messages: what --memory has room for such a window, in MiB, rounded up to hundreds. Of what is free, an eighth
  // is for other things (pipeline/memory_plan.cc).
  [[nodiscard]] std::uint64_t memory_mib(std::uint64_t window_bytes) const {
    const std::uint64_t bytes = (window_bytes + kWindowSpareBytes + beside_bytes) / 7 * 8;
    return (bytes / kMiB + 100) / 100 * 100;
  }
};

}  // namespace chatload::inflate
