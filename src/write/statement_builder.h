// Rows → what the server takes of them: the text of a multi-row INSERT, the values of a prepared one, or the records of
// LOAD DATA. The only place where rows become SQL.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/load_modes.h"
#include "mapping/mapping.h"
#include "mysql/session.h"
#include "parse/row_batch.h"

namespace chatload::write {

// How many rows an INSERT should have at that distance from the server (statement_builder.cc has the figures).
[[nodiscard]] std::size_t rows_of_statement(std::chrono::microseconds round_trip);

// What one statement may be; reaching either ends it.
struct StatementLimits {
  std::size_t rows_max;
  std::size_t bytes_max;  // of the statement's text or values; below the server's max_allowed_packet
};

// When an INSERT fails although its rows could be updated or left alone.
struct InsertGuards {
  // With skip: where the key of a row is there, by the error that is_of_duplicate() knows. No trigger fires on that
  // row.
  bool only_absent = false;
  // Where a row meets one of another key, by the error that is_of_other_row() knows: a primary key that the server
  // makes may not be new.
  bool own_key_only = false;
};

// Pure: what is made depends on the arguments alone. The session must be pinned (utf8mb4, backslash escapes, UTC), as
// Session does. Single-threaded.
class StatementBuilder {
 public:
  StatementBuilder(const mapping::Mapping& mapping, OnDuplicate mode, mysql::Server server, InsertGuards guards = {});

  // Replaces sql by an INSERT of rows order[0], order[1], … as far as the limits allow, and returns how many those
  // are: at least one, or none where the first alone is longer than bytes_max.
  // REQUIRES: order is not empty; its rows have the mapping's columns.
  [[nodiscard]] std::size_t build(const parse::RowBatch& rows, std::span<const std::uint32_t> order,
                                  StatementLimits limits, std::string& sql) const;

  // An INSERT of one row with a ? for each column, for Session::update_rows().
  [[nodiscard]] const std::string& row_insert() const { return row_insert_; }
  // How many rows from order[0] on have values that fit the limits; none where the first alone is too long.
  [[nodiscard]] std::size_t rows_within(const parse::RowBatch& rows, std::span<const std::uint32_t> order,
                                        StatementLimits limits) const;
  // The values of one row, a column each. `times` holds those that are no text of the row's: it must live as long.
  void bind(std::span<const parse::Cell> row, std::span<mysql::BoundValue> values, std::string& times) const;

  // LOAD DATA LOCAL INFILE of records, for Session::load_data(). A row whose key is there is skipped.
  [[nodiscard]] const std::string& load_data() const { return load_data_; }
  // What a row takes at most, as a record or within a statement.
  [[nodiscard]] std::size_t row_bytes_max(std::span<const parse::Cell> row) const;
  // Writes one record to `out`, where row_bytes_max() bytes are free, and returns the end.
  [[nodiscard]] char* put_record(std::span<const parse::Cell> row, char* out) const;

 private:
  std::string head_;
  std::string tail_;
  std::string row_insert_;
  std::string load_data_;
};

// Whether a key of the table's own was there already when rows were to be inserted that are only_absent. What a trigger
// meets in another table is not taken for it.
[[nodiscard]] bool is_of_duplicate(const mysql::StatementError& error);

// Whether a row has met one of another key, where rows were to meet those of their own key alone.
[[nodiscard]] bool is_of_other_row(const mysql::StatementError& error);

}  // namespace chatload::write
