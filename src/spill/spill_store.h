// All sorted runs of a load: the files in one directory, and what is in them.
//
//   parsed rows ─► RunBuilder (one a parser thread) ─► SpillStore ─► MergeCursor ─► rows in key order
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "base/stop_signal.h"
#include "base/units.h"
#include "parse/row_batch.h"
#include "spill/row_codec.h"
#include "spill/run.h"
#include "spill/spill_limits.h"

namespace chatload::spill {

// Two phases: first any number of threads add runs, through a RunBuilder each; when the last has finished, one thread
// calls merge_down() and reads through a MergeCursor, once: rows that were read are gone. bytes_on_disk() and rows()
// may be asked at any time by any thread. Outlives its builders and cursors.
class SpillStore {
 public:
  // The files have no names: nothing of them is left when the process ends, however it ends. Rows are in
  // the order of their keys' bytes, which they have. Throws EnvironmentError: cannot write there.
  SpillStore(std::filesystem::path dir, const parse::RowLayout& layout, SpillLimits limits);
  SpillStore(const SpillStore&) = delete;
  SpillStore& operator=(const SpillStore&) = delete;

  // As stored, those of runs that are being written included.
  [[nodiscard]] std::uint64_t bytes_on_disk() const { return bytes_on_disk_; }
  // Of finished runs.
  [[nodiscard]] std::uint64_t rows() const { return rows_; }

  // Merges runs into longer ones until a cursor over all of them fits limits.merge_bytes. Takes little more disk space
  // than there is taken, or that of its runs twice where the file system frees no part of a file (block_reader.cc).
  // rows_merged grows by about rows_to_merge(). Throws Interrupted, and EnvironmentError: the disk is full, or rows are
  // too long for the limits (least_limits()); the store is of no more use then.
  void merge_down(const StopSignal& stop, std::atomic<std::uint64_t>& rows_merged);

  // Rows that merge_down() will read, in all its passes together.
  [[nodiscard]] std::uint64_t rows_to_merge() const;

  // Memory that a MergeCursor opened now takes.
  [[nodiscard]] std::size_t cursor_bytes() const;

 private:
  friend class RunBuilder;
  friend class MergeCursor;

  [[nodiscard]] std::shared_ptr<SpillFile> open_file() const { return std::make_shared<SpillFile>(dir_); }
  void add(Run run);
  [[nodiscard]] std::vector<const Run*> runs() const;
  [[nodiscard]] std::size_t count_to_merge(std::vector<Run>& runs) const;
  void merge_first(std::size_t count, const StopSignal& stop, std::atomic<std::uint64_t>& rows_merged);

  const std::filesystem::path dir_;
  const RowCodec codec_;
  const SpillLimits limits_;
  std::atomic<std::uint64_t> bytes_on_disk_ = 0;
  std::atomic<std::uint64_t> rows_ = 0;
  std::mutex mutex_;  // guards runs_ in the first phase
  std::vector<Run> runs_;
};

}  // namespace chatload::spill
