// Which rows of a transaction are sent, in which order, and what may be in flight beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "parse/row_batch.h"

namespace chatload::write {

struct Pack;

// A row's key, hashed: equal keys have equal hashes.
struct KeyHash {
  std::uint64_t hash;
  std::uint32_t row;  // counted through all jobs of a pack, from 0
};

// Of one job.
struct WriteOrder {
  // Rows to send: all of them, because what the server says to a line (it may refuse a duplicate, too) depends on no
  // other line. Where keys say which rows meet: lines of one key in file order, and both parts sorted by key bytes.
  std::vector<std::uint32_t> rows;
  // Rows from here on are sent last, when the other rows of all jobs of the pack are sent. An earlier row of the pack
  // has the same key, or a lower pack in flight has it, which has to be finished first (range_scheduler.h).
  // rows.size() where there are none.
  std::size_t late_begin = 0;
  std::size_t first_row = 0;  // what KeyHash::row counts the job's row 0 as
};

// Computes a pack's order and keeps its scratch memory. Single-threaded.
class WriteOrderer {
 public:
  // sorts: TableInfo::can_sort(). Otherwise all rows are sent in file order, and meet no others.
  explicit WriteOrderer(bool sorts) : sorts_(sorts) {}

  // Sets the order of the pack's jobs, and its key_hashes.
  void order(Pack& pack);

  // The same of a stretch: its rows come in order, and other stretches share only the first key and the last.
  void order_stretch(Pack& pack) const;

 private:
  struct SortKey {
    std::uint64_t prefix;  // the key's first 8 bytes, big-endian, zero-filled: decides most comparisons
    std::uint32_t row;
  };

  void sort_by_key(const parse::RowBatch& rows, std::vector<std::uint32_t>& sorted);

  bool sorts_;
  std::vector<SortKey> sort_keys_;
  std::vector<bool> is_repeat_;
};

// The marked rows, by KeyHash::row, are sent last: before those of their job that are late already.
void make_late(Pack& pack, const std::vector<bool>& is_late);

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
