// The first bytes of a text as a number, for sorting.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace chatload {

// Eight bytes of a key from `begin` on, zero-filled: of two keys that are equal up to `begin`, the one with the lesser
// prefix comes first; with equal prefixes the whole keys decide.
[[nodiscard]] inline std::uint64_t key_prefix(std::string_view key, std::size_t begin = 0) {
  std::uint64_t prefix = 0;
  if (begin < key.size()) std::memcpy(&prefix, key.data() + begin, std::min(sizeof prefix, key.size() - begin));
  return __builtin_bswap64(prefix);
}

}  // namespace chatload
