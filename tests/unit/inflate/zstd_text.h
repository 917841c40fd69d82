// Zstd frames made by libzstd, for tests.
#pragma once

#include <zstd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "unit/inflate/gzip_text.h"

namespace chatload::inflate {

struct ZstdForm {
  int level = 3;
  bool has_checksum = true;
  bool has_text_size = true;
  int window_log = 0;  // 0: what the level takes. Without a text size it is in the header.
};

// text as one frame.
inline std::string zstd_frame_of(std::string_view text, ZstdForm form = {}) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, form.level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, form.has_checksum ? 1 : 0);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, form.window_log);
  if (form.has_text_size) ZSTD_CCtx_setPledgedSrcSize(context.get(), text.size());
  std::string frame(ZSTD_compressBound(text.size()) + 64, '\0');
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer out{frame.data(), frame.size(), 0};
  const std::size_t given = ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_continue);
  if (ZSTD_isError(given) != 0 || ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_end) != 0) {
    throw std::runtime_error("zstd did not finish");
  }
  frame.resize(out.pos);
  return frame;
}

inline std::string skippable_frame(std::string_view content, char kind = '\0') {
  return std::string(1, static_cast<char>('\x50' + kind)) + "\x2a\x4d\x18" +
         little_endian(static_cast<std::uint32_t>(content.size())) + std::string(content);
}

// text as frames of so many bytes of it.
inline std::string zstd_frames(std::string_view text, std::size_t frame_bytes, ZstdForm form = {}) {
  std::string frames;
  for (; !text.empty(); text.remove_prefix(std::min(frame_bytes, text.size()))) {
    frames += zstd_frame_of(text.substr(0, frame_bytes), form);
  }
  return frames;
}

// As pzstd makes them.
inline std::string announced_frames(std::string_view text, std::size_t frame_bytes) {
  std::string frames;
  for (; !text.empty(); text.remove_prefix(std::min(frame_bytes, text.size()))) {
    const std::string frame = zstd_frame_of(text.substr(0, frame_bytes), {.has_text_size = false});
    frames += skippable_frame(little_endian(static_cast<std::uint32_t>(frame.size()))) + frame;
  }
  return frames;
}

}  // namespace chatload::inflate
