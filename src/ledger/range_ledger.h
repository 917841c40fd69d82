// A load's rows of chatload_ranges: which of its ranges are committed.
//
// A transaction first updates its connection's row of chatload_fences where that still has our token, then claims its
// ranges by the INSERT of their rows. So
//   - a run that takes the load over, and with it all rows of chatload_fences, waits for every transaction under way,
//     and none can begin after it: the ledger is final then;
//   - a range that is committed already, or is being committed by a session that we lost, cannot be claimed: the
//     INSERT waits for that session and then fails with 1062. A COMMIT whose reply was lost is settled in this way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/units.h"
#include "ledger/line_counts.h"
#include "mysql/session.h"
#include "split/range.h"

namespace chatload::ledger {

// The seven cells of a row from `first` on, in the order of LineCounts: as chatload_ranges and chatload_loads have
// them.
[[nodiscard]] LineCounts line_counts(const mysql::Row& row, std::size_t first);

// A row of chatload_ranges.
struct RangeRecord {
  ByteOffset begin;
  std::uint64_t length_bytes = 0;
  std::string digest;  // of its bytes (base/digest.h)
  LineNumber first_line;
  LineCounts counts;

  [[nodiscard]] bool has_bytes_of(const split::Range& range, std::string_view range_digest) const;
  // Whether they are records of the same lines.
  [[nodiscard]] bool is_of_same_lines(const RangeRecord& other) const;
};

// What the first ranges of a source come to.
struct RecordedFront {
  std::uint64_t ranges = 0;  // so many, without a gap
  ByteOffset end;            // of the last of them
  std::uint64_t lines = 0;
  std::uint64_t rejected = 0;  // of these
  std::uint64_t blank = 0;
};

// A whole row of it.
struct RangeRow {
  RangeKey key;
  std::uint64_t compressed_end;
  RangeRecord record;
  std::optional<std::string> witness = {};  // the key of a row that the table has now (witnesses.h)
};

// The bytes of a range are not those that its record was made of.
[[nodiscard]] SourceError changed_source(std::uint64_t load_id, const RangeRecord& record);

// Rows of chatload_fences: the control connection's, and the first writer's, from which the others follow.
inline constexpr std::uint32_t kControlSlot = 0;
inline constexpr std::uint32_t kFirstWriterSlot = 1;

// Immutable: which load, by whose right. What it throws beside StatementError is a DatabaseError that ends the run.
class RangeLedger {
 public:
  // owner: the token that this run put into the load's row.
  RangeLedger(std::uint64_t load_id, std::string owner);

  [[nodiscard]] std::uint64_t load_id() const { return load_id_; }

  // The first statement of every transaction that writes. slot: this connection's, below Runner::slots. Throws
  // LoadError where another run has taken the load over, or the server has lost it.
  void hold(mysql::Session& session, std::uint32_t slot) const;

  // In such a transaction, in the order of their keys, in as few statements of at most bytes_max as will do. False:
  // one of the ranges is committed already.
  [[nodiscard]] bool claim(mysql::Session& session, std::span<const RangeRow> ranges, std::size_t bytes_max) const;

  // In the same transaction, after everything else: the rows of ranges that it has claimed, as they are now.
  void record(mysql::Session& session, std::span<const RangeRow> ranges, std::size_t bytes_max) const;

  [[nodiscard]] std::optional<RangeRecord> find(mysql::Session& session, RangeKey key) const;

  // Of these, in order, those that are there.
  [[nodiscard]] std::map<RangeKey, RangeRecord> find(mysql::Session& session, std::span<const RangeKey> keys) const;

  // REQUIRES: the ledger has the source's first `ranges` ranges, which are at least one.
  [[nodiscard]] RecordedFront front(mysql::Session& session, SourceOrdinal source, std::uint64_t ranges) const;

  // The rejected lines of the source among [first, first + count), at most rejects_max, in order.
  [[nodiscard]] std::vector<LineNumber> rejected_lines(mysql::Session& session, SourceOrdinal source, LineNumber first,
                                                       std::uint64_t count, std::size_t rejects_max) const;

 private:
  [[nodiscard]] std::string where(RangeKey key) const;
  [[noreturn]] void refuse_hold(mysql::Session& session) const;
  void send_rows(mysql::Session& session, std::string_view verb, std::span<const RangeRow> ranges,
                 std::size_t bytes_max) const;

  std::uint64_t load_id_;
  std::string owner_;
};

// How many ranges of a source are committed.
[[nodiscard]] std::uint64_t count_ranges(mysql::Session& session, std::uint64_t load_id, SourceOrdinal source);

// The ranges that the server says are committed: those of earlier runs, and those whose COMMIT it has acknowledged.
// Thread-safe. A bit a range, some 100 bytes a source.
class CommittedRanges {
 public:
  // Reads those of earlier runs. REQUIRES: the load's row names us as owner, so that they are final. Throws LoadError
  // where the ledger has a number that cannot be.
  CommittedRanges(mysql::Session& session, std::uint64_t load_id);

  void add(RangeKey key);
  [[nodiscard]] bool contains(RangeKey key) const;
  [[nodiscard]] std::uint64_t count(SourceOrdinal source) const;
  // How many of its first ranges are there without a gap.
  [[nodiscard]] std::uint64_t count_front(SourceOrdinal source) const;

  // After a reconnect: throws DatabaseError if the server has lost one of them, as after a failover to a replica that
  // was behind.
  void require_all(mysql::Session& session) const;

 private:
  using BySource = std::map<SourceOrdinal, std::vector<bool>>;  // by number

  [[nodiscard]] static bool has(const BySource& ranges, RangeKey key);
  [[nodiscard]] static std::uint64_t count_of(const std::vector<bool>& ranges);

  std::uint64_t load_id_;
  mutable std::mutex mutex_;  // guards committed_
  BySource committed_;
};

}  // namespace chatload::ledger
