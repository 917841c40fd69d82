// Which rows of a batch are sent, in which order, and what may be in flight beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "parse/row_batch.h"

namespace chatload::write {

// A row's key, hashed: equal keys have equal hashes.
struct KeyHash {
  std::uint64_t hash;
  std::uint32_t row;
};

struct WriteOrder {
  // Rows to send: all of them, because what the server says to a line (it may refuse a duplicate, too) depends on no
  // other line. Where writers run in parallel: lines of one key in file order, and both parts sorted by key bytes.
  std::vector<std::uint32_t> rows;
  // Rows from here on are sent last. An earlier row of the range has the same key, or a lower range in flight has it,
  // which has to be finished first (range_scheduler.h). rows.size() where there are none.
  std::size_t late_begin = 0;
  // The keys of the rows that a lower job in flight may have too, one a row, sorted by hash: of all rows, or of those
  // at both ends of a stretch. Empty where one writer works in file order.
  std::vector<KeyHash> key_hashes;
};

// Computes WriteOrders and keeps its scratch memory. Single-threaded.
class WriteOrderer {
 public:
  // parallel: TableInfo::can_write_in_parallel(). Otherwise all rows are sent, in file order.
  WriteOrderer(std::size_t key_column, bool parallel);

  // Replaces `out` by the order of `rows`.
  void order(const parse::RowBatch& rows, WriteOrder& out);

  // The same of rows that come in this order, of which other jobs share but the first key and the last.
  void order_stretch(const parse::RowBatch& rows, WriteOrder& out) const;

 private:
  struct SortKey {
    std::uint64_t prefix;  // the key's first 8 bytes, big-endian, zero-filled: decides most comparisons
    std::uint32_t row;
  };

  std::size_t key_column_;
  bool parallel_;
  std::vector<SortKey> sort_keys_;
  std::vector<std::uint32_t> repeats_;
};

// Calls visit(element of ours) for every element of `ours` whose hash is in `theirs`; both are sorted by hash.
template <typename Visit>
void for_each_shared_hash(const std::vector<KeyHash>& ours, const std::vector<KeyHash>& theirs, Visit visit) {
  auto our = ours.begin();
  auto their = theirs.begin();
  while (our != ours.end() && their != theirs.end()) {
    if (our->hash == their->hash) visit(*our);
    // No branch on the comparison: hashes are random, so it would be mispredicted at every other step.
    const bool their_is_behind = their->hash < our->hash;
    their += their_is_behind;
    our += !their_is_behind;
  }
}

}  // namespace chatload::write
