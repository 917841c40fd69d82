// What became of ranges whose rows are sorted, until the ledger gets it: their counts and their rejected lines.
//
//   settled ranges, in file order ─► RangeJournal ─► groups ─► RangeJournalReader ─► a transaction a group
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "parse/outcome.h"
#include "parse/row_batch.h"
#include "spill/block_reader.h"
#include "spill/run.h"
#include "spill/run_writer.h"

namespace chatload::spill {

// A range: what its row of the ledger is made of.
struct RangeEntry {
  RangeKey key;
  ByteOffset begin;
  std::uint64_t length_bytes;
  std::array<char, 32> digest;  // of its bytes (base/digest.h)
  std::uint64_t compressed_end;
  LineNumber first_line;
  parse::ParseCounts counts;
  bool is_recorded;  // an earlier run put it into the ledger, so it comes without its rejects
};

// Written once, by one thread; then read, any number of times. The file has no name (spill_file.h). Throws
// EnvironmentError: the disk is full. Behind a range that it has not got whole it takes nothing more; it keeps the
// groups in front.
class RangeJournal {
 public:
  explicit RangeJournal(const std::filesystem::path& dir);

  // In the order of the sources. for_each_reject(visit) calls visit for each reject that the range's counts have; where
  // the range is recorded it is not called.
  template <typename ForEachReject>
  void add(const RangeEntry& range, ForEachReject for_each_reject) {
    if (is_broken_) return;
    is_broken_ = true;
    add_range(range);
    if (!range.is_recorded) for_each_reject([this](const parse::RawReject& reject) { add_reject(reject); });
    is_broken_ = false;
  }

  // Nothing more will be added. Throws nothing where add() has thrown.
  void finish();

  // Whole ranges that follow one another, about kGroupBytes of them. REQUIRES: finish() was called.
  [[nodiscard]] const std::vector<Run>& groups() const { return groups_; }

  // That are not recorded yet.
  [[nodiscard]] std::uint64_t new_ranges() const { return new_ranges_; }
  [[nodiscard]] std::uint64_t new_rejects() const { return new_rejects_; }

 private:
  void add_range(const RangeEntry& range);
  void add_reject(const parse::RawReject& reject);
  void add_record();
  void end_group();

  std::atomic<std::uint64_t> bytes_on_disk_ = 0;
  RunWriter writer_;
  std::string record_;
  std::size_t group_bytes_ = 0;
  std::uint64_t new_ranges_ = 0;
  std::uint64_t new_rejects_ = 0;
  bool is_broken_ = false;  // the last range is not whole
  std::vector<Run> groups_;
};

// One group from its first range to its last. Single-threaded; the journal must live on. Throws EnvironmentError: the
// disk does not give back what was written.
class RangeJournalReader {
 public:
  explicit RangeJournalReader(const Run& group);

  // The next range, whatever rejects of the last one are left; nothing at the end.
  [[nodiscard]] std::optional<RangeEntry> next_range();

  // The next reject of that range, which borrows until the next call; nothing behind its last.
  [[nodiscard]] std::optional<parse::RawReject> next_reject();

 private:
  [[nodiscard]] bool find_record();

  BlockReader blocks_;
  std::unique_ptr<char[]> scratch_;
  std::string_view block_;  // what is left of it
  SourceOrdinal source_;    // of the last range
};

}  // namespace chatload::spill
