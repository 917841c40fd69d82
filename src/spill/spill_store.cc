// Merging down. A cursor over n runs takes n blocks (RunMerger::bytes()), and cursors_max of them must fit merge_bytes.
// Where they do not, the shortest runs are merged into one, no more of them than it takes and as fit into memory at
// once; and again. The shortest, because what a merge costs is their bytes, written and read once more.
#include "spill/spill_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <span>
#include <utility>

#include "base/errors.h"
#include "spill/block.h"
#include "spill/run_merger.h"
#include "spill/run_writer.h"

namespace chatload::spill {
namespace {

std::size_t index_bytes_max(std::size_t merge_bytes) { return merge_bytes / 16; }

}  // namespace

SpillLimits least_limits(std::size_t row_bytes_max, std::size_t columns, unsigned cursors_max) {
  Run longest;
  longest.block_bytes_max = std::max(kBlockBytes, RowCodec::bytes_max(row_bytes_max, columns));
  const std::size_t buffer_bytes = 2 * RunWriter::bytes(0) + longest.block_bytes_max;
  const std::vector<const Run*> two(2, &longest);
  const std::size_t merge_bytes = RunMerger::bytes(two) + RunWriter::bytes(0);
  return {buffer_bytes + buffer_bytes / 32,
          std::max(merge_bytes + merge_bytes / 8, cursors_max * RunMerger::bytes(std::span(two).first(1))),
          cursors_max};
}

SpillStore::SpillStore(std::filesystem::path dir, const parse::Mapping& mapping, SpillLimits limits)
    : dir_(std::move(dir)), codec_(mapping), limits_(limits) {
  (void)open_file();  // to learn now that it cannot be
}

void SpillStore::add(Run run) {
  const std::scoped_lock lock(mutex_);
  rows_ += run.rows;
  runs_.push_back(std::move(run));
  thin_index();
}

void SpillStore::thin_index() {
  for (;;) {
    std::size_t bytes = runs_.capacity() * sizeof(Run);
    std::size_t entries = 0;
    for (const Run& run : runs_) {
      bytes += run.index.bytes();
      entries += run.index.size();
    }
    if (bytes <= kIndexBytesMax || entries == 0) return;
    for (Run& run : runs_) {
      run.index.thin();
      run.index.shrink();
    }
  }
}

std::vector<const Run*> SpillStore::runs() const {
  std::vector<const Run*> runs;
  runs.reserve(runs_.size());
  for (const Run& run : runs_) runs.push_back(&run);
  return runs;
}

std::size_t SpillStore::cursor_bytes() const { return RunMerger::bytes(runs()); }

void SpillStore::merge_down() {
  const std::size_t cursor_bytes_max = limits_.merge_bytes / std::max(limits_.cursors_max, 1U);
  for (;;) {
    std::sort(runs_.begin(), runs_.end(),
              [](const Run& a, const Run& b) { return a.bytes_on_disk() < b.bytes_on_disk(); });
    const std::vector<const Run*> all = runs();
    const std::size_t cursor_bytes = RunMerger::bytes(all);
    if (cursor_bytes <= cursor_bytes_max) return;

    // Of the first `count` runs remains one, whose blocks are as long as the longest of theirs.
    std::size_t count = 0;
    std::size_t remaining_bytes = cursor_bytes;
    std::size_t longest_bytes = 0;
    const std::size_t merger_bytes_max =
        limits_.merge_bytes - std::min(limits_.merge_bytes, RunWriter::bytes(index_bytes_max(limits_.merge_bytes)));
    while (count < all.size() && remaining_bytes + longest_bytes > cursor_bytes_max &&
           RunMerger::bytes(std::span(all).first(count + 1)) <= merger_bytes_max) {
      longest_bytes = std::max(longest_bytes, RunReader::bytes(*all[count]));
      remaining_bytes -= RunReader::bytes(*all[count]);
      ++count;
    }
    if (count < 2) {
      throw EnvironmentError(fmt::format(
          "Rows of up to {} bytes are too long to be merged by {} writers in {} bytes of memory; run the same command "
          "again with more --memory or fewer --connections: nothing is lost.",
          longest_bytes, limits_.cursors_max, limits_.merge_bytes));
    }
    merge_first(count);
  }
}

void SpillStore::merge_first(std::size_t count) {
  const std::vector<const Run*> all = runs();
  const std::span<const Run* const> first(all.data(), count);
  RunWriter writer(open_file(), index_bytes_max(limits_.merge_bytes), bytes_on_disk_);
  for (RunMerger merger(first, {}); const Record* record = merger.record(); merger.advance()) {
    writer.add(record->bytes);
  }
  Run merged = writer.finish();
  for (std::size_t index = 0; index < count; ++index) {
    Run& run = runs_[index];
    run.file->release(run.begin, run.bytes_on_disk());
    bytes_on_disk_ -= run.bytes_on_disk();
  }
  runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(count));
  runs_.push_back(std::move(merged));
  thin_index();
}

std::vector<std::string> SpillStore::bounds(std::uint64_t rows_per_stretch) const {
  // The place of each run's index that is next in the order of all their keys.
  struct Place {
    const RunIndex* index;
    std::size_t entry;
    std::uint64_t rows_before;  // of the entry before
  };
  const auto is_behind = [](const Place& a, const Place& b) {
    return (*a.index)[a.entry].key > (*b.index)[b.entry].key;
  };
  std::priority_queue<Place, std::vector<Place>, decltype(is_behind)> places(is_behind);
  for (const Run& run : runs_) {
    if (run.index.size() > 0) places.push({&run.index, 0, 0});
  }

  std::vector<std::string> bounds;
  std::uint64_t rows = 0;  // since the last bound
  while (!places.empty()) {
    Place place = places.top();
    places.pop();
    const RunIndex::Entry entry = (*place.index)[place.entry];
    rows += entry.rows_before - place.rows_before;
    if (rows >= rows_per_stretch && (bounds.empty() || bounds.back() < entry.key)) {
      bounds.emplace_back(entry.key);
      rows = 0;
    }
    place.rows_before = entry.rows_before;
    if (++place.entry < place.index->size()) places.push(place);
  }
  return bounds;
}

}  // namespace chatload::spill
