// A block of text → one whole zstd frame, with its size and checksum (RFC 8878).
#pragma once

#include <zstd.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/units.h"
#include "deflate/block_compressor.h"

namespace chatload::deflate {

class FrameCompressor final : public BlockCompressor {
 public:
  // The size of a frame's text is 32 bits wide in the seek table.
  static constexpr std::size_t kBlockBytesMax = kGiB;

  explicit FrameCompressor(int level);

  void append(std::string_view block, std::string& out) override;

  [[nodiscard]] static std::size_t memory_bytes_max(int level);

 private:
  struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
};

}  // namespace chatload::deflate
