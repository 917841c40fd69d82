// INSERT INTO `t` (`a`,`b`) VALUES ('…','…'),('…','…') and what a duplicate means:
//
//   skip     ON DUPLICATE KEY UPDATE `key`=`key`       strict, unlike INSERT IGNORE, and within 5 % of its cost
//   replace  MySQL: AS `new` … `a`=`new`.`a`, as VALUES(`a`) warns there (1287); MariaDB: `a`=VALUES(`a`), as it has no
//            row alias
//   fail     nothing: the server refuses the statement with 1062
//
// The update of skip changes no row, but fires the triggers of one. Where the table may have such, a row whose key is
// there must be no success: ON DUPLICATE KEY UPDATE `key`=EXP(n+LENGTH(`key`)) fails with 1690 before any update
// trigger fires, and undoes the statement. A plain INSERT fails too, but its 1062 may also be that of another table's
// key, which a trigger has met; MariaDB's message names no table. The number n tells our error from a trigger's own.
//
// Where the server makes the primary key, a duplicate need not be one: both servers hand a number out twice when rows
// of parallel statements are duplicates (MySQL 9.7 with LOAD DATA, MariaDB 10.11 with an array of rows: 3 connections
// wrote 2,051 rows with 184 repeated keys, and 166 to 324 others got numbers that were taken; mapping_keys_test.py).
// skip would leave such a row out, and replace would write it over another one. So the key of the row that is there is
// compared, and another one's ends the statement by EXP() too.
//
// LOAD DATA LOCAL has the first meaning only: a server treats it as IGNORE.
//
// Rows of an INSERT: 1,000, and more where the server is far away. Ten statements of 1,000 rows in one transaction took
// 3.4 to 3.7 s a million rows on MySQL, one of 10,000 rows 4.5 to 4.8 s (change kRowsMin, and run bench/compare v1).
// But a connection waits a round trip for each, so a statement gets a row for every 2 us of that. 500,000 lines,
// --write-method insert, two connections, behind bench/delay_proxy.py; seconds, medians, by kRoundTripPerRow:
//
//                 MySQL                                 MariaDB
//   round trip    1,000 rows   a row a 2 us   4 us      1,000 rows   a row a 2 us   4 us
//    5 ms          6.3          5.1            5.9       5.5          4.7            5.0
//   10 ms          8.6          7.7            7.5       7.3          5.8            6.0
//   20 ms         13.7         10.2           10.8      12.2          7.7            8.2
//
// LOAD DATA takes far more rows in a statement, as it is sent piece by piece.
#include "write/statement_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "base/hex.h"
#include "mysql/server_error.h"
#include "mysql/sql_text.h"
#include "mysql/sql_time.h"

namespace chatload::write {
namespace {

constexpr std::string_view kDuplicateMark = "20201128";
constexpr std::string_view kOtherRowMark = "20201129";

std::string failure(std::string_view mark, std::string_view column) {
  return fmt::format("EXP({}+LENGTH({}))", mark, column);
}

// The key's first column comes first, as what guards it compares values that nothing has set yet.
std::string statement_tail(const mapping::Mapping& mapping, OnDuplicate mode, mysql::Server server,
                           InsertGuards guards) {
  if (mode == OnDuplicate::kFail) return "";
  const bool is_mysql = server == mysql::Server::kMysql;
  const auto name_of = [&](std::size_t index) { return mysql::quote_identifier(mapping.columns[index].name); };
  const auto here = [&](std::size_t index) { return mysql::quote_identifier(mapping.table) + '.' + name_of(index); };
  const auto sent = [&](std::size_t index) {
    return is_mysql ? "`new`." + name_of(index) : "VALUES(" + name_of(index) + ")";
  };
  const std::size_t first = mapping.key.front().column;
  std::string value = mode == OnDuplicate::kReplace ? sent(first)
                      : guards.only_absent          ? failure(kDuplicateMark, name_of(first))
                                                    : name_of(first);
  if (guards.own_key_only) {
    std::string is_own;
    for (const mapping::KeyPart& part : mapping.key) {
      is_own += fmt::format("{}{} <=> {}", is_own.empty() ? "" : " AND ", here(part.column), sent(part.column));
    }
    if (mode == OnDuplicate::kSkip) value = guards.only_absent ? failure(kDuplicateMark, here(first)) : here(first);
    value = fmt::format("IF({},{},{})", is_own, value, failure(kOtherRowMark, here(first)));
  }
  const bool names_rows = mode == OnDuplicate::kReplace || guards.own_key_only;
  std::string tail =
      fmt::format("{} ON DUPLICATE KEY UPDATE {}={}", is_mysql && names_rows ? " AS `new`" : "", name_of(first), value);
  for (std::size_t i = 0; mode == OnDuplicate::kReplace && i < mapping.columns.size(); ++i) {
    if (i != first) tail += fmt::format(",{}={}", name_of(i), sent(i));
  }
  return tail;
}

constexpr std::chrono::microseconds kRoundTripPerRow{2};
constexpr std::size_t kRowsMin = 1'000;
constexpr std::size_t kRowsMax = 10'000;

constexpr std::size_t kLengthBytes = 10;  // of a bound value, with its indicator, at most

char* put_word(char* out, std::string_view word) { return out + word.copy(out, word.size()); }

// As a literal of SQL.
char* put_value(char* out, const parse::Cell& cell) {
  switch (cell.kind()) {
    case parse::CellKind::kText: return mysql::put_text_literal(out, cell.as_text());
    case parse::CellKind::kTime:
      *out++ = '\'';
      out = mysql::put_time(out, cell.as_microseconds());
      *out++ = '\'';
      return out;
    case parse::CellKind::kBytes: return put_word(put_hex(put_word(out, "X'"), cell.as_text()), "'");
    case parse::CellKind::kNull: break;
  }
  return put_word(out, "NULL");
}

// As a field of LOAD DATA.
char* put_field(char* out, const parse::Cell& cell) {
  switch (cell.kind()) {
    case parse::CellKind::kText: return mysql::put_text_field(out, cell.as_text());
    case parse::CellKind::kTime: return mysql::put_time(out, cell.as_microseconds());
    case parse::CellKind::kBytes: return put_hex(out, cell.as_text());
    case parse::CellKind::kNull: break;
  }
  return put_word(out, "\\N");
}

// Of a cell that is no text: NULL has none.
std::size_t time_bytes(const parse::Cell& cell) {
  if (cell.kind() == parse::CellKind::kNull) return 0;
  return mysql::time_bytes(cell.as_microseconds());
}

// Of either.
std::size_t value_bytes_max(const parse::Cell& cell) {
  constexpr std::size_t kNullBytes = 4;
  switch (cell.kind()) {
    case parse::CellKind::kText: return mysql::escaped_bytes_max(cell.as_text());
    case parse::CellKind::kTime: return 2 + mysql::kTimeBytesMax;
    case parse::CellKind::kBytes: return 3 + 2 * cell.as_text().size();
    case parse::CellKind::kNull: break;
  }
  return kNullBytes;
}

}  // namespace

std::size_t rows_of_statement(std::chrono::microseconds round_trip) {
  return std::clamp<std::size_t>(static_cast<std::size_t>(round_trip / kRoundTripPerRow), kRowsMin, kRowsMax);
}

bool is_of_duplicate(const mysql::StatementError& error) {
  return error.code() == ER_DATA_OUT_OF_RANGE && error.message().find(kDuplicateMark) != std::string::npos;
}

bool is_of_other_row(const mysql::StatementError& error) {
  return error.code() == ER_DATA_OUT_OF_RANGE && error.message().find(kOtherRowMark) != std::string::npos;
}

StatementBuilder::StatementBuilder(const mapping::Mapping& mapping, OnDuplicate mode, mysql::Server server,
                                   InsertGuards guards)
    : tail_(statement_tail(mapping, mode, server, guards)) {
  std::string columns;
  std::string signs;
  std::string fields;   // of LOAD DATA's records
  std::string decoded;  // what is made of some of them
  for (const mapping::Column& column : mapping.columns) {
    const std::string_view comma = columns.empty() ? "" : ",";
    const std::string name = mysql::quote_identifier(column.name);
    columns.append(comma).append(name);
    signs.append(comma).append("?");
    if (column.decode == mapping::Decode::kNone) {
      fields.append(comma).append(name);
    } else {
      const std::string variable = fmt::format("@c{}", &column - mapping.columns.data());
      fields.append(comma).append(variable);
      decoded += fmt::format("{}{}=UNHEX({})", decoded.empty() ? " SET " : ",", name, variable);
    }
  }
  const std::string table = mysql::quote_identifier(mapping.table);
  head_ = fmt::format("INSERT INTO {} ({}) VALUES ", table, columns);
  row_insert_ = fmt::format("{}({}){}", head_, signs, tail_);
  load_data_ =
      fmt::format("LOAD DATA LOCAL INFILE 'rows' INTO TABLE {} CHARACTER SET utf8mb4 ({}){}", table, fields, decoded);
}

std::size_t StatementBuilder::build(const parse::RowBatch& rows, std::span<const std::uint32_t> order,
                                    StatementLimits limits, std::string& sql) const {
  sql = head_;
  std::size_t count = 0;
  while (count < order.size() && count < limits.rows_max) {
    const std::size_t begin = sql.size();
    const std::span<const parse::Cell> row = rows.row(order[count]);
    sql.resize(begin + row_bytes_max(row));
    char* out = sql.data() + begin;
    if (count > 0) *out++ = ',';
    *out++ = '(';
    for (const parse::Cell& cell : row) {
      if (&cell != row.data()) *out++ = ',';
      out = put_value(out, cell);
    }
    *out++ = ')';
    const auto end = static_cast<std::size_t>(out - sql.data());
    const bool fits = end + tail_.size() <= limits.bytes_max;
    sql.resize(fits ? end : begin);
    if (!fits) break;
    ++count;
  }
  sql += tail_;
  return count;
}

std::size_t StatementBuilder::rows_within(const parse::RowBatch& rows, std::span<const std::uint32_t> order,
                                          StatementLimits limits) const {
  std::size_t count = 0;
  for (std::size_t bytes = 0; count < order.size() && count < limits.rows_max; ++count) {
    const std::span<const parse::Cell> row = rows.row(order[count]);
    for (const parse::Cell& cell : row) {
      bytes += kLengthBytes + (cell.is_borrowed() ? cell.as_text().size() : time_bytes(cell));
    }
    if (bytes > limits.bytes_max) break;
  }
  return count;
}

void StatementBuilder::bind(std::span<const parse::Cell> row, std::span<mysql::BoundValue> values,
                            std::string& times) const {
  times.resize(mysql::kTimeBytesMax * row.size());
  char* out = times.data();
  for (std::size_t column = 0; column < row.size(); ++column) {
    const parse::Cell& cell = row[column];
    switch (cell.kind()) {
      case parse::CellKind::kNull: values[column] = std::nullopt; break;
      case parse::CellKind::kText:
      case parse::CellKind::kBytes: values[column] = cell.as_text(); break;
      case parse::CellKind::kTime: {
        char* const begin = out;
        out = mysql::put_time(out, cell.as_microseconds());
        values[column] = std::string_view(begin, static_cast<std::size_t>(out - begin));
        break;
      }
    }
  }
}

char* StatementBuilder::put_record(std::span<const parse::Cell> row, char* out) const {
  for (const parse::Cell& cell : row) {
    out = put_field(out, cell);
    *out++ = &cell != &row.back() ? '\t' : '\n';
  }
  return out;
}

std::size_t StatementBuilder::row_bytes_max(std::span<const parse::Cell> row) const {
  std::size_t bytes = 2 + row.size();  // what is between values, and around them
  for (const parse::Cell& cell : row) bytes += value_bytes_max(cell);
  return bytes;
}

}  // namespace chatload::write
