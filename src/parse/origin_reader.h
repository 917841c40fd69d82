// The cells of columns whose values do not stand in the record (mapping::Origin).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/padded_buffer.h"
#include "mapping/mapping.h"
#include "parse/key_tree.h"
#include "parse/line_walker.h"
#include "parse/outcome.h"
#include "parse/row_batch.h"
#include "parse/token_index.h"

namespace chatload::parse {

// Single-threaded. Borrows all that it is given; `record` walks the record at hand.
class OriginReader {
 public:
  OriginReader(const mapping::Mapping& mapping, const KeyTree& tree, const LineWalker& record);

  // The records that come are of that range. `made` has what holds for several of them.
  void begin(const ParsedRange& parsed, TextArena& made);

  // Sets the cell, or returns the reason; `made` has what is of the record alone.
  [[nodiscard]] std::optional<RejectReason> read(std::size_t column, const LineSpan& line, TextArena& made, Cell& cell);

  // Whether a cell's text lives until the next record only.
  [[nodiscard]] bool owns(std::string_view text) const {
    return !digits_.empty() && text.data() >= digits_.data() && text.data() < digits_.data() + digits_.size();
  }

 private:
  static constexpr std::size_t kDigitsMax = 20;  // of 64 bits

  // What holds for several records.
  struct Held {
    Cell cell;
    std::optional<RejectReason> reason;
  };

  // A column that holds for a range.
  struct OfSource {
    std::size_t index;
    mapping::Column column;  // as it takes texts
  };

  void hold(const OfSource& of_source, const SourceFacts& facts);
  [[nodiscard]] std::string_view digits_of(std::size_t column, std::uint64_t number);
  void read_document(std::uint32_t record);
  [[nodiscard]] std::optional<RejectReason> read_outer(const mapping::Column& column, const JsonValue& value,
                                                       Cell& cell);
  [[nodiscard]] std::optional<RejectReason> read_unknown(const mapping::Column& column, TextArena& made,
                                                         Cell& cell) const;

  const mapping::Mapping& mapping_;
  const KeyTree& tree_;
  const LineWalker& record_;
  std::vector<Held> held_;          // by column
  std::vector<std::size_t> outer_;  // the columns of RecordForm::outer
  std::vector<OfSource> of_source_;
  std::vector<char> digits_;  // kDigitsMax for each column, where some column has a number of the record's
  const KeyTree outer_tree_;
  LineWalker outer_walker_;
  TokenIndex outer_index_;
  PaddedBuffer document_;
  const ParsedRange* parsed_ = nullptr;
  TextArena* made_ = nullptr;
  std::size_t documents_read_ = 0;  // of the range's
};

}  // namespace chatload::parse
