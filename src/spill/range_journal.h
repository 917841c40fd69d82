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
#include "spill/block_reader.h"
#include "spill/run.h"
#include "spill/run_writer.h"

namespace chatload::spill {

// A range: what its row of the ledger is made of.
struct RangeEntry {
  RangeNumber number;
  ByteOffset begin;
  std::uint64_t length_bytes;
  std::array<char, 32> digest;  // of its bytes (base/digest.h)
  std::uint64_t compressed_end;
  LineNumber first_line;
  parse::ParseCounts counts;
  bool is_recorded;  // an earlier run put it into the ledger, so it comes without its rejects
};

// One of its rejected lines.
struct RejectEntry {
  LineNumber line;
  ByteOffset offset;  // of the line's first byte in the decompressed stream
  parse::RejectReason reason;
  std::uint8_t field;    // index into Mapping::fields, or kNoField
  std::string_view raw;  // the line without its line end
};

// Written once, by one thread; then read, any number of times. The file has no name (spill_file.h). Throws
// EnvironmentError: the disk is full or damaged.
class RangeJournal {
 public:
  explicit RangeJournal(const std::filesystem::path& dir);

  // In file order: each range, then its rejects.
  void add(const RangeEntry& range);
  void add(const RejectEntry& reject);

  // Nothing more will be added.
  void finish();

  // Whole ranges that follow one another, about kGroupBytes of them. REQUIRES: finish() was called.
  [[nodiscard]] const std::vector<Run>& groups() const { return groups_; }

  [[nodiscard]] std::uint64_t ranges() const { return ranges_; }
  [[nodiscard]] std::uint64_t rejects() const { return rejects_; }

 private:
  void end_group();

  std::atomic<std::uint64_t> bytes_on_disk_ = 0;
  RunWriter writer_;
  std::string record_;
  std::size_t group_bytes_ = 0;
  std::uint64_t ranges_ = 0;
  std::uint64_t rejects_ = 0;
  std::vector<Run> groups_;
};

// One group from its first range to its last. Single-threaded; the journal must live on.
class RangeJournalReader {
 public:
  explicit RangeJournalReader(const Run& group);

  // The next range, whatever rejects of the last one are left; nothing at the end.
  [[nodiscard]] std::optional<RangeEntry> next_range();

  // The next reject of that range, which borrows until the next call; nothing behind its last.
  [[nodiscard]] std::optional<RejectEntry> next_reject();

 private:
  [[nodiscard]] bool find_record();

  BlockReader blocks_;
  std::unique_ptr<char[]> scratch_;
  std::string_view block_;  // what is left of it
};

}  // namespace chatload::spill
