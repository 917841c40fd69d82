// Rows of one transaction are sent in key order, because parallel transactions that take their row locks in one order
// cannot deadlock: unsorted batches of 10,000 rows with duplicates met 8 to 11 deadlocks a million rows, sorted ones
// none. Sorting compares 8 bytes of each key beside its row number, so that most comparisons touch no row.
//
// A row whose key an earlier row of its pack has goes last, or the lines of one key would change places. It must
// go after the wait for lower packs even where none of them has the key: the server locks the earlier row when it
// finds the later one a duplicate of it. Where it then splits the page in the same statement, InnoDB makes that a lock
// on the gap between the two pages, although the session is READ COMMITTED (storage/innobase/lock/lock0lock.cc,
// lock_rec_inherit_to_gap; performance_schema.data_locks shows an X lock on a supremum). A transaction that held one
// while it waited for a lower range locked that range out until its lock wait timed out. MySQL 9.7, 20,000 lines of
// bench/chatgen into a fresh database, two connections: 15 of 21 loads lost 2 s so
// while such rows went with the others, and 0 of 20 since.
#include "write/write_order.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "base/key_prefix.h"
#include "write/write_job.h"

namespace chatload::write {
namespace {

KeyHash hash_of(std::string_view key, std::size_t row) {
  return {std::hash<std::string_view>{}(key), static_cast<std::uint32_t>(row)};
}

bool by_hash_then_row(const KeyHash& a, const KeyHash& b) { return a.hash != b.hash ? a.hash < b.hash : a.row < b.row; }

void as_they_come(const parse::RowBatch& rows, std::vector<std::uint32_t>& order) {
  order.resize(rows.rows());
  std::iota(order.begin(), order.end(), 0U);
}

}  // namespace

// A hash collision makes a row late without need.
void WriteOrderer::order(Pack& pack) {
  pack.key_hashes.clear();
  pack.rows = 0;
  for (WriteJob* const job : pack.jobs) {
    const parse::RowBatch& rows = job->parsed.rows;
    WriteOrder& order = job->order;
    order.first_row = pack.rows;
    order.late_begin = rows.rows();
    pack.rows += rows.rows();
    sorts_ ? sort_by_key(rows, order.rows) : as_they_come(rows, order.rows);
    if (!sorts_) continue;
    for (const std::uint32_t row : order.rows) {
      pack.key_hashes.push_back(hash_of(rows.key(row), order.first_row + row));
    }
  }
  std::vector<KeyHash>& hashes = pack.key_hashes;
  std::sort(hashes.begin(), hashes.end(), by_hash_then_row);
  bool has_repeats = false;
  for (std::size_t i = 1; i < hashes.size(); ++i) {
    if (hashes[i].hash != hashes[i - 1].hash) continue;
    if (!has_repeats) is_repeat_.assign(pack.rows, false);
    is_repeat_[hashes[i].row] = has_repeats = true;
  }
  if (has_repeats) make_late(pack, is_repeat_);
}

void WriteOrderer::sort_by_key(const parse::RowBatch& rows, std::vector<std::uint32_t>& sorted) {
  const auto row_count = static_cast<std::uint32_t>(rows.rows());
  const auto key_of = [&](std::uint32_t row) { return rows.key(row); };
  sort_keys_.clear();
  sort_keys_.reserve(row_count);
  for (std::uint32_t row = 0; row < row_count; ++row) sort_keys_.push_back({key_prefix(key_of(row)), row});
  const auto by_key_then_line = [&](const SortKey& a, const SortKey& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = key_of(a.row).compare(key_of(b.row));
    return order != 0 ? order < 0 : a.row < b.row;
  };
  if (!std::is_sorted(sort_keys_.begin(), sort_keys_.end(), by_key_then_line)) {
    std::sort(sort_keys_.begin(), sort_keys_.end(), by_key_then_line);
  }
  sorted.clear();
  sorted.reserve(row_count);
  for (const SortKey& key : sort_keys_) sorted.push_back(key.row);
}

void WriteOrderer::order_stretch(Pack& pack) const {
  WriteJob& job = *pack.jobs.front();
  const parse::RowBatch& rows = job.parsed.rows;
  as_they_come(rows, job.order.rows);
  job.order.late_begin = pack.rows = rows.rows();
  pack.key_hashes.clear();
  if (!sorts_ || pack.rows == 0) return;
  const auto key_of = [&](std::size_t row) { return rows.key(row); };
  const std::string_view first = key_of(0);
  const std::string_view last = key_of(pack.rows - 1);
  std::size_t row = 0;
  for (; row < pack.rows && key_of(row) == first; ++row) pack.key_hashes.push_back(hash_of(first, row));
  for (std::size_t end = pack.rows; end > row && key_of(end - 1) == last; --end) {
    pack.key_hashes.push_back(hash_of(last, end - 1));
  }
  std::sort(pack.key_hashes.begin(), pack.key_hashes.end(), by_hash_then_row);
}

void make_late(Pack& pack, const std::vector<bool>& is_late) {
  for (WriteJob* const job : pack.jobs) {
    WriteOrder& order = job->order;
    const auto late = order.rows.begin() + static_cast<std::ptrdiff_t>(order.late_begin);
    const auto is_early = [&](std::uint32_t row) { return !is_late[order.first_row + row]; };
    const auto new_late = std::stable_partition(order.rows.begin(), late, is_early);
    order.late_begin = static_cast<std::size_t>(new_late - order.rows.begin());
  }
}

}  // namespace chatload::write
