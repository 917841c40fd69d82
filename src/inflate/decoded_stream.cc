// Which reader an input gets, from its first bytes: gzip's magic is RFC 1952 §2.3.1, zstd's RFC 8878 §3.1.

#include "inflate/decoded_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "inflate/block_decoder.h"
#include "inflate/buffered_input.h"
#include "inflate/deflate_decoder.h"
#include "inflate/frame_cutter.h"
#include "inflate/gzip_format.h"
#include "inflate/gzip_reader.h"
#include "inflate/member_cutter.h"
#include "inflate/parallel_reader.h"
#include "inflate/plain_reader.h"
#include "inflate/zstd_frame.h"
#include "inflate/zstd_reader.h"

namespace chatload::inflate {

std::unique_ptr<DecodedStream> open_decoded(std::unique_ptr<source::ByteSource> source, Inflater inflater,
                                            ReadAhead ahead, WindowRoom window, BlockObserver* observer) {
  BufferedInput input(std::move(source));
  const std::span<const char> begin = input.peek(std::max(kMagic.size(), kZstdMagicBytes));
  const std::string_view head(begin.data(), begin.size());

  // A stop this early leaves too little to judge; the plain reader hands it out and says that it was stopped.
  if (input.stopped()) return std::make_unique<PlainReader>(std::move(input));
  if (head.empty()) {
    throw CorruptInputError(
        fmt::format("{} is empty (0 bytes): check that it was written and copied whole", input.name()));
  }
  const bool can_read_ahead = ahead.threads > 1 && ahead.bytes >= kAheadBytesMin;
  if (head.starts_with(kMagic)) {
    if (observer != nullptr) return std::make_unique<GzipReader>(std::move(input), make_block_decoder(), *observer);
    auto members = std::make_unique<MemberCutter>(inflater);
    if (can_read_ahead && members->next_room(input) > 0) {
      return std::make_unique<ParallelReader>(std::move(input), std::move(members), ahead);
    }
    return std::make_unique<GzipReader>(std::move(input), make_deflate_decoder(inflater));
  }
  if (begin.size() >= kZstdMagicBytes && may_begin_zstd(begin)) {
    auto frames = std::make_unique<FrameCutter>(window);
    if (can_read_ahead && frames->next_room(input) > 0) {
      return std::make_unique<ParallelReader>(std::move(input), std::move(frames), ahead);
    }
    return std::make_unique<ZstdReader>(std::move(input), window);
  }
  return std::make_unique<PlainReader>(std::move(input));
}

}  // namespace chatload::inflate
