// zlib and ISA-L count the bytes of a step in 32 bits.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/units.h"

namespace chatload::inflate {

// Of `size` bytes, what one step takes.
inline std::uint32_t step_bytes(std::size_t size) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(size, kGiB));
}

}  // namespace chatload::inflate
