// Rows for the spill's tests, and the order that they are to come back in.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/units.h"
#include "parse/row_batch.h"
#include "spill/merge_cursor.h"
#include "spill/row_origin.h"
#include "spill/run_builder.h"
#include "spill/spill_store.h"

namespace chatload::spill {

struct SpillRow {
  std::string key;
  RangeKey range;
  parse::LineSpan line{};
  std::string text;
  std::int64_t time = 0;

  friend bool operator==(const SpillRow& a, const SpillRow& b) {
    return std::tie(a.key, a.range, a.text, a.time, a.line.line_index, a.line.begin_bytes, a.line.size_bytes) ==
           std::tie(b.key, b.range, b.text, b.time, b.line.line_index, b.line.begin_bytes, b.line.size_bytes);
  }
};

// The key neither first nor last, a time between the texts.
inline parse::RowLayout spill_layout() { return {.columns = 3, .key_cell = 2}; }

// In the order of their source: `rows_per_range` lines a range.
class SpillRows {
 public:
  explicit SpillRows(std::uint64_t rows_per_range = 1000, SourceOrdinal source = SourceOrdinal(1))
      : rows_per_range_(rows_per_range), source_(source) {}

  void add(std::string key, std::string text = {}, std::int64_t time = 0) {
    const auto line_index = static_cast<std::uint32_t>(rows.size() % rows_per_range_);
    const auto size_bytes = static_cast<std::uint32_t>(key.size() + text.size() + 60);  // as JSON
    rows.push_back(
        {std::move(key),
         {source_, RangeNumber(rows.size() / rows_per_range_)},
         {.line_index = line_index, .size_bytes = size_bytes, .begin_bytes = line_index * std::uint64_t{30'000'000}},
         std::move(text),
         time});
  }

  // By the standard library alone. std::string compares chars as unsigned bytes.
  [[nodiscard]] std::vector<SpillRow> sorted() const {
    std::vector<SpillRow> sorted = rows;
    std::stable_sort(sorted.begin(), sorted.end(), [](const SpillRow& a, const SpillRow& b) { return a.key < b.key; });
    return sorted;
  }

  [[nodiscard]] std::uint64_t ranges() const { return (rows.size() + rows_per_range_ - 1) / rows_per_range_; }

  // Hands the range's rows to the builder as a parser would; what they borrow from is gone afterwards.
  void add_range(std::uint64_t range, RunBuilder& builder) const {
    const std::size_t begin = range * rows_per_range_;
    const std::size_t end = std::min<std::size_t>(rows.size(), begin + rows_per_range_);
    std::deque<SpillRow> copies(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                                rows.begin() + static_cast<std::ptrdiff_t>(end));
    parse::RowBatch batch;
    batch.layout = spill_layout();
    for (const SpillRow& row : copies) {
      batch.cells.push_back(parse::Cell::text(row.text));
      batch.cells.push_back(parse::Cell::time(row.time));
      batch.cells.push_back(parse::Cell::text(row.key));
      batch.lines.push_back(row.line);
    }
    builder.add(batch, {source_, RangeNumber(range)});
  }

  void add_all(RunBuilder& builder) const {
    for (std::uint64_t range = 0; range < ranges(); ++range) add_range(range, builder);
    builder.finish();
  }

  std::vector<SpillRow> rows;

 private:
  std::uint64_t rows_per_range_;
  SourceOrdinal source_;
};

// Some time that a column of SQL holds, of whole seconds or not.
inline std::int64_t time_of(std::uint64_t random) {
  constexpr std::int64_t kSecondsMax = 253'402'300'800;
  const auto seconds = static_cast<std::int64_t>(random / 2 % static_cast<std::uint64_t>(kSecondsMax));
  return (seconds - kSecondsMax / 10) * 1'000'000 + static_cast<std::int64_t>(random % 2);
}

// Ids as they come: random, repeated (one in four), some that others begin with, some with long prefixes in common,
// NULs and bytes above 0x7f in them; texts of any length, some empty, a few longer than a block.
inline SpillRows random_rows(std::size_t count, std::uint64_t seed = 1, std::uint64_t rows_per_range = 1000) {
  std::mt19937_64 random(seed);
  SpillRows rows(rows_per_range);
  const auto bytes = [&](std::size_t size) {
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random());
    return text;
  };
  const std::string long_prefix(1000, 'p');
  for (std::size_t row = 0; row < count; ++row) {
    std::string key;
    if (!rows.rows.empty() && random() % 4 == 0) {
      key = rows.rows[random() % rows.rows.size()].key;
      if (random() % 3 == 0 && key.size() < 900) key += bytes(random() % 3);
    } else {
      key = (random() % 100 == 0 ? long_prefix : "") + bytes(random() % 20);
    }
    const std::size_t text_bytes = random() % 1000 == 0 ? random() % (3 * kBlockBytes) : random() % 100;
    std::string text = random() % 2 == 0 ? bytes(text_bytes) : std::string(text_bytes, 'x');
    rows.add(std::move(key), std::move(text), time_of(random()));
  }
  return rows;
}

// What the store gives, to its end.
inline std::vector<SpillRow> read_all(const SpillStore& store, std::size_t line_bytes = std::size_t{1} << 20,
                                      std::set<SourceOrdinal> left_out = {}) {
  MergeCursor cursor(store, std::move(left_out));
  std::vector<SpillRow> all;
  parse::RowBatch rows;
  std::vector<RowOrigin> origins;
  while (cursor.next(rows, origins, line_bytes)) {
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      const auto cells = rows.row(row);
      all.push_back({std::string(cells[2].as_text()), origins[row].range, rows.lines[row],
                     std::string(cells[0].as_text()), cells[1].as_microseconds()});
    }
  }
  return all;
}

}  // namespace chatload::spill
