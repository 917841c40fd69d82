#include "inflate/zlib_inflater.h"

#include <zlib.h>

#include <new>

#include "inflate/step_bytes.h"

namespace chatload::inflate {
namespace {

constexpr int kRawDeflate = -MAX_WBITS;

}  // namespace

ZlibInflater::ZlibInflater() : stream_(std::make_unique<z_stream_s>()) {
  if (inflateInit2(stream_.get(), kRawDeflate) != Z_OK) throw std::bad_alloc();
}

ZlibInflater::~ZlibInflater() { inflateEnd(stream_.get()); }

void ZlibInflater::reset() { inflateReset(stream_.get()); }

DecodeStep ZlibInflater::decode(std::span<const char> in, std::span<char> out) {
  static constexpr Bytef kNothing = 0;  // zlib refuses a null next_in
  stream_->next_in = in.empty() ? &kNothing : reinterpret_cast<const Bytef*>(in.data());
  stream_->avail_in = step_bytes(in.size());
  stream_->next_out = reinterpret_cast<Bytef*>(out.data());
  stream_->avail_out = step_bytes(out.size());
  const uInt in_size = stream_->avail_in;
  const uInt out_size = stream_->avail_out;

  const int result = ::inflate(stream_.get(), Z_NO_FLUSH);

  DecodeStep step;
  step.consumed = in_size - stream_->avail_in;
  step.produced = out_size - stream_->avail_out;
  switch (result) {
    case Z_OK:
    case Z_BUF_ERROR: break;  // no progress without more input: not a fault
    case Z_STREAM_END: step.status = DecodeStatus::kEnd; break;
    case Z_MEM_ERROR: throw std::bad_alloc();
    default: step.status = DecodeStatus::kInvalid; break;
  }
  return step;
}

std::uint32_t ZlibInflater::crc32(std::uint32_t crc, std::span<const char> bytes) const {
  return static_cast<std::uint32_t>(crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace chatload::inflate
