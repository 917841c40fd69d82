#include "inflate/index_maker.h"

#include <fmt/format.h>

#include <memory>
#include <string_view>
#include <utility>

#include "base/errors.h"
#include "inflate/block_decoder.h"
#include "inflate/buffered_input.h"
#include "inflate/gzip_format.h"
#include "inflate/gzip_reader.h"
#include "inflate/seek_index.h"
#include "inflate/seek_table.h"
#include "inflate/zstd_frame.h"
#include "source/source_identity.h"

namespace chatload::inflate {
namespace {

// Large enough that blocks end more often than it is full: a block of zlib's level 6 makes 100 to 200 KB of this text.
constexpr std::size_t kReadBytes = kMiB;

}  // namespace

IndexMaker::IndexMaker(const std::filesystem::path& path, PointSpacing spacing) : writer_(path), spacing_(spacing) {}

void IndexMaker::on_bytes(std::span<const char> bytes) {
  if (bytes.empty()) return;
  decompressed_ += bytes.size();
  std::string_view left(bytes.data(), bytes.size());
  for (std::size_t end = 0; (end = left.find('\n')) != std::string_view::npos; left.remove_prefix(end + 1)) {
    ++line_ends_;
  }
  last_byte_ = bytes.back();
}

void IndexMaker::on_block(std::uint64_t compressed, unsigned bits, const BlockDecoder* decoder,
                          const MemberPlace& place) {
  const bool is_due = writer_.points() == 0 || compressed - point_compressed_ >= spacing_.compressed_bytes ||
                      decompressed_ - point_decompressed_ >= spacing_.decompressed_bytes;
  if (!is_due || writer_.points() == kSeekPointsMax) return;
  writer_.add(compressed, bits, decompressed_, line_ends_ + 1, decoder == nullptr ? std::string() : decoder->window(),
              place);
  point_compressed_ = compressed;
  point_decompressed_ = decompressed_;
}

void IndexMaker::close(const std::string& gzip_key) { writer_.close(decompressed_, lines(), gzip_key); }

MadeIndex make_index(const source::Input& gzip, const std::filesystem::path& path,
                     const std::function<bool()>& is_stopped, PointSpacing spacing) {
  require_regular_file(gzip);
  const source::SourceIdentity identity = source::identify_source(gzip, std::nullopt);
  BufferedInput input(gzip.open(-1));
  const std::span<const char> head = input.peek(kZstdMagicBytes);
  if (head.size() >= kZstdMagicBytes && may_begin_zstd(head)) {
    throw CorruptInputError(fmt::format(
        "{} is zstd, which has no seek index; chatload decompresses its frames in parallel where there are several",
        gzip.name()));
  }
  if (!std::string_view(head.data(), head.size()).starts_with(kMagic)) {
    throw CorruptInputError(fmt::format(
        "{} is not gzip: the bytes 1f 8b are missing at compressed byte 0; only gzip has a seek index", gzip.name()));
  }
  IndexMaker maker(path, spacing);
  GzipReader reader(std::move(input), make_block_decoder(), maker);
  const auto buffer = std::make_unique_for_overwrite<char[]>(kReadBytes);
  std::uint64_t asked_at = 0;
  while (reader.read({buffer.get(), kReadBytes}) > 0) {
    if (maker.decompressed_bytes() - asked_at < kReadBytes) continue;
    asked_at = maker.decompressed_bytes();
    if (is_stopped()) throw Interrupted();
  }
  if (gzip.stamp() != identity.stamp) {
    throw SourceError(
        fmt::format("{} was written to while its index was made; run the same command again once nobody "
                    "writes to it",
                    gzip.name()));
  }
  maker.close(identity.key);
  return {.points = maker.points(),
          .index_bytes = maker.index_bytes(),
          .compressed_bytes = reader.compressed_bytes(),
          .decompressed_bytes = maker.decompressed_bytes(),
          .lines = maker.lines()};
}

}  // namespace chatload::inflate
