// The CRC-32 of RFC 1952 §8.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string_view>

namespace chatload::inflate {

// Of what `crc` is of, followed by `bytes`; of nothing it is 0.
[[nodiscard]] inline std::uint32_t extend_crc(std::uint32_t crc, std::string_view bytes) {
  return static_cast<std::uint32_t>(crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace chatload::inflate
