// How fast a gzipped log is inflated, checksums included, in bytes of text a second:
//   build/dev/bench/chatload_bench --benchmark_filter=Inflate
//
// The first argument is the inflater, the second the size of the stream's reads, as a splitter would make them.

#include <benchmark/benchmark.h>
#include <zlib.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/units.h"
#include "inflate/decoded_stream.h"

namespace chatload::inflate {
namespace {

constexpr std::size_t kTextBytes = 64 * kMiB;

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

std::string compress(std::string text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string compressed(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_out = static_cast<uInt>(compressed.size());
  deflate(&stream, Z_FINISH);
  compressed.resize(compressed.size() - stream.avail_out);
  deflateEnd(&stream);
  return compressed;
}

struct Sample {
  std::string text = make_text();
  std::string compressed = compress(text);
};

const Sample& sample() {
  static const Sample made;
  return made;
}

bool gives_the_text(Inflater inflater, std::span<char> buffer) {
  const auto stream = open_decoded(std::make_unique<ViewSource>(sample().compressed), inflater);
  std::string_view rest = sample().text;
  while (const std::size_t size = stream->read(buffer)) {
    if (rest.substr(0, size) != std::string_view(buffer.data(), size)) return false;
    rest.remove_prefix(size);
  }
  return rest.empty();
}

void BM_Inflate(benchmark::State& state) {
  const auto inflater = static_cast<Inflater>(state.range(0));
  std::string buffer(static_cast<std::size_t>(state.range(1)), '\0');
  if (!gives_the_text(inflater, buffer)) {
    state.SkipWithError("the inflated bytes are not the text");
    return;
  }
  for (auto _ : state) {
    const auto stream = open_decoded(std::make_unique<ViewSource>(sample().compressed), inflater);
    while (stream->read(buffer) > 0) benchmark::DoNotOptimize(buffer.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(sample().text.size()) * state.iterations());
  state.SetLabel(inflater == Inflater::kIsal ? "ISA-L" : "zlib");
}

BENCHMARK(BM_Inflate)
    ->ArgsProduct({{static_cast<int>(Inflater::kIsal), static_cast<int>(Inflater::kZlib)}, {64 * kKiB, kMiB, 5 * kMiB}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace chatload::inflate
