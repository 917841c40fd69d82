// Rows of one transaction are sent in key order, because parallel transactions that take their row locks in one order
// cannot deadlock: unsorted batches of 10,000 rows with duplicates met 8 to 11 deadlocks a million rows, sorted ones
// none. Sorting compares 8 bytes of each key beside its row number, so that most comparisons touch no row.
//
// A row whose key an earlier row of its range has goes last. The server locks the earlier row when it finds the later
// one a duplicate of it. Where it then splits the page in the same statement, InnoDB makes that a lock on the gap
// between the two pages, although the session is READ COMMITTED (storage/innobase/lock/lock0lock.cc,
// lock_rec_inherit_to_gap; performance_schema.data_locks shows an X lock on a supremum). A transaction that held one
// while it waited for a lower range locked that range out until its lock wait timed out. MySQL 9.7, 20,000 lines of
// bench/chatgen into a fresh database, two connections: 15 of 21 loads lost 2 s so
// while such rows went with the others, and 0 of 20 since.
#include "write/write_order.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "base/key_prefix.h"

namespace chatload::write {
namespace {

KeyHash hash_of(std::string_view key, std::uint32_t row) { return {std::hash<std::string_view>{}(key), row}; }

bool by_hash(const KeyHash& a, const KeyHash& b) { return a.hash < b.hash; }

void as_they_come(const parse::RowBatch& rows, WriteOrder& out) {
  out.rows.resize(rows.rows());
  std::iota(out.rows.begin(), out.rows.end(), 0U);
  out.key_hashes.clear();
  out.late_begin = out.rows.size();
}

}  // namespace

WriteOrderer::WriteOrderer(std::size_t key_column, bool parallel) : key_column_(key_column), parallel_(parallel) {}

void WriteOrderer::order(const parse::RowBatch& rows, WriteOrder& out) {
  if (!parallel_) return as_they_come(rows, out);

  out.rows.clear();
  out.key_hashes.clear();
  const auto row_count = static_cast<std::uint32_t>(rows.rows());
  const auto key_of = [&](std::uint32_t row) { return rows.row(row)[key_column_].as_text(); };
  sort_keys_.clear();
  sort_keys_.reserve(row_count);
  out.rows.reserve(row_count);
  out.key_hashes.reserve(row_count);
  for (std::uint32_t row = 0; row < row_count; ++row) sort_keys_.push_back({key_prefix(key_of(row)), row});
  const auto by_key_then_line = [&](const SortKey& a, const SortKey& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = key_of(a.row).compare(key_of(b.row));
    return order != 0 ? order < 0 : a.row < b.row;
  };
  if (!std::is_sorted(sort_keys_.begin(), sort_keys_.end(), by_key_then_line)) {
    std::sort(sort_keys_.begin(), sort_keys_.end(), by_key_then_line);
  }

  repeats_.clear();
  for (std::size_t i = 0; i < sort_keys_.size(); ++i) {
    const bool is_repeat = i > 0 && sort_keys_[i].prefix == sort_keys_[i - 1].prefix &&
                           key_of(sort_keys_[i].row) == key_of(sort_keys_[i - 1].row);
    (is_repeat ? repeats_ : out.rows).push_back(sort_keys_[i].row);
  }
  out.late_begin = out.rows.size();
  out.rows.insert(out.rows.end(), repeats_.begin(), repeats_.end());
  for (const std::uint32_t row : out.rows) out.key_hashes.push_back(hash_of(key_of(row), row));
  std::sort(out.key_hashes.begin(), out.key_hashes.end(), by_hash);
}

void WriteOrderer::order_stretch(const parse::RowBatch& rows, WriteOrder& out) const {
  as_they_come(rows, out);
  if (!parallel_ || out.rows.empty()) return;
  const auto key_of = [&](std::uint32_t row) { return rows.row(row)[key_column_].as_text(); };
  const auto row_count = static_cast<std::uint32_t>(rows.rows());
  const std::string_view first = key_of(0);
  const std::string_view last = key_of(row_count - 1);
  std::uint32_t row = 0;
  for (; row < row_count && key_of(row) == first; ++row) out.key_hashes.push_back(hash_of(first, row));
  for (std::uint32_t end = row_count; end > row && key_of(end - 1) == last; --end) {
    out.key_hashes.push_back(hash_of(last, end - 1));
  }
  std::sort(out.key_hashes.begin(), out.key_hashes.end(), by_hash);
}

}  // namespace chatload::write
