#include <zlib.h>

#include <algorithm>
#include <new>
#include <string>

#include "inflate/block_decoder.h"
#include "inflate/crc32.h"
#include "inflate/deflate_decoder.h"

namespace chatload::inflate {
namespace {

constexpr int kRawDeflate = -MAX_WBITS;

// What zlib says in data_type after a step.
constexpr int kUnusedBits = 0x07;
constexpr int kInFinalBlock = 0x40;
constexpr int kBetweenBlocks = 0x80;

class ZlibInflater : public BlockDecoder {
 public:
  // flush: Z_BLOCK to stop where a block ends, or Z_NO_FLUSH.
  explicit ZlibInflater(int flush) : flush_(flush) {
    if (inflateInit2(&stream_, kRawDeflate) != Z_OK) throw std::bad_alloc();
  }
  ZlibInflater(const ZlibInflater&) = delete;
  ZlibInflater& operator=(const ZlibInflater&) = delete;
  ~ZlibInflater() override { inflateEnd(&stream_); }

  void reset() override { inflateReset(&stream_); }

  void reset(const BlockBegin& begin) override {
    inflateReset(&stream_);
    if (begin.bits > 0) inflatePrime(&stream_, static_cast<int>(begin.bits), begin.byte_before >> (8 - begin.bits));
    if (begin.window.empty()) return;
    const std::span<const char> window = begin.window.last(std::min(begin.window.size(), kWindowBytes));
    inflateSetDictionary(&stream_, reinterpret_cast<const Bytef*>(window.data()), static_cast<uInt>(window.size()));
  }

  DecodeStep decode(std::span<const char> in, std::span<char> out) override {
    static constexpr Bytef kNothing = 0;  // zlib refuses a null next_in
    stream_.next_in = in.empty() ? &kNothing : reinterpret_cast<const Bytef*>(in.data());
    stream_.avail_in = step_bytes(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = step_bytes(out.size());
    const uInt in_size = stream_.avail_in;
    const uInt out_size = stream_.avail_out;

    int result = ::inflate(&stream_, flush_);
    // Behind the final block, too, it stops before it says that this was the end.
    if (result == Z_OK && has_stopped_at_block() && is_in_final_block()) result = ::inflate(&stream_, flush_);

    DecodeStep step;
    step.consumed = in_size - stream_.avail_in;
    step.produced = out_size - stream_.avail_out;
    switch (result) {
      case Z_OK:
      case Z_BUF_ERROR: break;  // no progress without more input: not a fault
      case Z_STREAM_END: step.status = DecodeStatus::kEnd; break;
      case Z_MEM_ERROR: throw std::bad_alloc();
      default: step.status = DecodeStatus::kInvalid; break;
    }
    if (result == Z_OK && has_stopped_at_block()) {
      step.status = DecodeStatus::kBlock;
      step.bits = static_cast<unsigned>(stream_.data_type & kUnusedBits);
    }
    return step;
  }

  [[nodiscard]] std::string window() const override {
    std::string window(kWindowBytes, '\0');
    uInt size = 0;
    // zlib does not write to the stream.
    inflateGetDictionary(const_cast<z_stream*>(&stream_), reinterpret_cast<Bytef*>(window.data()), &size);
    window.resize(size);
    return window;
  }

  DecodeStep decode_whole(std::span<const char> in, std::span<char> out) override {
    reset();
    const DecodeStep step = decode(in, out);
    return step.status == DecodeStatus::kEnd ? step : DecodeStep{.status = DecodeStatus::kInvalid};
  }

  [[nodiscard]] std::uint32_t crc32(std::uint32_t crc, std::span<const char> bytes) const override {
    return extend_crc(crc, {bytes.data(), bytes.size()});
  }

 private:
  [[nodiscard]] bool has_stopped_at_block() const {
    return flush_ == Z_BLOCK && (stream_.data_type & kBetweenBlocks) != 0;
  }
  [[nodiscard]] bool is_in_final_block() const { return (stream_.data_type & kInFinalBlock) != 0; }

  const int flush_;
  z_stream stream_{};
};

}  // namespace

std::unique_ptr<DeflateDecoder> make_zlib_inflater() { return std::make_unique<ZlibInflater>(Z_NO_FLUSH); }

std::unique_ptr<BlockDecoder> make_block_decoder() { return std::make_unique<ZlibInflater>(Z_BLOCK); }

}  // namespace chatload::inflate
