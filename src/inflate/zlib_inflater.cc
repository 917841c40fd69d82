#include "inflate/deflate_decoder.h"

#include <zlib.h>

#include <new>

namespace chatload::inflate {
namespace {

constexpr int kRawDeflate = -MAX_WBITS;

class ZlibInflater : public DeflateDecoder {
 public:
  ZlibInflater() {
    if (inflateInit2(&stream_, kRawDeflate) != Z_OK) throw std::bad_alloc();
  }
  ZlibInflater(const ZlibInflater&) = delete;
  ZlibInflater& operator=(const ZlibInflater&) = delete;
  ~ZlibInflater() override { inflateEnd(&stream_); }

  void reset() override { inflateReset(&stream_); }

  DecodeStep decode(std::span<const char> in, std::span<char> out) override {
    static constexpr Bytef kNothing = 0;  // zlib refuses a null next_in
    stream_.next_in = in.empty() ? &kNothing : reinterpret_cast<const Bytef*>(in.data());
    stream_.avail_in = step_bytes(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = step_bytes(out.size());
    const uInt in_size = stream_.avail_in;
    const uInt out_size = stream_.avail_out;

    const int result = ::inflate(&stream_, Z_NO_FLUSH);

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
    return step;
  }

  [[nodiscard]] std::uint32_t crc32(std::uint32_t crc, std::span<const char> bytes) const override {
    return static_cast<std::uint32_t>(crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  }

 private:
  z_stream stream_{};
};

}  // namespace

std::unique_ptr<DeflateDecoder> make_zlib_inflater() { return std::make_unique<ZlibInflater>(); }

}  // namespace chatload::inflate
