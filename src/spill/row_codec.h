// A row as bytes: what the sort moves and the disk holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/key_prefix.h"
#include "mapping/mapping.h"
#include "parse/row_batch.h"
#include "spill/row_origin.h"

namespace chatload::spill {

// An encoded row and its key; borrows the encoded bytes.
struct Record {
  std::string_view bytes;
  std::string_view key;
};

// The row encoded at `bytes`, which RowCodec wrote.
[[nodiscard]] Record read_record(const char* bytes);

// Its key alone.
[[nodiscard]] std::string_view read_key(const char* bytes);

// Where the row stood in the sources.
struct LinePlace {
  RangeKey range;
  std::uint32_t line_index = 0;

  auto operator<=>(const LinePlace&) const = default;
};
[[nodiscard]] LinePlace place_of(const Record& record);

// The order of the rows: keys by bytes, the shorter first where one begins with the other; equal ones as they stood in
// the sources.
[[nodiscard]] inline bool is_before(const Record& a, const Record& b) {
  const int order = a.key.compare(b.key);
  return order != 0 ? order < 0 : place_of(a) < place_of(b);
}

// Immutable, for any thread.
class RowCodec {
 public:
  // REQUIRES: rows of that layout have their key's bytes.
  explicit RowCodec(const parse::RowLayout& layout);

  [[nodiscard]] const parse::RowLayout& layout() const { return layout_; }

  // What encode() may write for a row of the batch: its texts, and a bounded number of bytes a column.
  [[nodiscard]] std::size_t bytes_max(const parse::RowBatch& rows, std::size_t row) const;
  [[nodiscard]] static std::size_t bytes_max(std::size_t text_bytes, std::size_t columns);

  // Writes the row to `out`, where bytes_max() bytes are free; returns how many it took.
  [[nodiscard]] std::size_t encode(const parse::RowBatch& rows, std::size_t row, const RowOrigin& origin,
                                   char* out) const;

  // Appends the row to both; its texts are stored in rows.unescaped. rows.layout is layout().
  void decode(std::string_view record, parse::RowBatch& rows, std::vector<RowOrigin>& origins) const;

 private:
  const parse::RowLayout layout_;
};

}  // namespace chatload::spill
