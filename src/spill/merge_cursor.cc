#include "spill/merge_cursor.h"

#include <utility>

namespace chatload::spill {

MergeCursor::MergeCursor(const SpillStore& store, std::string_view first, std::optional<std::string> end)
    : codec_(store.codec_), end_(std::move(end)), merger_(store.runs(), first) {}

bool MergeCursor::next(parse::RowBatch& rows, std::vector<RowOrigin>& origins, std::size_t rows_max,
                       std::size_t bytes_max) {
  rows.clear();
  rows.columns = codec_.columns();
  origins.clear();
  std::size_t text_bytes = 0;
  while (const Record* const record = merger_.record()) {
    if (end_ && record->key >= *end_) break;
    text_bytes += RowCodec::text_bytes(record->bytes);
    if (rows.rows() > 0 && (rows.rows() >= rows_max || text_bytes > bytes_max)) break;
    codec_.decode(record->bytes, rows, origins);
    merger_.advance();
  }
  return rows.rows() > 0;
}

}  // namespace chatload::spill
