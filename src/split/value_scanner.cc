// 64 bytes at a time become bit masks, a bit a byte: quotes, backslashes, brackets, control characters. Strings are
// what lies between quotes that no backslash escapes, so a running XOR of the quotes' bits has a one for each byte of
// them (as simdjson does it: Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019). As long as fewer
// brackets close in a block than are open, no value ends in it, and it is enough to count them.
//
// On one core, GB/s (`chatload_bench --benchmark_filter=Scan`):
//
//                           values   ranges of them
//   records of 200 bytes     2.6         2.0
//   records of 2,000 bytes   3.4         2.6
#include "split/value_scanner.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace chatload::split {
namespace {

constexpr std::size_t kBlockBytes = 64;

struct Masks {
  std::uint64_t quotes = 0;
  std::uint64_t backslashes = 0;
  std::uint64_t opens = 0;
  std::uint64_t closes = 0;
  std::uint64_t controls = 0;
};

#if defined(__SSE2__)

// REQUIRES: kBlockBytes can be read.
Masks masks_of(const char* bytes) {
  Masks masks;
  const __m128i case_bit = _mm_set1_epi8(0x20);
  for (unsigned lane = 0; lane < 4; ++lane) {
    const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * lane));
    const auto bits = [&](__m128i matches) {
      return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(matches))) << (16 * lane);
    };
    const auto equal_to = [](__m128i a, char c) { return _mm_cmpeq_epi8(a, _mm_set1_epi8(c)); };
    const __m128i folded = _mm_or_si128(part, case_bit);  // '[' and '{' differ in that bit, and so do ']' and '}'
    masks.quotes |= bits(equal_to(part, '"'));
    masks.backslashes |= bits(equal_to(part, '\\'));
    masks.opens |= bits(equal_to(folded, '{'));
    masks.closes |= bits(equal_to(folded, '}'));
    masks.controls |= bits(_mm_cmpeq_epi8(_mm_max_epu8(part, case_bit), case_bit)) & ~bits(equal_to(part, ' '));
  }
  return masks;
}

#else

Masks masks_of(const char* bytes) {
  Masks masks;
  for (std::size_t i = 0; i < kBlockBytes; ++i) {
    const char c = bytes[i];
    const std::uint64_t bit = std::uint64_t{1} << i;
    if (c == '"') masks.quotes |= bit;
    if (c == '\\') masks.backslashes |= bit;
    if (c == '[' || c == '{') masks.opens |= bit;
    if (c == ']' || c == '}') masks.closes |= bit;
    if (static_cast<unsigned char>(c) < 0x20) masks.controls |= bit;
  }
  return masks;
}

#endif

// The bytes that a backslash escapes. is_escaped: whether the first one is; then, whether the one behind the block is.
std::uint64_t escaped_bits(std::uint64_t backslashes, std::size_t bytes, bool& is_escaped) {
  std::uint64_t escaped = is_escaped ? 1 : 0;
  is_escaped = false;
  for (std::uint64_t left = backslashes & ~escaped; left != 0;) {
    const std::uint64_t first = left & (~left + 1);
    if (first == std::uint64_t{1} << (bytes - 1)) is_escaped = true;
    escaped |= first << 1U;
    left &= ~(first | first << 1U);
  }
  return escaped;
}

// Each bit is the XOR of itself and all below it.
std::uint64_t running_xor(std::uint64_t bits) {
  for (unsigned shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

}  // namespace

ValueScanner::Step ValueScanner::scan(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = std::min(kBlockBytes, text.size() - at);
    char copy[kBlockBytes];
    const char* block = text.data() + at;
    if (bytes < kBlockBytes) {
      std::memset(copy, ' ', sizeof copy);
      block = static_cast<char*>(std::memcpy(copy, block, bytes));
    }
    const Masks masks = masks_of(block);
    const std::uint64_t quotes = masks.quotes & ~escaped_bits(masks.backslashes, bytes, is_next_escaped_);
    const std::uint64_t strings = running_xor(quotes) ^ (is_in_string_ ? ~std::uint64_t{0} : 0);
    const std::uint64_t bad = masks.controls & strings;
    std::uint64_t brackets = (masks.opens | masks.closes) & ~strings;
    const std::uint64_t closes = masks.closes & ~strings;
    const auto closing = static_cast<std::uint64_t>(std::popcount(closes));
    const auto opening = static_cast<std::uint64_t>(std::popcount(brackets)) - closing;
    if (closing < depth_ && bad == 0) {
      depth_ += opening - closing;
    } else {
      for (; brackets != 0; brackets &= brackets - 1) {
        const auto place = static_cast<std::size_t>(std::countr_zero(brackets));
        if (bad != 0 && place > static_cast<std::size_t>(std::countr_zero(bad))) break;
        if ((closes >> place & 1U) == 0) {
          ++depth_;
        } else if (--depth_ == 0) {
          *this = {};
          return {.bytes = at + place + 1, .has_ended = true};
        }
      }
      if (bad != 0) return {.bytes = at + static_cast<std::size_t>(std::countr_zero(bad)), .is_bad_string = true};
    }
    is_in_string_ = (strings >> 63U) != 0;  // what is behind `bytes` is no quote
    at += bytes;
  }
  return {.bytes = text.size()};
}

}  // namespace chatload::split
