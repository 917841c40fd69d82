#include "deflate/frame_compressor.h"

#include <gtest/gtest.h>

#include <string>

#include "inflate/zstd_frame.h"
#include "unit/inflate/gzip_text.h"

namespace chatload::deflate {
namespace {

std::string frame_of(std::string_view text, int level) {
  std::string out;
  FrameCompressor(level).append(text, out);
  return out;
}

TEST(FrameCompressor, EveryLevelIsReadBack) {
  const std::string text = inflate::sample_lines(3'000);
  for (int level = levels_of(Framing::kZstd).min; level <= levels_of(Framing::kZstd).max; ++level) {
    const inflate::ReadResult read = inflate::read_string(frame_of(text, level), inflate::Inflater::kIsal);
    EXPECT_EQ(read.error, "") << level;
    EXPECT_TRUE(read.bytes == text) << level;
  }
}

TEST(FrameCompressor, AFrameHasItsSizeAndAChecksum) {
  for (const std::size_t bytes : {0U, 1U, 1'000'000U}) {
    const auto frame = inflate::zstd_frame(frame_of(std::string(bytes, 'x'), 3));
    ASSERT_TRUE(frame) << bytes;
    EXPECT_TRUE(frame->has_checksum);
    EXPECT_EQ(frame->text_bytes, bytes);
  }
}

TEST(FrameCompressor, MemoryIsWhatThePlanCounts) {
  const std::string text = inflate::sample_lines(9'000).substr(0, kMiB);
  for (int level = 1; level <= 19; level += level < 7 ? 1 : 4) {
    ZSTD_CCtx* const context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    std::string out(ZSTD_compressBound(text.size()), '\0');
    EXPECT_FALSE(ZSTD_isError(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size())));
    EXPECT_LE(ZSTD_sizeof_CCtx(context), FrameCompressor::memory_bytes_max(level)) << level;
    ZSTD_freeCCtx(context);
  }
}

}  // namespace
}  // namespace chatload::deflate
