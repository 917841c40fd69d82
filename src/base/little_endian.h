// Numbers as gzip and zstd write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chatload {

// At most eight bytes, the lowest first.
[[nodiscard]] inline std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8 | static_cast<std::uint8_t>(bytes[i - 1]);
  return value;
}

}  // namespace chatload
