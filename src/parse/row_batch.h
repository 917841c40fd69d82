// What a range parses to: rows, rejected lines and counts.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "mapping/mapping.h"
#include "parse/line_fault.h"
#include "parse/outcome.h"
#include "split/range.h"

namespace chatload::parse {

// What a cell holds. A number is text, too: its digits.
enum class CellKind : std::uint8_t { kNull, kText, kBytes, kTime };

// One column's value of one row. 16 bytes, because a range has a hundred thousand of them.
class Cell {
 public:
  Cell() = default;  // NULL
  // Both are borrowed, and shorter than 4 GiB.
  [[nodiscard]] static Cell text(std::string_view text) { return Cell(text, CellKind::kText); }
  [[nodiscard]] static Cell bytes(std::string_view bytes) { return Cell(bytes, CellKind::kBytes); }
  // Microseconds since 1970 UTC.
  [[nodiscard]] static Cell time(std::int64_t microseconds) { return Cell(microseconds); }

  [[nodiscard]] CellKind kind() const { return kind_; }
  [[nodiscard]] bool is_borrowed() const { return kind_ == CellKind::kText || kind_ == CellKind::kBytes; }
  // REQUIRES: is_borrowed().
  [[nodiscard]] std::string_view as_text() const {
    assert(is_borrowed());
    return {data_, size_};
  }
  // REQUIRES: kind() is kTime.
  [[nodiscard]] std::int64_t as_microseconds() const {
    assert(kind_ == CellKind::kTime);
    return microseconds_;
  }

  // The same text elsewhere. REQUIRES: is_borrowed().
  [[nodiscard]] Cell moved_to(std::string_view copy) const { return Cell(copy, kind_); }

 private:
  Cell(std::string_view text, CellKind kind)
      : data_(text.data()), size_(static_cast<std::uint32_t>(text.size())), kind_(kind) {}
  explicit Cell(std::int64_t microseconds) : microseconds_(microseconds), kind_(CellKind::kTime) {}

  union {
    const char* data_ = nullptr;
    std::int64_t microseconds_;
  };
  std::uint32_t size_ = 0;
  CellKind kind_ = CellKind::kNull;
};
static_assert(sizeof(Cell) == 16);

// The cells of a row: the columns' values, in the mapping's order, and its key's bytes, which are a column's cell where
// that is the whole key as it stands, and one more behind them otherwise.
struct RowLayout {
  std::size_t columns = 0;
  std::optional<std::size_t> key_cell;  // none: the mapping has no key, or its bytes do not say what is equal

  [[nodiscard]] bool has_own_key_cell() const { return key_cell == columns; }
  [[nodiscard]] std::size_t cells() const { return columns + (has_own_key_cell() ? 1 : 0); }
};
[[nodiscard]] RowLayout layout_of(const mapping::Mapping& mapping);

// A line within its range, without what stands in front of it (base/line_lead.h) and without its line end. A line that
// is too long has the size that is kept of it.
struct LineSpan {
  std::uint32_t line_index;  // 0-based within the range
  std::uint32_t size_bytes;
  std::uint64_t begin_bytes;  // from the range's begin, in the stream: Range::held_at() says where it is kept
};

// A line that is not loaded, and why. The raw line is in Range::bytes, while the range lives.
struct RejectedLine {
  LineSpan line;
  LineFault fault;  // of invalid_json, invalid_utf8 and unknown_field
  RejectReason reason;
  std::uint8_t field;  // index into Mapping::columns, or kNoField
};
inline constexpr std::uint8_t kNoField = 0xff;

// A RejectedLine with its place in the input, and what it says; borrows that.
struct RawReject {
  SourceOrdinal source = {};  // of its load
  LineNumber line;
  ByteOffset offset;  // of the line's first byte in the decompressed stream
  RejectReason reason;
  std::uint8_t field;           // index into Mapping::columns, or kNoField
  LineFault fault;              // of invalid_json, invalid_utf8 and unknown_field
  std::uint64_t cut_bytes = 0;  // of line_too_long: they are cut out of the middle of raw (split/cut_line.h)
  std::string_view raw;         // without its line end

  // The field's column; empty where the reason concerns the whole line.
  [[nodiscard]] std::string_view column(const mapping::Mapping& mapping) const {
    return field == kNoField ? std::string_view() : std::string_view(mapping.columns[field].name);
  }
  // What the record's detail says; empty where the reason says it all.
  [[nodiscard]] std::string detail() const;
};

// Owns text that unescaping made; what it hands out stays where it is until clear(). Keeps its memory for the next
// range. Not for several threads at once.
class TextArena {
 public:
  // Copies text and returns the copy.
  [[nodiscard]] std::string_view store(std::string_view text);
  void clear();

 private:
  // 1 KiB, 2 KiB, 4 KiB, … up to 64 KiB, so that a small range takes little.
  [[nodiscard]] static constexpr std::size_t chunk_bytes(std::size_t chunk) {
    return kKiB << std::min<std::size_t>(chunk, 6);
  }
  static constexpr std::size_t kChunkBytesMax = 64 * kKiB;

  std::vector<std::unique_ptr<char[]>> chunks_;  // kept by clear()
  std::vector<std::unique_ptr<char[]>> large_;   // each for a text that no chunk holds
  std::size_t chunk_ = 0;                        // index of the chunk being filled
  std::size_t used_ = 0;                         // bytes used in it
};

// Valid rows in file order, row-major: cells[row * layout.cells() + column]. Cells borrow from the range's bytes, from
// `unescaped` and from the mapping's lookups, so a batch lives exactly as long as its range: both stand in ParsedRange.
// Move-only.
struct RowBatch {
  RowLayout layout;
  std::vector<Cell> cells;
  std::vector<LineSpan> lines;  // one a row
  TextArena unescaped;

  [[nodiscard]] std::size_t rows() const { return lines.size(); }
  // The columns' values.
  [[nodiscard]] std::span<const Cell> row(std::size_t index) const {
    return {cells.data() + index * layout.cells(), layout.columns};
  }
  // REQUIRES: layout.key_cell.
  [[nodiscard]] std::string_view key(std::size_t index) const {
    return cells[index * layout.cells() + *layout.key_cell].as_text();
  }
  void clear();
};

// What a mapping can say of a record beside what stands in it (mapping::Origin).
struct SourceFacts {
  std::string name;
  std::uint64_t load = 0;
  std::int64_t loaded_at_microseconds = 0;  // since 1970 UTC
};

// A range with what was made of it. Reused from range to range, so that its vectors keep their memory.
struct ParsedRange {
  static constexpr std::size_t kRejectsMax = 16'384;  // as many lines as a range of 4 MiB usually has

  split::Range range;
  const SourceFacts* source = nullptr;  // null: of a look ahead, that is not to become a row
  std::uint64_t lines_before = 0;       // in its input, where the mapping asks for lines
  RowBatch rows;
  std::vector<LineSpan> filtered;  // the lines that are, in file order, where the parser lists them
  // In file order; the first rejects_max, so that a range of nothing but bad lines takes no more memory than others.
  // RangeParser::parse_more_rejects() has the next.
  std::vector<RejectedLine> rejects;
  std::size_t rejects_max = kRejectsMax;  // at least 1
  bool has_more_rejects = false;
  bool has_earlier_rejects = false;  // they are no longer the first; parse_first_rejects() has those again
  ParseCounts counts;
};

}  // namespace chatload::parse
