// The numbers that must not be mixed: which source, which range, which line, which byte.
//
// Each is a distinct type that converts to an integer only through value(); so a line number passed where a byte
// offset is wanted does not compile. All but the first count from the start of the decompressed stream of one source.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace chatload {

template <typename Tag>
class Ordinal {
 public:
  constexpr Ordinal() = default;
  constexpr explicit Ordinal(std::uint64_t value) : value_(value) {}

  [[nodiscard]] constexpr std::uint64_t value() const { return value_; }

  constexpr auto operator<=>(const Ordinal&) const = default;
  constexpr Ordinal operator+(std::uint64_t count) const { return Ordinal(value_ + count); }
  constexpr Ordinal& operator+=(std::uint64_t count) {
    value_ += count;
    return *this;
  }
  constexpr std::uint64_t operator-(Ordinal other) const { return value_ - other.value_; }

 private:
  std::uint64_t value_ = 0;
};

using SourceOrdinal = Ordinal<struct SourceOrdinalTag>;  // 1-based, in the order of a load
using RangeNumber = Ordinal<struct RangeNumberTag>;      // 0-based, in file order
using ByteOffset = Ordinal<struct ByteOffsetTag>;        // 0-based, decompressed unless a name says compressed
using LineNumber = Ordinal<struct LineNumberTag>;        // 1-based, as editors and `sed -n Np` count

// A range of a load, or a stretch, whose source is 0 and whose number counts the load's stretches from 0.
struct RangeKey {
  SourceOrdinal source;
  RangeNumber number;

  constexpr auto operator<=>(const RangeKey&) const = default;
};

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;
inline constexpr std::size_t kGiB = 1024 * kMiB;

}  // namespace chatload
