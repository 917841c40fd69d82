// Any text, in blocks of any size, framing and level: zlib reads members back as the text, and their announced sizes
// lead from one to the next.
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "deflate/member_compressor.h"

namespace {

using chatload::deflate::Framing;
using chatload::deflate::MemberCompressor;

void require(bool holds) {
  if (!holds) std::abort();
}

std::size_t little_endian(std::string_view bytes) {
  std::size_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return value;
}

std::size_t announced_bytes(Framing framing, std::string_view gzip, std::size_t member_bytes) {
  switch (framing) {
    case Framing::kMigz: return 20 + little_endian(gzip.substr(16, 4)) + 8;
    case Framing::kBgzf: return little_endian(gzip.substr(16, 2)) + 1;
    case Framing::kPlain: return member_bytes;
    case Framing::kZstd: break;  // zstd_fuzzer.cc
  }
  return 0;
}

// Takes one member from the front of gzip, which holds that text.
void require_member(Framing framing, std::string_view& gzip, std::string_view text) {
  z_stream stream{};
  require(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK);
  std::string out(text.size() + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  require(::inflate(&stream, Z_FINISH) == Z_STREAM_END);
  require(out.substr(0, stream.total_out) == text);
  require(announced_bytes(framing, gzip, stream.total_in) == stream.total_in);
  gzip.remove_prefix(stream.total_in);
  inflateEnd(&stream);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const auto framing = static_cast<Framing>(data[0] % 3);
  const int level = 1 + data[1] % 12;
  const std::size_t block_bytes = 1 + data[2] + 256U * data[3];
  const std::string_view text(reinterpret_cast<const char*>(data) + 4, size - 4);
  MemberCompressor compressor(framing, level);
  const std::size_t step = std::min(block_bytes, MemberCompressor::block_bytes_max(framing));
  std::string gzip;
  for (std::size_t begin = 0; begin < text.size(); begin += step) compressor.append(text.substr(begin, step), gzip);
  std::string_view rest = gzip;
  for (std::size_t begin = 0; begin < text.size(); begin += step) {
    require_member(framing, rest, text.substr(begin, step));
  }
  require(rest.empty());
  return 0;
}
