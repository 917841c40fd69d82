#include "spill/merge_cursor.h"

#include <algorithm>
#include <utility>

namespace chatload::spill {

MergeCursor::MergeCursor(const SpillStore& store, std::set<SourceOrdinal> left_out)
    : codec_(store.codec_), left_out_(std::move(left_out)), merger_(store.runs()) {}

bool MergeCursor::next(parse::RowBatch& rows, std::vector<RowOrigin>& origins, std::size_t line_bytes,
                       std::size_t line_bytes_min) {
  rows.clear();
  rows.layout = codec_.layout();
  origins.clear();
  std::size_t read_bytes = 0;
  while (read_bytes < line_bytes) {
    const Record* const record = merger_.record();
    if (record == nullptr) break;
    if (left_out_.empty() || !left_out_.contains(place_of(*record).range.source)) {
      codec_.decode(record->bytes, rows, origins);
      // A row may be larger than its line: by defaults, and where columns have parts of each other.
      read_bytes += std::max({std::size_t{origins.back().line.size_bytes}, record->bytes.size(), line_bytes_min});
    }
    merger_.advance();
  }
  return rows.rows() > 0;
}

}  // namespace chatload::spill
