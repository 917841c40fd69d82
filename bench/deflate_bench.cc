// How fast text becomes gzip or zstd, checksums included, in bytes of text a second; "ratio" is the gzip's share of the
// text.
//
//   chatload_bench --benchmark_filter=Member   one core; arguments: framing (0 migz, 1 bgzf), level, KiB a block
//   chatload_bench --benchmark_filter=Frame    the same of zstd; arguments: level, KiB a block
//   chatload_bench --benchmark_filter=Gzip     a whole file; arguments: framing, level, threads
//
// What was made is inflated again, by libdeflate or libzstd, before anything is timed.
#include <benchmark/benchmark.h>
#include <libdeflate.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/placed_file.h"
#include "base/units.h"
#include "chat_log.h"
#include "deflate/compressed_writer.h"
#include "deflate/frame_compressor.h"
#include "deflate/member_compressor.h"

namespace chatload::deflate {
namespace {

constexpr std::size_t kTextBytes = 16 * kMiB;

const std::string& text() {
  static const std::string made = [] {
    const bench::ChatLog log({});
    std::string lines;
    for (std::uint64_t line = 0; lines.size() < kTextBytes; ++line) log.append_line(line, lines);
    return lines;
  }();
  return made;
}

bool inflates_to_the_text(std::string_view gzip) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  std::string_view rest = text();
  std::string member(4 * kMiB, '\0');
  while (!gzip.empty()) {
    std::size_t read = 0;
    std::size_t size = 0;
    if (libdeflate_gzip_decompress_ex(decompressor.get(), gzip.data(), gzip.size(), member.data(), member.size(), &read,
                                      &size) != LIBDEFLATE_SUCCESS) {
      return false;
    }
    if (rest.substr(0, size) != std::string_view(member.data(), size)) return false;
    rest.remove_prefix(size);
    gzip.remove_prefix(read);
  }
  return rest.empty();
}

void compress(BlockCompressor& compressor, std::size_t block_bytes, std::string& out) {
  out.clear();
  for (std::size_t begin = 0; begin < text().size(); begin += block_bytes) {
    compressor.append(std::string_view(text()).substr(begin, block_bytes), out);
  }
}

// Times the compressor, whose blocks are in `out` already.
void compress_again_and_again(benchmark::State& state, BlockCompressor& compressor, std::size_t block_bytes,
                              std::string& out) {
  for (auto _ : state) {
    compress(compressor, block_bytes, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(text().size()) * state.iterations());
  state.counters["ratio"] = static_cast<double>(out.size()) / static_cast<double>(text().size());
}

void BM_Member(benchmark::State& state) {
  const auto framing = static_cast<Framing>(state.range(0));
  MemberCompressor compressor(framing, static_cast<int>(state.range(1)));
  const std::size_t block_bytes =
      std::min(static_cast<std::size_t>(state.range(2)) * kKiB, MemberCompressor::block_bytes_max(framing));
  std::string out;
  compress(compressor, block_bytes, out);
  if (!inflates_to_the_text(out)) {
    state.SkipWithError("the members are not the text");
    return;
  }
  compress_again_and_again(state, compressor, block_bytes, out);
}

void BM_Frame(benchmark::State& state) {
  FrameCompressor compressor(static_cast<int>(state.range(0)));
  const std::size_t block_bytes = static_cast<std::size_t>(state.range(1)) * kKiB;
  std::string out;
  compress(compressor, block_bytes, out);
  std::string back(text().size(), '\0');
  if (ZSTD_decompress(back.data(), back.size(), out.data(), out.size()) != text().size() || back != text()) {
    state.SkipWithError("the frames are not the text");
    return;
  }
  compress_again_and_again(state, compressor, block_bytes, out);
}

void BM_Gzip(benchmark::State& state) {
  const CompressionOptions options{.framing = static_cast<Framing>(state.range(0)),
                                   .level = static_cast<int>(state.range(1)),
                                   .threads = static_cast<unsigned>(state.range(2))};
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    PlacedFile file("The text cannot be written to", "/dev/null", Placing::kWhenWhole);
    CompressedWriter writer(file, options);
    for (std::size_t begin = 0; begin < text().size(); begin += 4 * kMiB) {
      writer.write(std::string_view(text()).substr(begin, 4 * kMiB));
    }
    writer.end();
    bytes = writer.bytes_compressed();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(text().size()) * state.iterations());
  state.counters["ratio"] = static_cast<double>(bytes) / static_cast<double>(text().size());
}

constexpr int kMigz = static_cast<int>(Framing::kMigz);
constexpr int kBgzf = static_cast<int>(Framing::kBgzf);

BENCHMARK(BM_Member)
    ->ArgsProduct({{kMigz}, {1, 2, 4, 6, 9, 12}, {1024}})
    ->ArgsProduct({{kMigz}, {1, 6}, {256, 512, 2048, 4096}})
    ->ArgsProduct({{kBgzf}, {1, 6}, {64}})
    ->Unit(benchmark::kMillisecond);

BENCHMARK(BM_Frame)->ArgsProduct({{1, 3, 6, 9}, {1024}})->ArgsProduct({{3}, {4096}})->Unit(benchmark::kMillisecond);

// Wall time, as the caller's thread only waits.
BENCHMARK(BM_Gzip)->ArgsProduct({{kMigz, kBgzf}, {1, 6}, {0, 1, 2}})->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace chatload::deflate
