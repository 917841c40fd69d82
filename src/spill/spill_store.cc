// Merging down. A cursor over n runs takes n blocks (RunMerger::bytes()), which must fit merge_bytes. Where they do
// not, the shortest runs are merged into one, no more of them than it takes and as fit into memory at once; and again.
// The shortest, because what a merge costs is their bytes, written and read once more.
#include "spill/spill_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/errors.h"
#include "spill/block.h"
#include "spill/run_merger.h"
#include "spill/run_writer.h"

namespace chatload::spill {
namespace {

std::vector<const Run*> pointers_to(const std::vector<Run>& runs) {
  std::vector<const Run*> pointers;
  pointers.reserve(runs.size());
  for (const Run& run : runs) pointers.push_back(&run);
  return pointers;
}

void replace_first(std::vector<Run>& runs, std::size_t count, Run by) {
  runs.erase(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(count));
  runs.push_back(std::move(by));
}

}  // namespace

SpillLimits least_limits(std::size_t row_bytes_max, std::size_t columns) {
  Run longest;
  longest.block_bytes_max = std::max(kBlockBytes, RowCodec::bytes_max(row_bytes_max, columns));
  const std::size_t buffer_bytes = 2 * RunWriter::bytes() + longest.block_bytes_max;
  const std::vector<const Run*> two(2, &longest);
  const std::size_t merge_bytes = RunMerger::bytes(two) + RunWriter::bytes();
  return {buffer_bytes + buffer_bytes / 32, merge_bytes + merge_bytes / 8};
}

SpillStore::SpillStore(std::filesystem::path dir, const parse::RowLayout& layout, SpillLimits limits)
    : dir_(std::move(dir)), codec_(layout), limits_(limits) {
  (void)open_file();  // to learn now that it cannot be
}

void SpillStore::add(Run run) {
  const std::scoped_lock lock(mutex_);
  rows_ += run.rows;
  runs_.push_back(std::move(run));
}

std::vector<const Run*> SpillStore::runs() const { return pointers_to(runs_); }

std::size_t SpillStore::cursor_bytes() const { return RunMerger::bytes(runs()); }

void SpillStore::merge_down(const StopSignal& stop, std::atomic<std::uint64_t>& rows_merged) {
  while (const std::size_t count = count_to_merge(runs_)) merge_first(count, stop, rows_merged);
}

// The same with what a merge leaves of its runs alone: their bytes, compressed as they are, and rows.
std::uint64_t SpillStore::rows_to_merge() const {
  std::uint64_t rows = 0;
  std::vector<Run> runs = runs_;
  while (const std::size_t count = count_to_merge(runs)) {
    Run merged;
    for (const Run& run : std::span(runs).first(count)) {
      merged.end += run.bytes_on_disk();
      merged.rows += run.rows;
      merged.block_bytes_max = std::max(merged.block_bytes_max, run.block_bytes_max);
    }
    rows += merged.rows;
    replace_first(runs, count, std::move(merged));
  }
  return rows;
}

// Sorts the runs by size and says how many of the first are to be merged next; 0: a cursor over all of them fits.
std::size_t SpillStore::count_to_merge(std::vector<Run>& runs) const {
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.bytes_on_disk() < b.bytes_on_disk(); });
  const std::vector<const Run*> all = pointers_to(runs);
  const std::size_t cursor_bytes = RunMerger::bytes(all);
  if (cursor_bytes <= limits_.merge_bytes) return 0;

  // Of the first `count` runs remains one, whose blocks are as long as the longest of theirs.
  std::size_t count = 0;
  std::size_t remaining_bytes = cursor_bytes;
  std::size_t longest_bytes = 0;
  const std::size_t merger_bytes_max = limits_.merge_bytes - std::min(limits_.merge_bytes, RunWriter::bytes());
  while (count < all.size() && remaining_bytes + longest_bytes > limits_.merge_bytes &&
         RunMerger::bytes(std::span(all).first(count + 1)) <= merger_bytes_max) {
    longest_bytes = std::max(longest_bytes, RunReader::bytes(*all[count]));
    remaining_bytes -= RunReader::bytes(*all[count]);
    ++count;
  }
  if (count >= 2) return count;
  throw EnvironmentError(
      fmt::format("Rows of up to {} bytes are too long to be merged in {} bytes of memory; run the same command again "
                  "with more --memory: nothing is lost.",
                  longest_bytes, limits_.merge_bytes));
}

void SpillStore::merge_first(std::size_t count, const StopSignal& stop, std::atomic<std::uint64_t>& rows_merged) {
  const std::vector<const Run*> all = runs();
  const std::span<const Run* const> first(all.data(), count);
  RunWriter writer(open_file(), bytes_on_disk_, limits_.plain_bytes);
  for (RunMerger merger(first); const Record* record = merger.record(); merger.advance()) {
    if (stop.requested()) throw Interrupted();
    writer.add(record->bytes);
    ++rows_merged;
  }
  Run merged = writer.finish();
  for (const Run* run : first) bytes_on_disk_ -= run->bytes_on_disk();
  replace_first(runs_, count, std::move(merged));
}

}  // namespace chatload::spill
