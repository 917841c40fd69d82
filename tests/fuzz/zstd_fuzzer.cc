// Zstd frames decoded side by side against one ZstdReader: the same text, and the same error in the same words; and
// against libzstd alone: the same whole text, or an error.
//
// libzstd may find a damaged frame right when it has all of it at once, and wrong when it has it in parts (its window
// then says how far a block may refer back). So of two results without an error, the texts are equal; where one reader
// alone has an error and the others have none, no more is asked.
//
// The first bytes choose what is read and how:
//   byte 0, low bit   0: the rest is a zstd file as it stands; 1: the rest is text, which becomes frames, and bytes 2
//                     to 4 then change the file
//   byte 1            sizes of the frames' texts
//   bytes 2 to 4      a place in the file, a 256th of it each, whose byte is changed by the byte before; 0: none

#include <cstdint>
#include <memory>
#include <string>

#include "fuzz_read.h"
#include "inflate/frame_cutter.h"
#include "inflate/parallel_reader.h"
#include "inflate/zstd_frame.h"
#include "inflate/zstd_reader.h"
#include "unit/inflate/zstd_text.h"

namespace chatload::inflate {
namespace {

constexpr std::size_t kFramesMax = 24;
// A piece, so that a small file has several.
constexpr PieceSizes kOneFrame{.compressed_bytes = 1, .inflated_bytes = 1};

void same_from_all(const std::string& file) {
  ParallelReader parallel(input_of(file), std::make_unique<FrameCutter>(WindowRoom{}, kOneFrame), {2, kAheadBytesMin});
  ZstdReader serial(input_of(file), {});
  const ReadResult found = read_up_to_max(parallel);
  const ReadResult expected = read_up_to_max(serial);
  check(found.error == expected.error || found.error.empty(), (found.error + "\n" + expected.error).c_str());
  if (found.error == expected.error) check(found.bytes == expected.bytes, "other bytes");
  if (!expected.error.empty()) return;
  check(parallel.compressed_bytes() == serial.compressed_bytes(), "another place");
  std::string text(kFuzzTextBytesMax, '\0');
  const std::size_t size = ZSTD_decompress(text.data(), text.size(), file.data(), file.size());
  check(ZSTD_isError(size) == 0, ZSTD_getErrorName(size));
  check(text.substr(0, size) == expected.bytes, "libzstd alone gives another text");
}

std::string frames_of(const std::string& text, std::size_t frame_bytes) {
  std::string file;
  for (std::size_t begin = 0; begin <= text.size(); begin += frame_bytes) {
    file += zstd_frame_of(
        text.substr(begin, frame_bytes),
        {.level = static_cast<int>(begin % 10), .has_checksum = begin % 3 != 0, .has_text_size = begin % 4 != 0});
    if (begin % 5 == 0) file += skippable_frame(text.substr(begin, begin % 7), static_cast<char>(begin % 16));
  }
  return file;
}

}  // namespace
}  // namespace chatload::inflate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chatload::inflate;
  constexpr std::size_t kControlBytes = 5;
  if (size < kControlBytes) return 0;
  std::string file(reinterpret_cast<const char*>(data) + kControlBytes, size - kControlBytes);
  if ((data[0] & 1) != 0) {
    file = frames_of(file, std::size_t{1} + data[1] + file.size() / kFramesMax);
    change_bytes(file, data + 1);
  }
  same_from_all(file);
  return 0;
}
