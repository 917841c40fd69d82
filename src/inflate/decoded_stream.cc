// Which reader an input gets, from its first bytes.
//
// Magic numbers: gzip RFC 1952 §2.3.1, zstd RFC 8878 §3.1.1, xz file format §2.1.1.1, bzip2 "BZh", the level and the
// first block's (or the end's) own number, zip APPNOTE §4.3.7, compress(1), lz4 frame format, lzip, 7z. None of them
// begins a line of JSON.

#include "inflate/decoded_stream.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/errors.h"
#include "inflate/buffered_input.h"
#include "inflate/deflate_decoder.h"
#include "inflate/gzip_reader.h"
#include "inflate/plain_reader.h"

namespace chatload::inflate {
namespace {

using std::string_view_literals::operator""sv;

struct Format {
  std::string_view magic;
  std::string_view name;
  std::string_view unpack;  // a command that writes the content to standard output
};

constexpr std::array kForeignFormats = {
    Format{"\x28\xb5\x2f\xfd"sv, "zstd", "zstd -dc"}, Format{"\xfd\x37\x7a\x58\x5a\x00"sv, "xz", "xz -dc"},
    Format{"PK\x03\x04"sv, "zip", "unzip -p"},        Format{"\x1f\x9d"sv, "compress (.Z)", "gzip -dc"},
    Format{"\x04\x22\x4d\x18"sv, "lz4", "lz4 -dc"},   Format{"LZIP"sv, "lzip", "lzip -dc"},
    Format{"7z\xbc\xaf\x27\x1c"sv, "7z", "7z x -so"},
};
constexpr Format kBzip2{"BZh"sv, "bzip2", "bzip2 -dc"};
constexpr std::string_view kBzip2Block = "1AY&SY"sv;
constexpr std::string_view kBzip2End = "\x17\x72\x45\x38\x50\x90"sv;
constexpr std::size_t kMagicBytesMax = 10;

std::optional<Format> foreign_format(std::string_view head) {
  for (const Format& format : kForeignFormats) {
    if (head.starts_with(format.magic)) return format;
  }
  if (head.starts_with(kBzip2.magic) && head.size() >= kMagicBytesMax) {
    const std::string_view number = head.substr(4, 6);
    if (number == kBzip2Block || number == kBzip2End) return kBzip2;
  }
  return std::nullopt;
}

}  // namespace

std::unique_ptr<DecodedStream> open_decoded(std::unique_ptr<source::ByteSource> source, Inflater inflater) {
  BufferedInput input(std::move(source));
  const std::span<const char> begin = input.peek(kMagicBytesMax);
  const std::string_view head(begin.data(), begin.size());
  const std::string& name = input.name();

  // A stop this early leaves too little to judge; the plain reader hands it out and says that it was stopped.
  if (input.stopped()) return std::make_unique<PlainReader>(std::move(input));
  if (head.empty()) {
    throw CorruptInputError(fmt::format("{} is empty (0 bytes): check that it was written and copied whole", name));
  }
  if (head.starts_with("\x1f\x8b"sv)) {
    return std::make_unique<GzipReader>(std::move(input), make_deflate_decoder(inflater));
  }
  if (const auto format = foreign_format(head)) {
    throw CorruptInputError(
        fmt::format("{} is compressed with {}, which is not read here: unpack it into a pipe, {} FILE | chatload ... -",
                    name, format->name, format->unpack));
  }
  if (name.ends_with(".gz")) {
    throw CorruptInputError(
        fmt::format("{} is not gzip, although its name ends in .gz: the bytes 1f 8b are missing at compressed byte 0; "
                    "get an undamaged copy of it, or rename it if it is plain text",
                    name));
  }
  return std::make_unique<PlainReader>(std::move(input));
}

}  // namespace chatload::inflate
