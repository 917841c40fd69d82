// One core, chatgen's log, a frame each 1 MiB of text; larger frames gain little:
//
//   level   MiB/s    size      memory
//    1        391    22.9 %     1 MiB
//    3        256    21.8 %     2 MiB      21.5 % with 4 MiB
//    6         88    20.2 %     4 MiB
//    9         57    19.6 %    13 MiB
//   19          3    17.4 %    18 MiB
//
//   chatload_bench --benchmark_filter=Frame; for level 19, zstd -b19 -B1MB FILE
#include "deflate/frame_compressor.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <new>
#include <stdexcept>
#include <utility>

namespace chatload::deflate {
namespace {

// From which level on a context takes so much (ZSTD_sizeof_CCtx), for blocks of 1 MiB.
constexpr std::array kMemory = {std::pair{13, 18 * kMiB}, std::pair{9, 13 * kMiB}, std::pair{7, 7 * kMiB},
                                std::pair{4, 4 * kMiB}, std::pair{3, 2 * kMiB}};

std::size_t require_success(std::size_t result) {
  if (ZSTD_isError(result) != 0) throw std::runtime_error(ZSTD_getErrorName(result));
  return result;
}

}  // namespace

FrameCompressor::FrameCompressor(int level) : context_(ZSTD_createCCtx()) {
  if (!context_) throw std::bad_alloc();
  require_success(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level));
  require_success(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1));
}

void FrameCompressor::append(std::string_view block, std::string& out) {
  assert(block.size() <= kBlockBytesMax);
  const std::size_t begin = out.size();
  out.resize(begin + ZSTD_compressBound(block.size()));
  const std::size_t size_bytes = require_success(
      ZSTD_compress2(context_.get(), out.data() + begin, out.size() - begin, block.data(), block.size()));
  out.resize(begin + size_bytes);
}

std::size_t FrameCompressor::memory_bytes_max(int level) {
  const auto* const memory =
      std::find_if(kMemory.begin(), kMemory.end(), [&](const auto& some) { return level >= some.first; });
  return memory == kMemory.end() ? kMiB : memory->second;
}

}  // namespace chatload::deflate
