// Sorting on disk, both halves of it on one core: rows into runs (copied, sorted, compressed, written), and 64 runs
// back into one order. MB/s are of the rows' values: their texts, and
// eight bytes an integer. Every row must come back, in order, before anything is timed.
//
//   chatload_bench --benchmark_filter=Spill --benchmark_repetitions=5
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/units.h"
#include "mapping/mapping_file.h"
#include "parse/row_batch.h"
#include "spill/merge_cursor.h"
#include "spill/run_builder.h"
#include "spill/spill_store.h"

namespace chatload::spill {
namespace {

enum Ids : std::int64_t {
  kRandom,  // UUIDv4
  kByTime,  // UUIDv1: the fields that change fastest come first
  kSorted,  // as they come; with a long prefix in common
};

constexpr std::size_t kBatches = 32;
constexpr std::size_t kRowsPerBatch = 20'000;  // a range of 4 MiB
constexpr std::size_t kRows = kBatches * kRowsPerBatch;
constexpr std::size_t kRunsMerged = 64;  // about

std::string id_of(Ids ids, std::uint64_t number, std::mt19937_64& random) {
  switch (ids) {
    case kByTime: return fmt::format("{:08x}-b0a5-11e6-{:04x}-9c2a70d4e1f3", (number * 7919) & 0xffffffff, number % 64);
    case kSorted: return fmt::format("site-0042/conversation/message/{:012}", number);
    case kRandom: break;
  }
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", random() & 0xffffffff, random() & 0xffff, random() & 0xfff,
                     0x8000 | (random() & 0x3fff), random() & 0xffffffffffff);
}

// Words as people write them, so that they compress as badly.
std::string message(std::mt19937_64& random) {
  static const std::vector<std::string> words = [] {
    std::mt19937_64 letters(7);
    std::vector<std::string> made(2000);
    for (std::string& word : made) {
      for (std::size_t letter = 2 + letters() % 8; letter > 0; --letter)
        word += static_cast<char>('a' + letters() % 26);
    }
    return made;
  }();
  std::string text;
  for (std::size_t word = 1 + random() % 16; word > 0; --word) (text += words[random() % words.size()]) += ' ';
  return text;
}

struct Batches {
  std::vector<parse::RowBatch> batches{kBatches};
  std::int64_t bytes = 0;
};

Batches make_batches(Ids ids) {
  std::mt19937_64 random(42);
  Batches made;
  std::uint64_t number = 0;
  for (parse::RowBatch& batch : made.batches) {
    batch.layout = parse::layout_of(mapping::chat_mapping());
    for (std::uint32_t row = 0; row < kRowsPerBatch; ++row) {
      for (const std::string& text : {id_of(ids, number++, random), fmt::format("visitor{}", random() % 100'000),
                                      std::string("message"), fmt::format("{}", random() % 100), message(random)}) {
        batch.cells.push_back(parse::Cell::text(batch.unescaped.store(text)));
        made.bytes += static_cast<std::int64_t>(text.size());
      }
      batch.cells.push_back(parse::Cell::time((1'479'816'000 + static_cast<std::int64_t>(number / 50)) * 1'000'000));
      made.bytes += 8;
      batch.lines.push_back({row, row * 190, 180});
    }
  }
  return made;
}

// Those that were asked for last are kept: to make them takes longer than to sort them.
const Batches& batches_of(Ids ids) {
  static Batches made;
  static std::optional<Ids> made_of;
  if (made_of != ids) {
    made = {};  // not both at once
    made = make_batches(ids);
    made_of = ids;
  }
  return made;
}

void build(SpillStore& store, const Batches& batches) {
  RunBuilder builder(store);
  for (std::size_t batch = 0; batch < kBatches; ++batch) {
    builder.add(batches.batches[batch], {SourceOrdinal(1), RangeNumber(batch)});
  }
  builder.finish();
}

// How many rows the store gives; none if they are not in order.
std::size_t read_rows(const SpillStore& store, bool checked) {
  MergeCursor cursor(store);
  parse::RowBatch rows;
  std::vector<RowOrigin> origins;
  std::size_t count = 0;
  std::string last;
  while (cursor.next(rows, origins, 4 * kMiB)) {
    count += rows.rows();
    for (std::size_t row = 0; checked && row < rows.rows(); ++row) {
      const std::string_view key = rows.row(row)[0].as_text();
      if (key < last) return 0;
      last = key;
    }
  }
  return count;
}

std::unique_ptr<SpillStore> make_store(std::size_t buffer_bytes, bool is_plain) {
  return std::make_unique<SpillStore>(std::filesystem::temp_directory_path(), parse::layout_of(mapping::chat_mapping()),
                                      SpillLimits{buffer_bytes, 64 * kMiB, is_plain ? UINT64_MAX : 0});
}

void BM_SpillBuildRuns(benchmark::State& state) {
  const Batches& batches = batches_of(static_cast<Ids>(state.range(2)));
  double bytes_on_disk = 0;
  for (auto _ : state) {
    const auto store = make_store(static_cast<std::size_t>(state.range(0)) * kMiB, state.range(1) != 0);
    build(*store, batches);
    bytes_on_disk = static_cast<double>(store->bytes_on_disk());
    state.PauseTiming();
    if (read_rows(*store, true) != kRows) state.SkipWithError("other rows, or out of order");
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * batches.bytes);
  state.counters["ratio"] = static_cast<double>(batches.bytes) / bytes_on_disk;
}

void BM_SpillMerge(benchmark::State& state) {
  const Batches& batches = batches_of(static_cast<Ids>(state.range(1)));
  const auto built_store = [&] {
    auto store = make_store(static_cast<std::size_t>(batches.bytes) * 7 / 5 / kRunsMerged, state.range(0) != 0);
    build(*store, batches);
    return store;
  };
  auto store = built_store();
  if (read_rows(*store, true) != kRows) {
    state.SkipWithError("other rows, or out of order");
    return;
  }
  for (auto _ : state) {
    state.PauseTiming();
    store = built_store();
    state.ResumeTiming();
    benchmark::DoNotOptimize(read_rows(*store, false));
  }
  state.SetBytesProcessed(state.iterations() * batches.bytes);
  state.counters["cursor_KiB"] = static_cast<double>(store->cursor_bytes()) / static_cast<double>(kKiB);
}

// The ids change last, as their rows are kept.
BENCHMARK(BM_SpillBuildRuns)
    ->ArgsProduct({{16, 64}, {0, 1}, {kRandom, kByTime, kSorted}})
    ->ArgNames({"MiB", "plain", "ids"})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_SpillMerge)
    ->ArgsProduct({{0, 1}, {kRandom, kByTime, kSorted}})
    ->ArgNames({"plain", "ids"})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace chatload::spill
