// Blocks of text are gathered from the pieces, so that every byte is copied once, compressed side by side, and written
// in their order. A block is one member or frame, but for BGZF, whose members are too small for a task each.
//
// CompressionOptions::block_bytes: with 1 MiB there are members enough for readers and compressors side by side, and
// larger ones gain nothing (chatgen's log, one core; the speeds are as equal as their noise):
//
//             level 1              level 6
//   256 KiB   481 MiB/s, 26.8 %    78 MiB/s, 22.9 %
//   512 KiB   455 MiB/s, 26.6 %    76 MiB/s, 22.7 %
//     1 MiB   487 MiB/s, 26.5 %    75 MiB/s, 22.6 %
//     2 MiB   491 MiB/s, 26.4 %    78 MiB/s, 22.5 %
//     4 MiB   500 MiB/s, 26.4 %    76 MiB/s, 22.5 %
//
//   chatload_bench --benchmark_filter=Member
#include "deflate/compressed_writer.h"

#include <algorithm>
#include <utility>

#include "base/units.h"
#include "deflate/member_compressor.h"

namespace chatload::deflate {
namespace {

// One that is compressed, and one that waits to be, or to be written.
constexpr std::size_t kBlocksPerThread = 2;

// Of whole members, where a member takes less than a block.
CompressionOptions with_whole_members(CompressionOptions options) {
  const std::size_t member_bytes_max = block_bytes_max(options.framing);
  if (options.block_bytes > member_bytes_max) options.block_bytes -= options.block_bytes % member_bytes_max;
  return options;
}

// What a block is compressed to, where it is not compressible: framing, and the libraries' spare room.
std::size_t members_bytes_max(std::size_t block_bytes) { return block_bytes + block_bytes / 64 + 16 * kKiB; }

}  // namespace

class CompressedWriter::Compressor {
 public:
  explicit Compressor(CompressionOptions options)
      : compressor_(make_block_compressor(options.framing, options.level)),
        member_bytes_max_(block_bytes_max(options.framing)) {}

  // An empty block is an empty member or frame.
  void operator()(Block& block) {
    block.compressed.clear();
    block.compressed.reserve(members_bytes_max(block.text.size()));
    std::string_view text = block.text;
    do {
      const std::string_view member = text.substr(0, member_bytes_max_);
      compressor_->append(member, block.compressed);
      text.remove_prefix(member.size());
    } while (!text.empty());
  }

 private:
  std::unique_ptr<BlockCompressor> compressor_;
  std::size_t member_bytes_max_;
};

CompressedWriter::CompressedWriter(Output& file, CompressionOptions options)
    : file_(file),
      options_(with_whole_members(options)),
      workers_(std::max(1U, options.threads), std::max<std::size_t>(1, kBlocksPerThread * options.threads), [options] {
        return [compressor = std::make_shared<Compressor>(options)](Block& block) { (*compressor)(block); };
      }) {}

CompressedWriter::~CompressedWriter() = default;

void CompressedWriter::write(std::string_view text) {
  while (!text.empty()) {
    if (block_.text.size() == options_.block_bytes) pass_on();
    block_.text.reserve(options_.block_bytes);
    const std::string_view part = text.substr(0, options_.block_bytes - block_.text.size());
    block_.text.append(part);
    text.remove_prefix(part.size());
  }
}

// A file has at least one member or frame.
void CompressedWriter::end() {
  const bool is_zstd = options_.framing == Framing::kZstd;
  const std::string_view mark = end_mark(options_.framing);
  const bool is_first = bytes_compressed_ == 0 && workers_.size() == 0;
  if (!block_.text.empty() || (is_first && mark.empty())) is_first ? compress_here() : pass_on();
  while (workers_.size() > 0) put(workers_.pop());
  const std::string end = is_zstd ? table_.to_frame() : std::string(mark);
  file_.write(end);
  bytes_compressed_ += end.size();
}

// The block to who compresses it; the next one begins.
void CompressedWriter::pass_on() {
  if (options_.threads == 0) return compress_here();
  if (!workers_.has_room()) put(workers_.pop());
  workers_.push(std::exchange(block_, std::exchange(spare_, {})));
}

void CompressedWriter::compress_here() {
  if (!compressor_) compressor_ = std::make_unique<Compressor>(options_);
  (*compressor_)(block_);
  put(std::exchange(block_, {}));
  block_ = std::exchange(spare_, {});
}

void CompressedWriter::put(Block block) {
  file_.write(block.compressed);
  bytes_compressed_ += block.compressed.size();
  if (options_.framing == Framing::kZstd) table_.add(block.compressed.size(), block.text.size());
  block.text.clear();
  spare_ = std::move(block);
}

std::size_t CompressedWriter::memory_bytes_max(CompressionOptions options) {
  const std::size_t blocks = kBlocksPerThread * options.threads + 1;
  return blocks * (options.block_bytes + members_bytes_max(options.block_bytes)) +
         std::max(1U, options.threads) * compressor_bytes_max(options.framing, options.level);
}

}  // namespace chatload::deflate
