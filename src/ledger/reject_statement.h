// Rejected lines → the text of multi-row INSERTs into chatload_rejects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/units.h"
#include "parse/outcome.h"

namespace chatload::ledger {

// One rejected line; borrows everything.
struct Reject {
  SourceOrdinal source;
  LineNumber line;
  ByteOffset offset;  // of the line's first byte in the decompressed stream
  parse::RejectReason reason;
  std::string_view field;   // the column's name; empty where the reason concerns the whole line
  std::string_view detail;  // what exactly is wrong; empty where the reason says it all
  std::string_view raw;     // without its line end; any bytes
};

// Collects rejects until a statement is full. Single-threaded; keeps its memory.
class RejectStatement {
 public:
  // bytes_max: the most that any statement will have.
  RejectStatement(std::uint64_t load_id, std::size_t bytes_max);

  // Empties it, for a statement of at most so many bytes.
  void begin(std::size_t bytes_max);

  // False where the reject does not fit behind those that are there: send sql(), begin(), and append it again; one that
  // does not fit into an empty statement never will.
  [[nodiscard]] bool append(const Reject& reject);

  [[nodiscard]] bool empty() const { return is_empty_; }
  [[nodiscard]] const std::string& sql() const { return sql_; }

 private:
  std::uint64_t load_id_;
  std::size_t bytes_max_;
  std::string sql_;
  bool is_empty_ = true;
};

}  // namespace chatload::ledger
