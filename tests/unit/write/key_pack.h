// A pack with ranges of its own, of rows that have a key and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "write/write_job.h"

namespace chatload::write {

using Keys = std::vector<std::string_view>;

struct KeyPack : Pack {
  void add(const Keys& keys) {
    WriteJob& job = ranges.emplace_back();
    jobs.push_back(&job);
    parse::RowBatch& batch = job.parsed.rows;
    batch.layout = {.columns = 1, .key_cell = 0};
    for (const std::string_view key : keys) {
      batch.cells.push_back(parse::Cell::text(key));
      batch.lines.push_back({static_cast<std::uint32_t>(batch.lines.size()), 0, 0});
    }
  }
  [[nodiscard]] const WriteOrder& order(std::size_t range = 0) const { return ranges[range].order; }

  std::deque<WriteJob> ranges;
};

}  // namespace chatload::write
