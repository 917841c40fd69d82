// libzstd is given one part at a time: a frame's header, a block, a checksum. So what is handed out in front of damage
// is every block in front of it, however the input is cut into reads, and the damage is known to be in that part. A
// block is 128 KiB of text at most; text that did not fit into `out` is asked for without further input.
//
// The window is libzstd's own buffer: min(window, text size) of the frame, and two blocks
// (ZSTD_decodingBufferSize_min). A frame that needs more than there is room for is refused before that is allocated. If
// a block is damaged so that it gives more text than the frame has, the size of the buffer decides when libzstd
// notices. So a frame uses the buffer of the frame before it only if both are of equal sizes: then what it gives does
// not depend on the frames in front of it, and a reader that begins later gives the same.

#include "inflate/zstd_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <new>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "base/quantity.h"

namespace chatload::inflate {
namespace {

constexpr int kWindowLogMax = 31;

}  // namespace

ZstdReader::ZstdReader(BufferedInput input, WindowRoom room)
    : input_(std::move(input)), room_(room), compressed_bytes_(input_.offset()) {}

std::size_t ZstdReader::read(std::span<char> out) {
  std::size_t size = 0;
  while (size == 0 && expect_ != Expect::kNothing) {
    switch (expect_) {
      case Expect::kFrame: begin_frame(); break;
      case Expect::kSkipped: skip(); break;
      case Expect::kBlock: begin_block(); break;
      case Expect::kText: size = read_text(out); break;
      case Expect::kChecksum: read_checksum(); break;
      case Expect::kNothing: break;
    }
  }
  compressed_bytes_.store(input_.offset(), std::memory_order_relaxed);
  return size;
}

void ZstdReader::begin_frame() {
  frame_begin_ = part_begin_ = input_.offset();
  const std::span<const char> head = input_.peek(kZstdHeaderBytesMax);
  if (head.empty()) {
    expect_ = Expect::kNothing;
    return;
  }
  if (!may_begin_zstd(head)) {
    throw CorruptInputError(fmt::format("{} holds bytes that are not zstd at compressed byte {}, behind a frame: {}",
                                        input_.name(), frame_begin_, kDamageAdvice));
  }
  const std::optional<ZstdFrame> frame = zstd_frame(head);
  if (!frame) {
    input_.consume(head.size());
    end_of_input();
    return;
  }
  if (frame->skipped_bytes) {
    input_.consume(frame->header_bytes);
    given_left_ = *frame->skipped_bytes;
    expect_ = Expect::kSkipped;
    return;
  }
  if (frame->dictionary != 0) {
    throw CorruptInputError(fmt::format(
        "{} needs the zstd dictionary {} for the frame that begins at compressed byte {}, and dictionaries are not "
        "supported: decompress it with `zstd -dc -D DICTIONARY`, and load what that gives",
        input_.name(), frame->dictionary, frame_begin_));
  }
  if (frame->window_bytes > kZstdWindowBytesMax) {
    throw_damaged(fmt::format("its header asks for a window of {}, and there is none above {}",
                              format_size(frame->window_bytes), format_size(kZstdWindowBytesMax)));
  }
  if (frame->kept_bytes() > room_.bytes_max) {
    throw CorruptInputError(fmt::format(
        "{} needs a window of {} for the zstd frame that begins at compressed byte {}: give --memory {}M",
        input_.name(), format_size(frame->kept_bytes()), frame_begin_, room_.memory_mib(frame->kept_bytes())));
  }
  const bool has_buffer_for_it =
      context_ && frame->window_bytes == frame_.window_bytes && frame->text_bytes == frame_.text_bytes;
  if (!has_buffer_for_it) make_context();
  frame_ = *frame;
  lacks_checksum_ = lacks_checksum_ || !frame_.has_checksum;
  given_left_ = frame->header_bytes;
  char none = 0;
  static_cast<void>(decode({&none, 0}));
  expect_ = Expect::kBlock;
}

void ZstdReader::make_context() {
  context_.reset();  // first, as its window may be large
  context_.reset(ZSTD_createDCtx());
  if (!context_) throw std::bad_alloc();
  [[maybe_unused]] const std::size_t result =
      ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kWindowLogMax);
  assert(!ZSTD_isError(result));
}

void ZstdReader::skip() {
  while (given_left_ > 0) {
    if (!require_input()) return;
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(given_left_, input_.available().size()));
    input_.consume(bytes);
    given_left_ -= bytes;
    compressed_bytes_.store(input_.offset(), std::memory_order_relaxed);
  }
  expect_ = Expect::kFrame;
}

void ZstdReader::begin_block() {
  part_begin_ = input_.offset();
  const std::span<const char> header = input_.peek(kZstdBlockHeaderBytes);
  if (header.size() < kZstdBlockHeaderBytes) {
    input_.consume(header.size());
    end_of_input();
    return;
  }
  const ZstdBlock block = zstd_block(header);
  is_last_block_ = block.is_last;
  given_left_ = kZstdBlockHeaderBytes + block.bytes;
  expect_ = Expect::kText;
}

// What it gives fills `out` only where there may be more of it.
std::size_t ZstdReader::read_text(std::span<char> out) {
  while (given_left_ > 0) {
    if (!require_input()) return 0;
    if (const std::size_t size = decode(out); size > 0) return size;
  }
  const std::size_t size = decode(out);
  if (size == 0) {
    expect_ = !is_last_block_ ? Expect::kBlock : frame_.has_checksum ? Expect::kChecksum : Expect::kFrame;
    part_begin_ = input_.offset();
    given_left_ = kZstdChecksumBytes;
  }
  return size;
}

void ZstdReader::read_checksum() {
  char none = 0;
  while (given_left_ > 0) {
    if (!require_input()) return;
    static_cast<void>(decode({&none, 0}));
  }
  expect_ = Expect::kFrame;
}

std::size_t ZstdReader::decode(std::span<char> out) {
  const std::span<const char> bytes = input_.available();
  ZSTD_inBuffer in{bytes.data(), static_cast<std::size_t>(std::min<std::uint64_t>(given_left_, bytes.size())), 0};
  ZSTD_outBuffer text{out.data(), out.size(), 0};
  const std::size_t result = ZSTD_decompressStream(context_.get(), &text, &in);
  if (ZSTD_isError(result) != 0) {
    throw_damaged(fmt::format("its compressed data is invalid near compressed byte {} (libzstd: {})", part_begin_,
                              ZSTD_getErrorName(result)));
  }
  input_.consume(in.pos);
  given_left_ -= in.pos;
  return text.pos;
}

bool ZstdReader::require_input() {
  if (!input_.available().empty() || input_.fill()) return true;
  end_of_input();
  return false;
}

void ZstdReader::end_of_input() {
  if (!input_.stopped()) {
    throw CorruptInputError(
        fmt::format("{} is truncated: it ends at compressed byte {}, inside the zstd frame that begins at compressed "
                    "byte {}: {}",
                    input_.name(), input_.offset(), frame_begin_, kDamageAdvice));
  }
  expect_ = Expect::kNothing;
}

void ZstdReader::throw_damaged(const std::string& what) const {
  throw CorruptInputError(fmt::format("{} is damaged in the zstd frame that begins at compressed byte {}: {}: {}",
                                      input_.name(), frame_begin_, what, kDamageAdvice));
}

}  // namespace chatload::inflate
