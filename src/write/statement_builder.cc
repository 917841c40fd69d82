// INSERT INTO `t` (`a`,`b`) VALUES ('…','…'),('…','…') and what a duplicate means:
//
//   skip     ON DUPLICATE KEY UPDATE `key`=`key`       strict, unlike INSERT IGNORE, and within 5 % of its cost
//   replace  MySQL: AS `new` … `a`=`new`.`a`, as VALUES(`a`) warns there (1287); MariaDB: `a`=VALUES(`a`), as it has no
//            row alias
//   fail     nothing: the server refuses the statement with 1062
//
// 1,000 rows a statement: ten such statements in one transaction took 3.4 to 3.7 s a million rows on MySQL, one of
// 10,000 rows 4.5 to 4.8 s. To repeat it, change StatementLimits::rows_max and run bench/compare v1.
#include "write/statement_builder.h"

#include <array>
#include <chrono>

namespace chatload::write {
namespace {

std::string statement_tail(const parse::Mapping& mapping, OnDuplicate mode, Server server) {
  switch (mode) {
    case OnDuplicate::kFail: return "";
    case OnDuplicate::kSkip: {
      const std::string key = quote_identifier(mapping.fields[mapping.key].column);
      return " ON DUPLICATE KEY UPDATE " + key + "=" + key;
    }
    case OnDuplicate::kReplace: break;
  }
  std::string tail = server == Server::kMysql ? " AS `new` ON DUPLICATE KEY UPDATE " : " ON DUPLICATE KEY UPDATE ";
  for (std::size_t i = 0; i < mapping.fields.size(); ++i) {
    const std::string column = quote_identifier(mapping.fields[i].column);
    if (i > 0) tail += ',';
    tail += column + (server == Server::kMysql ? "=`new`." + column : "=VALUES(" + column + ")");
  }
  return tail;
}

// The character that follows the backslash, or 0 for a byte that stands for itself.
constexpr std::array<char, 256> kEscapes = [] {
  std::array<char, 256> escapes{};
  escapes['\0'] = '0';
  escapes['\''] = '\'';
  escapes['\\'] = '\\';
  return escapes;
}();

void append_two_digits(std::string& sql, unsigned value) {
  sql += static_cast<char>('0' + value / 10);
  sql += static_cast<char>('0' + value % 10);
}

}  // namespace

void append_text_literal(std::string& sql, std::string_view text) {
  sql += '\'';
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char escape = kEscapes[static_cast<unsigned char>(text[i])];
    if (escape == 0) continue;
    sql.append(text, begin, i - begin);
    sql += '\\';
    sql += escape;
    begin = i + 1;
  }
  sql.append(text, begin);
  sql += '\'';
}

void append_time_literal(std::string& sql, std::int64_t epoch_seconds) {
  const std::chrono::sys_seconds instant{std::chrono::seconds(epoch_seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(instant - day);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  sql += '\'';
  append_two_digits(sql, year / 100);
  append_two_digits(sql, year % 100);
  sql += '-';
  append_two_digits(sql, static_cast<unsigned>(date.month()));
  sql += '-';
  append_two_digits(sql, static_cast<unsigned>(date.day()));
  sql += ' ';
  append_two_digits(sql, static_cast<unsigned>(time.hours().count()));
  sql += ':';
  append_two_digits(sql, static_cast<unsigned>(time.minutes().count()));
  sql += ':';
  append_two_digits(sql, static_cast<unsigned>(time.seconds().count()));
  sql += '\'';
}

StatementBuilder::StatementBuilder(const parse::Mapping& mapping, OnDuplicate mode, Server server)
    : tail_(statement_tail(mapping, mode, server)) {
  head_ = "INSERT INTO " + quote_identifier(mapping.table) + " (";
  for (const parse::FieldMapping& field : mapping.fields) {
    if (!kinds_.empty()) head_ += ',';
    head_ += quote_identifier(field.column);
    kinds_.push_back(field.kind);
  }
  head_ += ") VALUES ";
}

std::size_t StatementBuilder::build(const parse::RowBatch& rows, std::span<const std::uint32_t> order,
                                    StatementLimits limits, std::string& sql) const {
  sql = head_;
  std::size_t count = 0;
  while (count < order.size() && count < limits.rows_max) {
    const std::size_t end_of_row_before = sql.size();
    const std::span<const parse::Cell> row = rows.row(order[count]);
    sql += count == 0 ? "(" : ",(";
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (column > 0) sql += ',';
      if (kinds_[column] == parse::FieldKind::kEpochSeconds) {
        append_time_literal(sql, row[column].as_integer());
      } else {
        append_text_literal(sql, row[column].as_text());
      }
    }
    sql += ')';
    if (sql.size() + tail_.size() > limits.bytes_max) {
      sql.resize(end_of_row_before);
      break;
    }
    ++count;
  }
  sql += tail_;
  return count;
}

}  // namespace chatload::write
