// Decompressed bytes, read once from front to back: what the splitter consumes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/units.h"
#include "inflate/window_room.h"
#include "source/byte_source.h"

namespace chatload::inflate {

class BlockObserver;

// What the bytes are read out of.
enum class Compression { kNone, kGzip, kZstd };

// The end of messages about damage.
inline constexpr const char* kDamageAdvice = "get an undamaged copy of it and run the same command again";

// A sequential reader; used by one thread at a time.
class DecodedStream {
 public:
  virtual ~DecodedStream() = default;

  // Reads 1 to out.size() decompressed bytes and returns how many; 0 only at the true end of the input, after every
  // checksum and length has held, or after a stop. REQUIRES: out is not empty.
  // Throws SourceError or CorruptInputError, which names input and compressed byte offset. Bytes handed out before the
  // error are good as far as decoding can tell.
  [[nodiscard]] virtual std::size_t read(std::span<char> out) = 0;

  // After a read that returned 0: true if the input did not end there, a stop did. What came last may then be part of
  // a line.
  [[nodiscard]] virtual bool stopped() const { return false; }

  [[nodiscard]] virtual Compression compression() const { return Compression::kNone; }

  // Whether some of what was read so far is compressed without a checksum, so that damage may go unseen.
  [[nodiscard]] virtual bool lacks_checksum() const { return false; }

  // Whether it has threads of its own to inflate with, and the memory for it.
  [[nodiscard]] virtual bool reads_ahead() const { return false; }

  // Compressed bytes consumed so far; readable from another thread (progress).
  [[nodiscard]] virtual std::uint64_t compressed_bytes() const = 0;
};

// Which library decodes deflate. Both give the same bytes of whole input and both refuse damaged input, though not
// always with the same reason. One exception: zlib refuses incomplete Huffman codes before it uses them; ISA-L takes
// them where they serve and checksum and length hold. No compressor that we know writes such codes.
enum class Inflater { kIsal, kZlib };

// Room for a few pieces of a gzip file (member_cutter.h), with a third for the largest.
inline constexpr std::size_t kAheadBytesMin = 4 * kMiB;

// What may inflate beside the thread that reads, where an input allows it.
struct ReadAhead {
  unsigned threads = 1;   // with one, or less room than kAheadBytesMin, the thread that reads inflates
  std::size_t bytes = 0;  // of what is read ahead, compressed and not
};

// Looks at the first bytes and reads gzip (RFC 1952, any number of members), zstd (RFC 8878, any number of frames), or
// all else as it is. What that holds is not judged (log_stream.h does). Who inflates shows in nothing but the time; of
// a damaged zstd frame, in how much of its text is given in front of the error. window: of zstd. observer: hears of a
// gzip's blocks, and outlives the stream; zlib inflates then, in the thread that reads. Throws CorruptInputError for an
// empty input.
[[nodiscard]] std::unique_ptr<DecodedStream> open_decoded(std::unique_ptr<source::ByteSource> source, Inflater inflater,
                                                          ReadAhead ahead = {}, WindowRoom window = {},
                                                          BlockObserver* observer = nullptr);

}  // namespace chatload::inflate
