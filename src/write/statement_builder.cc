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

#include "mysql/server_error.h"
#include "mysql/sql_text.h"

namespace chatload::write {
namespace {

constexpr std::string_view kDuplicateMark = "20201128";

std::string statement_tail(const parse::Mapping& mapping, OnDuplicate mode, mysql::Server server, bool only_absent) {
  switch (mode) {
    case OnDuplicate::kFail: return "";
    case OnDuplicate::kSkip: {
      const std::string key = mysql::quote_identifier(mapping.fields[mapping.key].column);
      const std::string value = only_absent ? fmt::format("EXP({}+LENGTH({}))", kDuplicateMark, key) : key;
      return " ON DUPLICATE KEY UPDATE " + key + "=" + value;
    }
    case OnDuplicate::kReplace: break;
  }
  std::string tail =
      server == mysql::Server::kMysql ? " AS `new` ON DUPLICATE KEY UPDATE " : " ON DUPLICATE KEY UPDATE ";
  for (std::size_t i = 0; i < mapping.fields.size(); ++i) {
    const std::string column = mysql::quote_identifier(mapping.fields[i].column);
    if (i > 0) tail += ',';
    tail += column + (server == mysql::Server::kMysql ? "=`new`." + column : "=VALUES(" + column + ")");
  }
  return tail;
}

constexpr std::chrono::microseconds kRoundTripPerRow{2};
constexpr std::size_t kRowsMin = 1'000;
constexpr std::size_t kRowsMax = 10'000;

constexpr std::size_t kLengthBytes = 10;  // of a bound value, with its indicator, at most

// "00", "01", … "99"
constexpr auto kTwoDigits = [] {
  std::array<char, 200> digits{};
  for (std::size_t value = 0; value < 100; ++value) {
    digits[2 * value] = static_cast<char>('0' + value / 10);
    digits[2 * value + 1] = static_cast<char>('0' + value % 10);
  }
  return digits;
}();

void put_two_digits(char* at, unsigned value) { std::memcpy(at, &kTwoDigits[std::size_t{2} * value], 2); }

}  // namespace

std::size_t rows_of_statement(std::chrono::microseconds round_trip) {
  return std::clamp<std::size_t>(static_cast<std::size_t>(round_trip / kRoundTripPerRow), kRowsMin, kRowsMax);
}

char* put_time(char* out, std::int64_t epoch_seconds) {
  const std::chrono::sys_seconds instant{std::chrono::seconds(epoch_seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const auto second = static_cast<unsigned>((instant - day).count());
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  std::memcpy(out, "YYYY-MM-DD hh:mm:ss", kTimeBytes);
  put_two_digits(out, year / 100);
  put_two_digits(out + 2, year % 100);
  put_two_digits(out + 5, static_cast<unsigned>(date.month()));
  put_two_digits(out + 8, static_cast<unsigned>(date.day()));
  put_two_digits(out + 11, second / 3600);
  put_two_digits(out + 14, second / 60 % 60);
  put_two_digits(out + 17, second % 60);
  return out + kTimeBytes;
}

bool is_of_duplicate(const mysql::StatementError& error) {
  return error.code() == ER_DATA_OUT_OF_RANGE && error.message().find(kDuplicateMark) != std::string::npos;
}

StatementBuilder::StatementBuilder(const parse::Mapping& mapping, OnDuplicate mode, mysql::Server server,
                                   bool only_absent)
    : tail_(statement_tail(mapping, mode, server, only_absent)) {
  std::string columns = "(";
  std::string signs = "(";
  for (const parse::FieldMapping& field : mapping.fields) {
    if (!kinds_.empty()) {
      columns += ',';
      signs += ',';
    }
    columns += mysql::quote_identifier(field.column);
    signs += '?';
    kinds_.push_back(field.kind);
  }
  const std::string table = mysql::quote_identifier(mapping.table);
  head_ = "INSERT INTO " + table + " " + columns + ") VALUES ";
  row_insert_ = head_ + signs + ")" + tail_;
  load_data_ = "LOAD DATA LOCAL INFILE 'rows' INTO TABLE " + table + " CHARACTER SET utf8mb4 " + columns + ")";
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
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (column > 0) *out++ = ',';
      if (kinds_[column] == parse::FieldKind::kEpochSeconds) {
        *out++ = '\'';
        out = put_time(out, row[column].as_integer());
        *out++ = '\'';
      } else {
        out = mysql::put_text_literal(out, row[column].as_text());
      }
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
    for (std::size_t column = 0; column < row.size(); ++column) {
      const bool is_time = kinds_[column] == parse::FieldKind::kEpochSeconds;
      bytes += kLengthBytes + (is_time ? kTimeBytes : row[column].as_text().size());
    }
    if (bytes > limits.bytes_max) break;
  }
  return count;
}

void StatementBuilder::bind(std::span<const parse::Cell> row, std::span<std::string_view> values,
                            std::string& times) const {
  times.resize(kTimeBytes * row.size());
  char* out = times.data();
  for (std::size_t column = 0; column < row.size(); ++column) {
    if (kinds_[column] == parse::FieldKind::kEpochSeconds) {
      values[column] = {out, kTimeBytes};
      out = put_time(out, row[column].as_integer());
    } else {
      values[column] = row[column].as_text();
    }
  }
}

char* StatementBuilder::put_record(std::span<const parse::Cell> row, char* out) const {
  for (std::size_t column = 0; column < row.size(); ++column) {
    out = kinds_[column] == parse::FieldKind::kEpochSeconds ? put_time(out, row[column].as_integer())
                                                            : mysql::put_text_field(out, row[column].as_text());
    *out++ = column + 1 < row.size() ? '\t' : '\n';
  }
  return out;
}

std::size_t StatementBuilder::row_bytes_max(std::span<const parse::Cell> row) const {
  std::size_t bytes = 2 + row.size();  // what is between values, and around them
  for (std::size_t column = 0; column < row.size(); ++column) {
    const bool is_time = kinds_[column] == parse::FieldKind::kEpochSeconds;
    bytes += is_time ? 2 + kTimeBytes : mysql::escaped_bytes_max(row[column].as_text());
  }
  return bytes;
}

}  // namespace chatload::write
