// zstd's seekable format (contrib/seekable_format/zstd_seekable_compression_format.md, version 0.1.1), little-endian:
//
//   skippable frame  5e 2a 4d 18 | size of what follows, 4
//   of each frame    its size, 4 | its text's size, 4
//   footer           number of frames, 4 | descriptor, 1: 0, without checksums, as the frames have their own
//                    | b1 ea 92 8f
//
// Other tools skip it as they skip every such frame.
#include "deflate/frame_table.h"

#include <cstdint>
#include <string_view>

namespace chatload::deflate {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSkippableMagic = "\x5e\x2a\x4d\x18"sv;
constexpr std::string_view kFooterEnd = "\0\xb1\xea\x92\x8f"sv;  // descriptor and magic number
constexpr std::size_t kNumberBytes = 4;
constexpr std::size_t kEntryBytes = 2 * kNumberBytes;

void append_number(std::string& out, std::uint64_t value) {
  for (std::size_t i = 0; i < kNumberBytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

}  // namespace

void FrameTable::add(std::size_t frame_bytes, std::size_t text_bytes) {
  append_number(entries_, frame_bytes);
  append_number(entries_, text_bytes);
}

std::string FrameTable::to_frame() const {
  std::string frame(kSkippableMagic);
  append_number(frame, entries_.size() + kNumberBytes + kFooterEnd.size());
  frame += entries_;
  append_number(frame, entries_.size() / kEntryBytes);
  return frame.append(kFooterEnd);
}

}  // namespace chatload::deflate
