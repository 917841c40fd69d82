// What the library does between the lines:
//  - It loads up to 64 bits ahead (read_in, read_in_length) and gives none of them back at the end of a raw stream, so
//    up to 8 bytes behind it, perhaps taken in an earlier step, belong to whatever follows: DecodeStep::unread.
//  - It decodes about 32 KiB of each step into a buffer of its own, which holds the window, and copies them out. Large
//    outputs make that share small. The stream is over when that buffer is empty too (ISAL_BLOCK_FINISH), not yet when
//    the final block is read (ISAL_BLOCK_INPUT_DONE).
//  - The stateless function has neither that buffer nor bytes that are taken too much.
//  - It returns ISAL_DECOMP_OK both when it wants input and when it wants room.
//  - It has no call that gives it bits in front of the input, as zlib's inflatePrime() does. A stream that begins in a
//    byte is what it has loaded ahead: read_in, from the lowest bit on.

#include "inflate/deflate_decoder.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>

namespace chatload::inflate {
namespace {

// The library takes its input as non-const, and does not write to it.
std::uint8_t* as_input(std::span<const char> bytes) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
}

class IsalInflater : public DeflateDecoder {
 public:
  IsalInflater() {
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_DEFLATE;
  }

  void reset() override { isal_inflate_reset(&state_); }

  void reset(const BlockBegin& begin) override {
    isal_inflate_reset(&state_);
    const std::span<const char> window = begin.window.last(std::min(begin.window.size(), kWindowBytes));
    isal_inflate_set_dict(&state_, as_input(window), static_cast<std::uint32_t>(window.size()));
    state_.read_in = std::uint64_t{begin.byte_before} >> (8 - begin.bits);
    state_.read_in_length = static_cast<std::int32_t>(begin.bits);
  }

  DecodeStep decode(std::span<const char> in, std::span<char> out) override {
    DecodeStep step = call(isal_inflate, in, out);
    if (step.status == DecodeStatus::kMore && state_.block_state == ISAL_BLOCK_FINISH) {
      step.status = DecodeStatus::kEnd;
    }
    if (step.status != DecodeStatus::kMore) {
      step.unread = static_cast<std::size_t>(std::max(0, state_.read_in_length / 8));
    }
    return step;
  }

  DecodeStep decode_whole(std::span<const char> in, std::span<char> out) override {
    isal_inflate_reset(&state_);
    DecodeStep step = call(isal_inflate_stateless, in, out);
    if (step.status == DecodeStatus::kInvalid) return {.status = DecodeStatus::kInvalid};
    step.status = DecodeStatus::kEnd;
    return step;
  }

  [[nodiscard]] std::uint32_t crc32(std::uint32_t crc, std::span<const char> bytes) const override {
    return crc32_gzip_refl(crc, as_input(bytes), bytes.size());
  }

 private:
  // kMore where the library finds no fault.
  DecodeStep call(int (*inflate)(inflate_state*), std::span<const char> in, std::span<char> out) {
    state_.next_in = as_input(in);
    state_.avail_in = step_bytes(in.size());
    state_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    state_.avail_out = step_bytes(out.size());
    const std::uint32_t in_size = state_.avail_in;
    const std::uint32_t out_size = state_.avail_out;
    const int result = inflate(&state_);
    return {.status = result == ISAL_DECOMP_OK ? DecodeStatus::kMore : DecodeStatus::kInvalid,
            .consumed = in_size - state_.avail_in,
            .produced = out_size - state_.avail_out};
  }

  inflate_state state_{};
};

}  // namespace

std::optional<std::size_t> inflate_zlib(std::span<const char> in, std::span<char> out) {
  const auto state = std::make_unique_for_overwrite<inflate_state>();
  isal_inflate_init(state.get());
  state->crc_flag = ISAL_ZLIB;
  state->next_in = as_input(in);
  state->avail_in = step_bytes(in.size());
  state->next_out = reinterpret_cast<std::uint8_t*>(out.data());
  state->avail_out = step_bytes(out.size());
  if (isal_inflate_stateless(state.get()) != ISAL_DECOMP_OK) return std::nullopt;
  return out.size() - state->avail_out;
}

std::unique_ptr<DeflateDecoder> make_isal_inflater() { return std::make_unique<IsalInflater>(); }

}  // namespace chatload::inflate
