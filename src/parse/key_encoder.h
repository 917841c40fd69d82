// The values of a row's key → bytes that are equal exactly where the server calls the keys equal.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "mapping/mapping.h"
#include "parse/row_batch.h"

namespace chatload::parse {

// Single-threaded. For layouts with a cell of the key's own (RowLayout::has_own_key_cell()).
class KeyEncoder {
 public:
  explicit KeyEncoder(const mapping::Mapping& mapping);

  // The key of a row of the mapping's columns, whose values those columns hold. Borrows from the row, or from `made`.
  [[nodiscard]] Cell encode(std::span<const Cell> row, TextArena& made);

 private:
  struct Part {
    std::size_t column;
    mapping::KeyForm form;
    bool is_unsigned;
  };

  void append(const Part& part, std::span<const Cell> row);

  std::vector<Part> parts_;
  std::string key_;  // scratch
};

}  // namespace chatload::parse
