// Rows → the text of LOAD DATA, made while it is sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "parse/row_batch.h"
#include "write/statement_builder.h"

namespace chatload::write {

// Single-threaded; borrows all that it is given. For Session::load_data().
class RecordStream {
 public:
  // The records of rows order[0], order[1], …; `chunk` is memory to use.
  RecordStream(const StatementBuilder& builder, const parse::RowBatch& rows, std::span<const std::uint32_t> order,
               std::string& chunk);

  // Writes the next bytes to `out` and returns how many; 0 at the end.
  std::size_t read(std::span<char> out);

 private:
  const StatementBuilder& builder_;
  const parse::RowBatch& rows_;
  std::span<const std::uint32_t> order_;  // what is not in the chunk yet
  std::string& chunk_;
  std::size_t held_bytes_ = 0;  // records in the chunk
  std::size_t read_bytes_ = 0;  // of them
};

}  // namespace chatload::write
