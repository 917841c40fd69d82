// A raw line may hold any bytes, so it goes as X'…', two digits a byte: no character set takes offence at it. No line
// that is rejected is empty: an empty one is not at hand.
#include "ledger/reject_statement.h"

#include <fmt/format.h>

#include <iterator>

#include "base/utf8.h"
#include "mysql/sql_text.h"

namespace chatload::ledger {
namespace {

constexpr std::string_view kHead =
    "INSERT INTO `chatload_rejects` (`load_id`, `source`, `line`, `byte_offset`, `reason`, `field`, `detail`, `raw`, "
    "`raw_is_cut`)"
    " VALUES ";

void append_hex(std::string& sql, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  sql += "X'";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    sql += kDigits[byte >> 4U];
    sql += kDigits[byte & 0xfU];
  }
  sql += '\'';
}

void append_text_or_null(std::string& sql, std::string_view text) {
  if (text.empty()) {
    sql += "NULL";
  } else {
    mysql::append_text_literal(sql, text);
  }
}

}  // namespace

RejectStatement::RejectStatement(std::uint64_t load_id, std::size_t bytes_max)
    : load_id_(load_id), bytes_max_(bytes_max), sql_(kHead) {
  sql_.reserve(2 * bytes_max);  // a reject is written before it is found to be one too many
}

bool RejectStatement::append(const Reject& reject) {
  const std::size_t end_before = sql_.size();
  fmt::format_to(std::back_inserter(sql_), "{}({},{},{},{},'{}',", is_empty_ ? "" : ",", load_id_,
                 reject.source.value(), reject.line.value(), reject.offset.value(), parse::to_string(reject.reason));
  append_text_or_null(sql_, reject.field);
  sql_ += ',';
  // The server cuts its messages at a byte, which may lie inside a character.
  append_text_or_null(sql_, utf8_beginning(reject.detail));
  sql_ += ',';
  if (reject.raw.empty()) {
    sql_ += "NULL";
  } else {
    append_hex(sql_, reject.raw);
  }
  sql_ += reject.reason == parse::RejectReason::kLineTooLong ? ",1)" : ",0)";
  if (sql_.size() > bytes_max_) {
    sql_.resize(end_before);
    return false;
  }
  is_empty_ = false;
  return true;
}

void RejectStatement::begin(std::size_t bytes_max) {
  bytes_max_ = bytes_max;
  sql_ = kHead;
  is_empty_ = true;
}

}  // namespace chatload::ledger
