// Memory, which is limits.buffer_bytes at most:
//   the buffer           what the other terms leave: an entry of 16 bytes a row and the row's record (row_codec.h)
//   the run's writer     RunWriter::bytes(): a block and its compressed form
//   the builder itself   sizeof(RunBuilder)
//
// Sorting moves entries, not rows, and looks at eight bytes of each key, taken from behind what all keys in the buffer
// have in common: ids that share a long prefix sort as fast as random ones. Then the rows are gathered in order, each
// from somewhere else in the buffer, so they are fetched into the cache a few rows ahead, and the buffer has huge pages
// where the system gives them, or each would miss the TLB too. CPU time of `chatload_bench
// --benchmark_filter=SpillBuildRuns.*/MiB:64/plain:1`, 640,000 rows (77 MB), ids random, by time and sorted:
//
//   pages of 4 KiB      183   127   140 ms
//   huge ones           148    97   108 ms
//
// and on another machine, with huge pages:
//
//   a cache line of each row ahead      132    76    84 ms
//   three                               119    75    80 ms
#include "spill/run_builder.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/errors.h"

namespace chatload::spill {
namespace {

constexpr std::size_t kRowsAhead = 8;
constexpr std::size_t kCacheLinesAhead = 3;  // what most rows take
constexpr std::size_t kCacheLineBytes = 64;
// Ranges of one load differ little in what their rows take: an eighth more than the last one is room enough.
constexpr std::size_t kRangeReserve = 8;

std::size_t common_prefix_bytes(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

// A wish: what becomes of it changes nothing but the time.
void ask_for_huge_pages(void* memory, std::size_t bytes) noexcept {
  const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  if (std::align(page_bytes, page_bytes, memory, bytes)) ::madvise(memory, bytes, MADV_HUGEPAGE);
}

std::size_t capacity_of(std::size_t buffer_bytes, std::size_t entry_bytes) {
  const std::size_t others = sizeof(RunBuilder) + RunWriter::bytes();
  return buffer_bytes > others ? (buffer_bytes - others) / entry_bytes : 0;
}

}  // namespace

RunBuilder::RunBuilder(SpillStore& store)
    : store_(store),
      writer_(store.open_file(), store.bytes_on_disk_, store.limits_.plain_bytes),
      capacity_(capacity_of(store.limits_.buffer_bytes, sizeof(SortEntry))),
      buffer_(std::make_unique_for_overwrite<SortEntry[]>(capacity_)) {
  ask_for_huge_pages(buffer_.get(), capacity_ * sizeof(SortEntry));
}

void RunBuilder::add(const parse::RowBatch& rows, RangeKey range) {
  range_bytes_ = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) add_row(rows, row, {range, rows.lines[row]});
}

void RunBuilder::make_room() {
  if (free_bytes() < range_bytes_ + range_bytes_ / kRangeReserve) write_run();
}

void RunBuilder::finish() { write_run(); }

void RunBuilder::add_row(const parse::RowBatch& rows, std::size_t row, const RowOrigin& origin) {
  const std::size_t bytes_needed = store_.codec_.bytes_max(rows, row) + sizeof(SortEntry);
  if (bytes_needed > free_bytes()) write_run();
  if (bytes_needed > free_bytes()) {
    throw EnvironmentError(fmt::format(
        "A row of {} bytes (line {} of range {} of source {}) does not fit into the {} bytes in which rows are sorted; "
        "run the same command again with more --memory: nothing is lost.",
        bytes_needed, origin.line.line_index, origin.range.number.value(), origin.range.source.value(),
        capacity_ * sizeof(SortEntry)));
  }
  char* const record = bytes() + used_bytes_;
  const std::size_t record_bytes = store_.codec_.encode(rows, row, origin, record);
  const std::string_view key = read_key(record);
  common_bytes_ =
      entries_count_ == 0 ? key.size() : common_prefix_bytes(read_key(bytes()).substr(0, common_bytes_), key);
  ++entries_count_;
  buffer_[capacity_ - entries_count_] = {0, used_bytes_};
  used_bytes_ += record_bytes;
  range_bytes_ += record_bytes + sizeof(SortEntry);
}

std::span<RunBuilder::SortEntry> RunBuilder::entries() {
  return {buffer_.get() + (capacity_ - entries_count_), entries_count_};
}

void RunBuilder::sort_entries() {
  std::reverse(entries().begin(), entries().end());  // as they came
  const char* const records = bytes();
  for (SortEntry& entry : entries()) entry.prefix = key_prefix(read_key(records + entry.record), common_bytes_);
  const auto by_key_then_origin = [records](const SortEntry& a, const SortEntry& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return is_before(read_record(records + a.record), read_record(records + b.record));
  };
  if (std::is_sorted(entries().begin(), entries().end(), by_key_then_origin)) return;
  std::sort(entries().begin(), entries().end(), by_key_then_origin);
}

void RunBuilder::write_run() {
  if (entries_count_ == 0) return;
  sort_entries();
  const std::span<const SortEntry> sorted = entries();
  for (std::size_t row = 0; row < sorted.size(); ++row) {
    if (row + kRowsAhead < sorted.size()) {
      const char* const ahead = bytes() + sorted[row + kRowsAhead].record;
      for (std::size_t line = 0; line < kCacheLinesAhead; ++line) __builtin_prefetch(ahead + line * kCacheLineBytes);
    }
    writer_.add(read_record(bytes() + sorted[row].record).bytes);
  }
  store_.add(writer_.finish());
  used_bytes_ = 0;
  entries_count_ = 0;
}

}  // namespace chatload::spill
