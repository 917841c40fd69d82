// Format, little-endian:
//
//   frame            28 b5 2f fd | descriptor, 1 | window, 0 or 1 | dictionary, 0 to 4 | text size, 0 to 8 | blocks
//                    | checksum, 0 or 4
//   skippable frame  50 to 5f 2a 4d 18 | size, 4 | that many bytes
//   descriptor       bits 6 and 7: width of the text size; 5: single segment, without a window; 2: checksum;
//                    0 and 1: width of the dictionary's number
//   window           bits 3 to 7: E, 0 to 2: M; (8 + M) × 2^(7 + E) bytes
//   block            3 bytes of header: bit 0: last; 1 and 2: type; 3 to 23: size | data
//   types            0: as it is; 1: one byte, `size` times; 2: compressed
#include "inflate/zstd_frame.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/little_endian.h"

namespace chatload::inflate {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd"sv;
constexpr std::string_view kSkippableMagicEnd = "\x2a\x4d\x18"sv;  // behind a byte from 50 to 5f
constexpr std::array<std::size_t, 4> kDictionaryWidths = {0, 1, 2, 4};
constexpr std::array<std::size_t, 4> kTextSizeWidths = {0, 2, 4, 8};
constexpr std::uint64_t kTwoByteSizesFrom = 256;
constexpr std::uint64_t kRepeatedByte = 1;

bool begins_skippable(std::string_view bytes) {
  return !bytes.empty() && (static_cast<std::uint8_t>(bytes[0]) & 0xf0) == 0x50 &&
         kSkippableMagicEnd.starts_with(bytes.substr(1, kSkippableMagicEnd.size()));
}

}  // namespace

bool may_begin_zstd(std::span<const char> bytes) {
  const std::string_view head(bytes.data(), std::min(bytes.size(), kZstdMagicBytes));
  return kZstdMagic.starts_with(head) || begins_skippable(head);
}

std::optional<ZstdFrame> zstd_frame(std::span<const char> head) {
  std::string_view rest(head.data(), head.size());
  if (rest.size() <= kZstdMagicBytes || !may_begin_zstd(head)) return std::nullopt;
  const bool is_skippable = !rest.starts_with(kZstdMagic);
  rest.remove_prefix(kZstdMagicBytes);
  bool is_cut = false;
  const auto take = [&](std::size_t width) {
    is_cut = is_cut || rest.size() < width;
    const std::string_view field = rest.substr(0, width);
    rest.remove_prefix(field.size());
    return little_endian(field);
  };

  ZstdFrame frame;
  if (is_skippable) {
    frame.skipped_bytes = take(4);
  } else {
    const std::uint64_t descriptor = take(1);
    const bool is_single_segment = (descriptor & 0x20) != 0;
    frame.has_checksum = (descriptor & 0x04) != 0;
    if (!is_single_segment) {
      const std::uint64_t window = take(1);
      frame.window_bytes = (8 + (window & 7)) << (7 + (window >> 3));
    }
    frame.dictionary = static_cast<std::uint32_t>(take(kDictionaryWidths[descriptor & 3]));
    const std::uint64_t size_code = descriptor >> 6;
    if (size_code > 0 || is_single_segment) {
      frame.text_bytes =
          take(size_code == 0 ? 1 : kTextSizeWidths[size_code]) + (size_code == 1 ? kTwoByteSizesFrom : 0);
      if (is_single_segment) frame.window_bytes = *frame.text_bytes;
    }
  }
  if (is_cut) return std::nullopt;
  frame.header_bytes = head.size() - rest.size();
  return frame;
}

ZstdBlock zstd_block(std::span<const char> header) {
  const std::uint64_t bits = little_endian({header.data(), kZstdBlockHeaderBytes});
  const std::uint64_t type = bits >> 1 & 3;
  const std::uint64_t size = bits >> 3;
  return {.is_last = (bits & 1) != 0,
          .bytes = static_cast<std::size_t>(type == kRepeatedByte ? 1 : size),
          .text_bytes = type <= kRepeatedByte ? size : kZstdBlockBytesMax};
}

}  // namespace chatload::inflate
