// Format, little-endian (RFC 1952 §2.3):
//   1f 8b | method (8) | flags | mtime, 4 bytes | extra flags | OS
//   FEXTRA:   length, 2 bytes | that many bytes
//   FNAME:    bytes up to and with a 0
//   FCOMMENT: bytes up to and with a 0
//   FHCRC:    low 16 bits of the CRC-32 of every header byte before it

#include "inflate/gzip_header.h"

#include <optional>

#include "inflate/gzip_format.h"

namespace chatload::inflate {
namespace {

// The header's bytes one by one, with their checksum.
class HeaderBytes {
 public:
  HeaderBytes(BufferedInput& input, const DeflateDecoder& decoder) : input_(input), decoder_(decoder) {}

  [[nodiscard]] std::optional<std::uint8_t> next() {
    const std::optional<std::uint8_t> byte = input_.next();
    if (byte) {
      const char as_char = static_cast<char>(*byte);
      crc_ = decoder_.crc32(crc_, {&as_char, 1});
    }
    return byte;
  }

  [[nodiscard]] std::optional<std::uint16_t> next_two() {
    const auto low = next();
    const auto high = low ? next() : std::nullopt;
    if (!high) return std::nullopt;
    return static_cast<std::uint16_t>(*low | *high << 8);
  }

  [[nodiscard]] bool skip(std::size_t bytes) {
    for (; bytes > 0; --bytes) {
      if (!next()) return false;
    }
    return true;
  }

  [[nodiscard]] bool skip_text() {
    for (;;) {
      const auto byte = next();
      if (!byte) return false;
      if (*byte == 0) return true;
    }
  }

  [[nodiscard]] std::uint32_t crc() const { return crc_; }

 private:
  BufferedInput& input_;
  const DeflateDecoder& decoder_;
  std::uint32_t crc_ = 0;
};

}  // namespace

HeaderVerdict read_gzip_header(BufferedInput& input, const DeflateDecoder& decoder) {
  HeaderBytes bytes(input, decoder);

  for (const int magic : {0x1f, 0x8b}) {
    const auto byte = bytes.next();
    if (!byte) return HeaderVerdict::kInputEnds;
    if (*byte != magic) return HeaderVerdict::kWrongMagic;
  }
  const auto method = bytes.next();
  if (!method) return HeaderVerdict::kInputEnds;
  if (*method != 8) return HeaderVerdict::kUnknownMethod;
  const auto flags = bytes.next();
  if (!flags) return HeaderVerdict::kInputEnds;
  if ((*flags & kFlagsReserved) != 0) return HeaderVerdict::kReservedFlags;
  if (!bytes.skip(6)) return HeaderVerdict::kInputEnds;

  if ((*flags & kFlagExtra) != 0) {
    const auto length = bytes.next_two();
    if (!length || !bytes.skip(*length)) return HeaderVerdict::kInputEnds;
  }
  if ((*flags & kFlagName) != 0 && !bytes.skip_text()) return HeaderVerdict::kInputEnds;
  if ((*flags & kFlagComment) != 0 && !bytes.skip_text()) return HeaderVerdict::kInputEnds;
  if ((*flags & kFlagHeaderCrc) != 0) {
    const std::uint32_t computed = bytes.crc() & 0xffff;
    const auto stored = bytes.next_two();
    if (!stored) return HeaderVerdict::kInputEnds;
    if (*stored != computed) return HeaderVerdict::kWrongChecksum;
  }
  return HeaderVerdict::kGood;
}

}  // namespace chatload::inflate
