// What one text column of one line says, whatever its length: for lines that were rejected because of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/padded_buffer.h"
#include "mapping/mapping.h"
#include "parse/key_tree.h"
#include "parse/line_walker.h"
#include "parse/token_index.h"

namespace chatload::parse {

// Single-threaded; borrows the mapping.
class TextReader {
 public:
  // Longer lines are not read, so that this takes no memory worth mentioning.
  static constexpr std::size_t kLineBytesMax = std::size_t{256} * 1024;

  explicit TextReader(const mapping::Mapping& mapping) : mapping_(mapping), tree_(mapping), walker_(tree_) {}

  // The text, until the next call. Nothing where the line has none there, or is longer than kLineBytesMax.
  [[nodiscard]] std::optional<std::string_view> read(std::string_view line, std::size_t column);

 private:
  const mapping::Mapping& mapping_;
  const KeyTree tree_;
  LineWalker walker_;
  TokenIndex index_;
  PaddedBuffer line_;
};

}  // namespace chatload::parse
