// A member is (RFC 1952 §2.3; all numbers little endian, MTIME 0, so that a file depends on its text alone):
//
//   plain   1f 8b 08 00, MTIME, XFL 0, OS 3
//   migz    1f 8b 08 04, MTIME, XFL 2, OS 0, XLEN 8, "MZ", LEN 4, u32 at 16: bytes of the deflate data
//   bgzf    1f 8b 08 04, MTIME, XFL 0, OS ff, XLEN 6, "BC", LEN 2, u16 at 16: bytes of the whole member - 1
//
// then the deflate data (RFC 1951), CRC-32 and size of the text. MiGz is LinkedIn's; BGZF is §4.1 of the SAM
// specification, which also has the end mark. A BGZF member holds at most 0xff00 bytes of text, so that its size fits
// 16 bits even where nothing compresses: both libraries then store the text, at 5 bytes a 64 KiB.
//
// Level 1 is ISA-L's: twice as fast as libdeflate's, for files that are 6 % larger. From 2 on they are libdeflate's,
// which takes half of zlib's time for the same size. One core, chatgen's log:
//
//             MiGz, 1 MiB a member     BGZF
//   level     MiB/s      size          MiB/s   size
//    1 ISA-L    487      26.5 %          441   28.3 %
//    2          154      24.5 %
//    4          115      23.6 %
//    6           75      22.6 %           84   24.4 %
//    9           26      21.7 %
//   12            5      21.0 %
//
//   chatload_bench --benchmark_filter=Member
#include "deflate/member_compressor.h"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>

#include <array>
#include <cassert>
#include <cstdint>
#include <limits>
#include <new>

#include "base/units.h"

namespace chatload::deflate {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kPlainHeader = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"sv;
constexpr std::string_view kMigzHeader = "\x1f\x8b\x08\x04\x00\x00\x00\x00\x02\x00\x08\x00MZ\x04\x00"sv;
constexpr std::string_view kBgzfHeader =
    "\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x06\x00"
    "BC\x02\x00"sv;
constexpr std::string_view kBgzfEndMark =
    "\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x06\x00"
    "BC\x02\x00\x1b\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"sv;
constexpr std::size_t kTrailerBytes = 8;
constexpr std::size_t kBgzfBlockBytesMax = 0xff00;
// The size of a MiGz member's data is 32 bits wide.
constexpr std::size_t kBlockBytesMax = std::size_t{1} << 30;

void put_little_endian(std::string& out, std::size_t at, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out[at + i] = static_cast<char>(value >> (8 * i) & 0xff);
}

}  // namespace

// Text → deflate data.
class MemberCompressor::Deflater {
 public:
  Deflater() = default;
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  virtual ~Deflater() = default;

  virtual void append(std::string_view text, std::string& out) = 0;
};

class MemberCompressor::Libdeflate final : public Deflater {
 public:
  explicit Libdeflate(int level) : compressor_(libdeflate_alloc_compressor(level)) {
    if (compressor_ == nullptr) throw std::bad_alloc();
  }
  ~Libdeflate() override { libdeflate_free_compressor(compressor_); }

  void append(std::string_view text, std::string& out) override {
    const std::size_t begin = out.size();
    out.resize(begin + libdeflate_deflate_compress_bound(compressor_, text.size()));
    const std::size_t size_bytes =
        libdeflate_deflate_compress(compressor_, text.data(), text.size(), out.data() + begin, out.size() - begin);
    assert(size_bytes > 0);  // it is never more than the bound
    out.resize(begin + size_bytes);
  }

 private:
  libdeflate_compressor* const compressor_;
};

class MemberCompressor::Isal final : public Deflater {
 public:
  void append(std::string_view text, std::string& out) override {
    isal_deflate_init(&stream_);
    stream_.level = 1;
    stream_.level_buf = buffer_.data();
    stream_.level_buf_size = static_cast<std::uint32_t>(buffer_.size());
    stream_.end_of_stream = 1;
    stream_.flush = NO_FLUSH;
    stream_.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // it is not written to
    stream_.avail_in = static_cast<std::uint32_t>(text.size());
    std::size_t end = out.size();
    do {
      out.resize(end + text.size() / 2 + kSpareBytes);
      stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data() + end);
      stream_.avail_out = static_cast<std::uint32_t>(out.size() - end);
      [[maybe_unused]] const int result = isal_deflate(&stream_);
      assert(result == COMP_OK);
      end = out.size() - stream_.avail_out;
    } while (stream_.internal_state.state != ZSTATE_END);
    out.resize(end);
  }

 private:
  static constexpr std::size_t kSpareBytes = 4 * kKiB;
  static constexpr std::size_t kAlignment = 64;

  isal_zstream stream_{};  // isal_deflate_init() does not set all of it
  // What ISA-L makes of a text depends on where its buffer lies, as far as its lowest address bits.
  alignas(kAlignment) std::array<std::uint8_t, ISAL_DEF_LVL1_DEFAULT> buffer_{};
};

MemberCompressor::MemberCompressor(Framing framing, int level) : framing_(framing) {
  assert(framing != Framing::kZstd && level >= levels_of(framing).min && level <= levels_of(framing).max);
  if (level == 1) {
    deflater_ = std::make_unique<Isal>();
  } else {
    deflater_ = std::make_unique<Libdeflate>(level);
  }
}
MemberCompressor::~MemberCompressor() = default;

void MemberCompressor::append(std::string_view block, std::string& out) {
  assert(block.size() <= block_bytes_max(framing_));
  const std::size_t begin = out.size();
  switch (framing_) {
    case Framing::kMigz: out.append(kMigzHeader).append(4, '\0'); break;
    case Framing::kBgzf: out.append(kBgzfHeader).append(2, '\0'); break;
    case Framing::kPlain: out.append(kPlainHeader); break;
    case Framing::kZstd: break;  // a FrameCompressor's
  }
  const std::size_t data_begin = out.size();
  deflater_->append(block, out);
  const std::size_t data_end = out.size();
  out.append(kTrailerBytes, '\0');
  put_little_endian(out, data_end, libdeflate_crc32(0, block.data(), block.size()), 4);
  put_little_endian(out, data_end + 4, block.size(), 4);
  if (framing_ == Framing::kMigz) put_little_endian(out, data_begin - 4, data_end - data_begin, 4);
  if (framing_ == Framing::kBgzf) {
    assert(out.size() - begin - 1 <= std::numeric_limits<std::uint16_t>::max());
    put_little_endian(out, data_begin - 2, out.size() - begin - 1, 2);
  }
}

std::size_t MemberCompressor::block_bytes_max(Framing framing) {
  return framing == Framing::kBgzf ? kBgzfBlockBytesMax : kBlockBytesMax;
}

// What libdeflate 1.14 allocates (libdeflate_set_memory_allocator() tells): 0.7 MB, and 9.0 MB from level 10 on. ISA-L
// takes 0.4 MB.
std::size_t MemberCompressor::memory_bytes_max(int level) { return level < 10 ? kMiB : 9 * kMiB; }

std::string_view end_mark(Framing framing) { return framing == Framing::kBgzf ? kBgzfEndMark : std::string_view(); }

}  // namespace chatload::deflate
