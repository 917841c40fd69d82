// A random number generator whose output is the same on every machine and library.
#pragma once

#include <cstdint>

namespace chatload::bench {

// One well-mixed number from another: the finaliser of splitmix64.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

// Cheap to start, so that every line has a generator of its own, and any line can be made again from its number.
class SplitMix64 {
 public:
  constexpr explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15ULL); }

  // 0 to bound - 1. REQUIRES: 0 < bound; for bounds above 2^32 the bias of the remainder is of no concern here.
  constexpr std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t draw = next();
    return bound >> 32 ? draw % bound : ((draw >> 32) * bound) >> 32;
  }

  // True once in `times`.
  constexpr bool once_in(std::uint64_t times) { return below(times) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace chatload::bench
