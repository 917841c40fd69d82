// How fast records that are no lines are found, in bytes of text a second:
//   build/release/bench/chatload_bench --benchmark_filter=Scan
// The argument is a record's size. Scan is where values end; ScanRanges makes ranges of an array of them, and copies
// each byte into its range.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/units.h"
#include "inflate/decoded_stream.h"
#include "split/range_splitter.h"
#include "split/value_scanner.h"

namespace chatload::split {
namespace {

constexpr std::size_t kTextBytes = 64 * kMiB;

class TextStream final : public inflate::DecodedStream {
 public:
  explicit TextStream(std::string_view text) : rest_(text) {}

  [[nodiscard]] std::size_t read(std::span<char> out) override {
    const std::size_t size = rest_.copy(out.data(), out.size());
    rest_.remove_prefix(size);
    return size;
  }
  [[nodiscard]] std::uint64_t compressed_bytes() const override { return 0; }

 private:
  std::string_view rest_;
};

std::string make_record(std::size_t bytes) {
  std::string record =
      R"({"id":"6f1c1b1e-4c3f-11ee-8c99-0242ac120002","at":"2024-05-01T12:00:00.125Z","tags":["a","b"])";
  for (int number = 0; record.size() + 60 < bytes; ++number) {
    record += fmt::format(R"(,"field_{}":{{"name":"some words, more of them","n":{}}})", number, 1000 + number);
  }
  return record + R"(,"text":")" + std::string(bytes - std::min(bytes, record.size() + 11), 'x') + "\"}";
}

std::string make_array(std::size_t record_bytes) {
  const std::string record = make_record(record_bytes);
  std::string text = "[";
  while (text.size() < kTextBytes) (text += text.size() > 1 ? "," : "") += record;
  return text + "]";
}

// All are equal, and begin with the same key.
void require_records(benchmark::State& state, std::size_t found, std::string_view array) {
  std::size_t records = 0;
  for (std::size_t at = array.find("{\"id\""); at != std::string_view::npos; at = array.find("{\"id\"", at + 1))
    ++records;
  if (found != records * static_cast<std::size_t>(state.iterations())) state.SkipWithError("other records were found");
}

void Scan(benchmark::State& state) {
  const std::string text = make_array(static_cast<std::size_t>(state.range(0)));
  ValueScanner scanner;
  std::size_t records = 0;
  for (auto _ : state) {
    std::string_view left = std::string_view(text).substr(1);
    for (; left.size() > 1; ++records) left.remove_prefix(scanner.scan(left).bytes + 1);
  }
  require_records(state, records, text);
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}
BENCHMARK(Scan)->Arg(200)->Arg(2'000)->Unit(benchmark::kMillisecond);

void ScanRanges(benchmark::State& state) {
  const std::string text = make_array(static_cast<std::size_t>(state.range(0)));
  const SplitLimits limits;
  PaddedBuffer buffer(limits.buffer_bytes());
  std::size_t records = 0;
  for (auto _ : state) {
    TextStream stream(text);
    const auto splitter = make_splitter(stream, limits, {.kind = RecordForm::Kind::kElements, .array = {}}, "text");
    while (auto range = splitter->next(std::move(buffer))) {
      records += range->records->size();
      buffer = std::move(range->bytes);
    }
    buffer = PaddedBuffer(limits.buffer_bytes());
  }
  require_records(state, records, text);
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}
BENCHMARK(ScanRanges)->Arg(200)->Arg(2'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace chatload::split
