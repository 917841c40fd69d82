// The inflaters against each other and against zlib's compressor.
//
// The first bytes choose what is done and how the rest is read:
//   byte 0, low 2 bits   0: the rest is a gzip file as it stands; 1: the rest is raw deflate data, which gets a header
//                        and, where zlib decodes it, a true trailer, so that mutation reaches behind the checksum;
//                        2 and 3: the rest is text, compressed as several members, and must come back
//   bytes 1 to 3         sizes of source reads;  bytes 4 to 6: sizes of stream reads
//
// Whole input: the same bytes from both. Damaged input: both refuse it, each in its own words (what ISA-L finds by the
// checksum, zlib may find before), and of the bytes handed out before the error one sequence begins with the other.
// One exception: zlib judges a block's Huffman codes before it uses them, ISA-L takes codes that are incomplete but
// serve, if the checksum holds.

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../unit/source/string_source.h"
#include "base/errors.h"
#include "fuzz_read.h"
#include "inflate/decoded_stream.h"

namespace chatload::inflate {
namespace {

constexpr std::size_t kMembersMax = 24;

struct Decoded {
  std::string bytes;
  std::string error;  // empty: the input is whole, or longer than kFuzzTextBytesMax
};

struct ReadSizes {
  std::vector<std::size_t> source;
  std::vector<std::size_t> stream;
};

Decoded decode(const std::string& input, Inflater inflater, const ReadSizes& sizes) {
  Decoded decoded;
  try {
    const auto stream = open_decoded(std::make_unique<source::StringSource>(input, sizes.source, "input.gz"), inflater);
    for (std::size_t reads = 0; decoded.bytes.size() < kFuzzTextBytesMax; ++reads) {
      // A fresh buffer of exactly this size, so that AddressSanitizer sees a write behind it. Reads get longer, so that
      // a long input takes hundreds of them and not hundreds of thousands.
      const std::size_t size = std::max(sizes.stream[reads % sizes.stream.size()], reads * 4);
      const auto buffer = std::make_unique<char[]>(size);
      const std::size_t got = stream->read({buffer.get(), size});
      check(got <= size, "more than asked for");
      if (got == 0) break;
      decoded.bytes.append(buffer.get(), got);
    }
  } catch (const CorruptInputError& error) {
    decoded.error = error.what();
  }
  decoded.bytes.resize(std::min(decoded.bytes.size(), kFuzzTextBytesMax));
  return decoded;
}

// True if zlib, which wants complete codes, refuses the codes of a block.
bool has_unused_codes(std::string input) {
  z_stream stream{};
  check(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK, "inflateInit2");
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  std::string text(kFuzzTextBytesMax, '\0');
  int result = Z_OK;
  while (result == Z_OK || (result == Z_STREAM_END && inflateReset(&stream) == Z_OK)) {
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    result = ::inflate(&stream, Z_NO_FLUSH);
  }
  const std::string_view message = stream.msg != nullptr ? stream.msg : "";
  const bool codes = result == Z_DATA_ERROR &&
                     (message == "invalid code lengths set" || message == "invalid literal/lengths set" ||
                      message == "invalid distances set" || message == "invalid code -- missing end-of-block" ||
                      message == "too many length or distance symbols");
  inflateEnd(&stream);
  return codes;
}

std::string little_endian(std::uint32_t value) {
  std::string bytes;
  for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

constexpr std::string_view kHeader{"\x1f\x8b\x08\0\0\0\0\0\0\xff", 10};

// The raw deflate data as one member; its trailer is true if zlib decodes it.
std::string wrapped(std::string raw) {
  std::string text(kFuzzTextBytesMax, '\0');
  z_stream stream{};
  check(inflateInit2(&stream, -MAX_WBITS) == Z_OK, "inflateInit2");
  stream.next_in = reinterpret_cast<Bytef*>(raw.data());
  stream.avail_in = static_cast<uInt>(raw.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  if (::inflate(&stream, Z_FINISH) == Z_STREAM_END) raw.resize(raw.size() - stream.avail_in);
  text.resize(text.size() - stream.avail_out);
  inflateEnd(&stream);
  const auto crc = static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size()));
  return std::string(kHeader) + raw + little_endian(crc) + little_endian(static_cast<std::uint32_t>(text.size()));
}

std::string member(std::string text, int level) {
  z_stream stream{};
  check(deflateInit2(&stream, level, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK, "deflateInit2");
  std::string compressed(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_out = static_cast<uInt>(compressed.size());
  check(::deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflate");
  compressed.resize(compressed.size() - stream.avail_out);
  deflateEnd(&stream);
  return compressed;
}

void same_from_both(const std::string& input, const ReadSizes& sizes) {
  const Decoded isal = decode(input, Inflater::kIsal, sizes);
  const Decoded zlib = decode(input, Inflater::kZlib, sizes);
  if (isal.error.empty() && zlib.error.empty()) {
    check(isal.bytes == zlib.bytes, "other bytes");
  } else {
    check(!isal.error.empty() || has_unused_codes(input), ("only zlib: " + zlib.error).c_str());
    check(!zlib.error.empty(), ("only ISA-L: " + isal.error).c_str());
    const std::size_t common = std::min(isal.bytes.size(), zlib.bytes.size());
    check(isal.bytes.compare(0, common, zlib.bytes, 0, common) == 0, "other bytes before the error");
  }
}

void comes_back(const std::string& text, std::size_t member_bytes, const ReadSizes& sizes) {
  std::string input;
  std::size_t begin = 0;
  do {
    input += member(text.substr(begin, member_bytes), static_cast<int>(begin % 10));
    begin += member_bytes;
  } while (begin <= text.size());
  for (const Inflater inflater : {Inflater::kIsal, Inflater::kZlib}) {
    const Decoded decoded = decode(input, inflater, sizes);
    check(decoded.error.empty(), decoded.error.c_str());
    check(decoded.bytes == text, "other text than was compressed");
  }
}

}  // namespace
}  // namespace chatload::inflate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chatload::inflate;
  constexpr std::size_t kControlBytes = 7;
  if (size < kControlBytes) return 0;
  const std::string rest(reinterpret_cast<const char*>(data) + kControlBytes, size - kControlBytes);
  ReadSizes sizes;
  for (std::size_t i = 1; i <= 3; ++i) sizes.source.push_back(std::size_t{1} + data[i]);
  // Steps of up to 128 KiB, more than the window that a decoder keeps of its own.
  for (std::size_t i = 4; i <= 6; ++i) sizes.stream.push_back(1 + std::size_t{data[i]} * data[i] * 2);
  switch (data[0] & 3) {
    case 0: same_from_both(rest, sizes); break;
    case 1: same_from_both(wrapped(rest), sizes); break;
    default: comes_back(rest, 1 + data[0] / 4 + rest.size() / kMembersMax, sizes); break;
  }
  return 0;
}
