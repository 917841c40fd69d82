// Rows → the text of one multi-row INSERT: the only place where rows become SQL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parse/mapping.h"
#include "parse/row_batch.h"
#include "write/duplicates.h"
#include "write/session.h"

namespace chatload::write {

// What one statement may be; reaching either ends it.
struct StatementLimits {
  std::size_t rows_max = 1'000;  // measured: statement_builder.cc
  std::size_t bytes_max = 0;     // of the statement's text; below the server's max_allowed_packet
};

// Pure: the text depends on the arguments alone. The session must be pinned (utf8mb4, backslash escapes, UTC), as
// Session does. Single-threaded.
class StatementBuilder {
 public:
  StatementBuilder(const parse::Mapping& mapping, OnDuplicate mode, Server server);

  // Replaces sql by an INSERT of rows order[0], order[1], … as far as the limits allow, and returns how many those
  // are: at least one, or none where the first alone is longer than bytes_max.
  // REQUIRES: order is not empty; its rows have the mapping's columns.
  [[nodiscard]] std::size_t build(const parse::RowBatch& rows, std::span<const std::uint32_t> order,
                                  StatementLimits limits, std::string& sql) const;

 private:
  std::string head_;
  std::string tail_;
  std::vector<parse::FieldKind> kinds_;  // a column each
};

// Appends text as a string literal. Every byte sequence comes back as it was under backslash escapes (MySQL manual,
// "String Literals"): only ', \ and NUL need an escape.
void append_text_literal(std::string& sql, std::string_view text);

// Appends 'YYYY-MM-DD hh:mm:ss' in UTC. REQUIRES: a year of four digits, as the row contract's range has.
void append_time_literal(std::string& sql, std::int64_t epoch_seconds);

}  // namespace chatload::write
