// How fast a compressed log is inflated, checksums included, in bytes of text a second:
//   build/dev/bench/chatload_bench --benchmark_filter=Inflate
//
// The first argument is the inflater, the second the size of the stream's reads, as a splitter would make them; of
// InflateMembers and InflateFrames, the framing and the number of threads; of InflateIndexed, that number.

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/units.h"
#include "inflate/decoded_stream.h"
#include "inflate/index_maker.h"
#include "inflate/index_sum.h"
#include "inflate/indexed_gzip.h"
#include "inflate/seek_index.h"
#include "source/held_file.h"

namespace chatload::inflate {
namespace {

constexpr std::size_t kTextBytes = 256 * kMiB;
// As a check has them (pipeline/memory_plan.cc).
constexpr std::size_t kAheadBytesPerThread = 12 * kMiB;

// Hands out borrowed bytes.
class ViewSource : public source::ByteSource {
 public:
  explicit ViewSource(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] std::size_t read(std::span<char> out) override {
    const std::size_t size = rest_.copy(out.data(), out.size());
    rest_.remove_prefix(size);
    return size;
  }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return std::nullopt; }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  std::string_view rest_;
  std::string name_ = "bench.json.gz";
};

// Chat lines: UUIDs, a few words of a small vocabulary, growing timestamps.
std::string make_text() {
  static constexpr std::string_view kWords[] = {"hello",   "there",    "order",  "refund", "please",   "thanks",
                                                "where",   "parcel",   "moment", "check",  "account",  "password",
                                                "invoice", "tomorrow", "number", "sure",   "delivery", "address"};
  std::string text;
  text.reserve(kTextBytes + kKiB);
  std::uint64_t state = 1;
  const auto random = [&state](std::uint64_t below) {
    state = state * 6364136223846793005 + 1442695040888963407;
    return (state >> 33) % below;
  };
  const auto append_hex = [&](int digits) {
    for (int i = 0; i < digits; ++i) text += "0123456789abcdef"[random(16)];
  };
  for (std::uint64_t time = 1479816000; text.size() < kTextBytes; time += random(3)) {
    text += R"({"id":")";
    append_hex(8);
    text += "-b0a7-11e6-80f5-";
    append_hex(12);
    text += R"(","type":"message","from":"visitor)" + std::to_string(random(100'000)) + R"(","site_id":")" +
            std::to_string(random(50)) + R"(","timestamp":)" + std::to_string(time) + R"(,"data":{"message":")";
    for (std::uint64_t words = 2 + random(14); words > 0; --words) {
      text += kWords[random(std::size(kWords))];
      text += ' ';
    }
    text += "\"}}\n";
  }
  return text;
}

std::string deflated(std::string_view text, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string compressed(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_out = static_cast<uInt>(compressed.size());
  ::deflate(&stream, Z_FINISH);
  compressed.resize(compressed.size() - stream.avail_out);
  deflateEnd(&stream);
  return compressed;
}

std::string little_endian(std::uint64_t value, unsigned bytes) {
  std::string text;
  for (unsigned i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

// Members as bgzip makes them, or MiGz.
std::string announced_members(std::string_view text, bool is_bgzf) {
  const std::size_t member_bytes = is_bgzf ? 65280 : 512 * kKiB;
  std::string members;
  for (; !text.empty(); text.remove_prefix(std::min(member_bytes, text.size()))) {
    const std::string_view part = text.substr(0, member_bytes);
    const std::string data = deflated(part, -MAX_WBITS);
    members += std::string("\x1f\x8b\x08\x04\0\0\0\0\0\xff", 10);
    members += is_bgzf ? std::string("\6\0BC\2\0", 6) + little_endian(data.size() + 25, 2)
                       : std::string("\x8\0MZ\4\0", 6) + little_endian(data.size(), 4);
    members += data;
    members += little_endian(crc32_z(0, reinterpret_cast<const Bytef*>(part.data()), part.size()), 4);
    members += little_endian(part.size(), 4);
  }
  return members;
}

// As `zstd` makes them, of a file whose size it knows.
std::string zstd_frames(std::string_view text, std::size_t frame_bytes) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string frames;
  for (; !text.empty(); text.remove_prefix(std::min(frame_bytes, text.size()))) {
    const std::string_view part = text.substr(0, frame_bytes);
    const std::size_t begin = frames.size();
    frames.resize(begin + ZSTD_compressBound(part.size()));
    frames.resize(begin +
                  ZSTD_compress2(context, frames.data() + begin, frames.size() - begin, part.data(), part.size()));
  }
  ZSTD_freeCCtx(context);
  return frames;
}

enum class Framing { kOneMember, kBgzf, kMigz };
enum class Frames { kOne, k1MiB, k4MiB };

struct Sample {
  std::string text = make_text();
  std::string one_member = deflated(text, 16 + MAX_WBITS);
  std::string bgzf = announced_members(text, true);
  std::string migz = announced_members(text, false);
  std::string one_frame = zstd_frames(text, text.size());
  std::string frames_1_mib = zstd_frames(text, kMiB);
  std::string frames_4_mib = zstd_frames(text, 4 * kMiB);

  [[nodiscard]] const std::string& framed(Frames frames) const {
    switch (frames) {
      case Frames::kOne: return one_frame;
      case Frames::k1MiB: return frames_1_mib;
      case Frames::k4MiB: return frames_4_mib;
    }
    return one_frame;
  }

  [[nodiscard]] const std::string& framed(Framing framing) const {
    switch (framing) {
      case Framing::kOneMember: return one_member;
      case Framing::kBgzf: return bgzf;
      case Framing::kMigz: return migz;
    }
    return one_member;
  }
};

const Sample& sample() {
  static const Sample made;
  return made;
}

bool gives_the_text(DecodedStream& stream, std::span<char> buffer) {
  std::string_view rest = sample().text;
  while (const std::size_t size = stream.read(buffer)) {
    if (rest.substr(0, size) != std::string_view(buffer.data(), size)) return false;
    rest.remove_prefix(size);
  }
  return rest.empty();
}

// open: () → the stream of the text.
template <typename Open>
void inflate_again_and_again(benchmark::State& state, std::size_t read_size, Open open) {
  std::string buffer(read_size, '\0');
  if (!gives_the_text(*open(), buffer)) {
    state.SkipWithError("the inflated bytes are not the text");
    return;
  }
  for (auto _ : state) {
    const auto stream = open();
    while (stream->read(buffer) > 0) benchmark::DoNotOptimize(buffer.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(sample().text.size()) * state.iterations());
}

void BM_Inflate(benchmark::State& state) {
  const auto inflater = static_cast<Inflater>(state.range(0));
  inflate_again_and_again(state, static_cast<std::size_t>(state.range(1)),
                          [&] { return open_decoded(std::make_unique<ViewSource>(sample().one_member), inflater); });
  state.SetLabel(inflater == Inflater::kIsal ? "ISA-L" : "zlib");
}

// The log as one member in a file, and its index, until this is gone.
struct SampleFile {
  SampleFile() { std::ofstream(path, std::ios::binary) << sample().one_member; }
  SampleFile(const SampleFile&) = delete;
  SampleFile& operator=(const SampleFile&) = delete;
  ~SampleFile() {
    for (const std::filesystem::path& one : {path, index, sum_path(index)}) std::filesystem::remove(one);
  }

  [[nodiscard]] std::shared_ptr<const source::HeldFile> hold() const {
    return std::make_shared<const source::HeldFile>(path.string());
  }
  [[nodiscard]] MadeIndex make_index(PointSpacing spacing) const {
    const auto never = [] { return false; };
    return inflate::make_index(*hold(), index, never, spacing);
  }

  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("chatload_bench.{}.json.gz", getpid());
  const std::filesystem::path index = index_path(path.string(), std::nullopt);
};

// How fast the seek index of that log is made, and its share of the gzip, with a point each so many MiB of gzip:
//   build/dev/bench/chatload_bench --benchmark_filter=Index
void BM_Index(benchmark::State& state) {
  const SampleFile file;
  const PointSpacing spacing{.compressed_bytes = static_cast<std::uint64_t>(state.range(0)) * kMiB,
                             .decompressed_bytes = kTextBytes};
  MadeIndex made;
  for (auto _ : state) made = file.make_index(spacing);
  if (made.decompressed_bytes != sample().text.size() || made.points < 2) state.SkipWithError("the index is wrong");
  state.SetBytesProcessed(static_cast<std::int64_t>(sample().text.size()) * state.iterations());
  state.counters["share_percent"] =
      100.0 * static_cast<double>(made.index_bytes) / static_cast<double>(made.compressed_bytes);
}

BENCHMARK(BM_Index)->Arg(1)->Arg(2)->Arg(4)->Unit(benchmark::kMillisecond);

BENCHMARK(BM_Inflate)
    ->ArgsProduct({{static_cast<int>(Inflater::kIsal), static_cast<int>(Inflater::kZlib)}, {64 * kKiB, kMiB, 5 * kMiB}})
    ->Unit(benchmark::kMillisecond);

void BM_InflateMembers(benchmark::State& state) {
  const auto framing = static_cast<Framing>(state.range(0));
  const auto threads = static_cast<unsigned>(state.range(1));
  inflate_again_and_again(state, 4 * kMiB, [&] {
    return open_decoded(std::make_unique<ViewSource>(sample().framed(framing)), Inflater::kIsal,
                        {threads, threads * kAheadBytesPerThread});
  });
  state.SetLabel(framing == Framing::kBgzf ? "BGZF" : "MiGz");
}

// Zstd: one frame, and frames as the seekable format has them.
void BM_InflateFrames(benchmark::State& state) {
  const auto frames = static_cast<Frames>(state.range(0));
  const auto threads = static_cast<unsigned>(state.range(1));
  inflate_again_and_again(state, 4 * kMiB, [&] {
    return open_decoded(std::make_unique<ViewSource>(sample().framed(frames)), Inflater::kIsal,
                        {threads, threads * kAheadBytesPerThread});
  });
  state.SetLabel(frames == Frames::kOne ? "one frame" : frames == Frames::k1MiB ? "1 MiB" : "4 MiB");
}

// One member, from the points of its seek index.
void BM_InflateIndexed(benchmark::State& state) {
  const auto threads = static_cast<unsigned>(state.range(0));
  const SampleFile file;
  static_cast<void>(file.make_index({}));
  const auto gzip = IndexedGzip::find(file.hold(), file.index);
  inflate_again_and_again(state, 4 * kMiB, [&] {
    return open_indexed(gzip, file.hold()->open(-1), 0, 0, Inflater::kIsal, {threads, threads * kAheadBytesPerThread});
  });
}

BENCHMARK(BM_InflateIndexed)
    ->Arg(1)
    ->Arg(2)
    ->Arg(4)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

BENCHMARK(BM_InflateFrames)
    ->ArgsProduct({{static_cast<int>(Frames::kOne)}, {1, 2}})
    ->ArgsProduct({{static_cast<int>(Frames::k1MiB), static_cast<int>(Frames::k4MiB)}, {1, 2, 4}})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

BENCHMARK(BM_InflateMembers)
    ->ArgsProduct({{static_cast<int>(Framing::kBgzf), static_cast<int>(Framing::kMigz)}, {1, 2, 4}})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

}  // namespace
}  // namespace chatload::inflate
