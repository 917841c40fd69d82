// Rows as they are parsed → sorted runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/units.h"
#include "parse/row_batch.h"
#include "spill/run_writer.h"
#include "spill/spill_store.h"

namespace chatload::spill {

// Copies rows into a buffer; whenever it is full, sorts it and writes it to the store as a run. One a parser thread,
// single-threaded. Takes the store's limits.buffer_bytes, all of it from the first row on. Throws EnvironmentError:
// the disk is full, or a row is longer than the buffer (least_limits()); only the destructor may be called then.
class RunBuilder {
 public:
  explicit RunBuilder(SpillStore& store);

  // Ranges in any order, each once.
  void add(const parse::RowBatch& rows, RangeKey range);

  // Writes a run now if the next range, were it like the last one, would fill the buffer: add() seldom has to then.
  void make_room();

  // Writes what is left. Without it the rows since the last run are lost.
  void finish();

 private:
  struct SortEntry {
    std::uint64_t prefix;  // of the key behind what all keys have in common: decides most comparisons
    std::uint64_t record;  // offset in the buffer
  };

  [[nodiscard]] std::size_t free_bytes() const {
    return capacity_ * sizeof(SortEntry) - used_bytes_ - entries_count_ * sizeof(SortEntry);
  }
  void add_row(const parse::RowBatch& rows, std::size_t row, const RowOrigin& origin);
  void write_run();
  void sort_entries();
  [[nodiscard]] char* bytes() { return reinterpret_cast<char*>(buffer_.get()); }
  [[nodiscard]] std::span<SortEntry> entries();

  SpillStore& store_;
  RunWriter writer_;
  // Records from the front, entries from the back, until they meet.
  std::size_t capacity_;  // in entries
  std::unique_ptr<SortEntry[]> buffer_;
  std::size_t used_bytes_ = 0;
  std::size_t entries_count_ = 0;
  std::size_t common_bytes_ = 0;  // what all keys begin with
  std::size_t range_bytes_ = 0;   // that the last range took
};

}  // namespace chatload::spill
