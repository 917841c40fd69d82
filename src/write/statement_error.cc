// Error numbers: "Server Error Message Reference" and "Client Error Message Reference" of the MySQL manual, "MariaDB
// Error Codes" of the MariaDB knowledge base.
//
// SQLSTATE class 40 is a transaction that the server has rolled back, as group replication does to one that conflicts.
//
// A row is at fault only where the error says so: by its SQLSTATE class (22 data, 23 constraint, 44 a view's check
// option, 45 a trigger's SIGNAL), or by a number whose SQLSTATE is the general HY000. An unknown error is fatal,
// because a run that ends loses nothing, while a full disk taken for bad rows would reject every line.
#include "write/statement_error.h"

#include <string_view>
#include <utility>

namespace chatload::write {
namespace {

std::string error_text(int code, const std::string& sqlstate, const std::string& message) {
  std::string text = message.empty() ? "unknown error" : message;
  if (code != 0) {
    text += " (" + std::to_string(code);
    if (!sqlstate.empty()) text += ", SQLSTATE " + sqlstate;
    text += ")";
  }
  return text;
}

bool is_connection_lost(int code) {
  switch (code) {
    case 1053:  // server shutdown
    case 1080:  // forced close of the thread
    case 1152:  // aborted connection, with and without a reason
    case 1184:
    case 1158:  // network read and write errors and timeouts, as the server saw them
    case 1159:
    case 1160:
    case 1161:
    case 1927:  // KILL CONNECTION, MariaDB
    case 3169:  // KILL CONNECTION, MySQL
    case 4031:  // disconnected because of inactivity, MySQL
    case 2001:  // no socket, no server, no reply: the client's own
    case 2002:
    case 2003:
    case 2006:
    case 2012:
    case 2013:
    case 2014:  // out of sync: this connection cannot be used again
    case 2026:  // TLS broke
    case 2027:  // malformed packet
    case 2055: return true;
    default: return false;
  }
}

}  // namespace

StatementError::StatementError(int code, std::string sqlstate, std::string message)
    : code_(code),
      sqlstate_(std::move(sqlstate)),
      message_(std::move(message)),
      text_(error_text(code_, sqlstate_, message_)) {}

bool can_come_back(const ConnectError& error) {
  if (is_limit_of_connections(error)) return true;
  return error.code() != 2026 && is_connection_lost(error.code());  // 2026: no TLS, or not the right one
}

bool is_limit_of_connections(const ConnectError& error) {
  return error.code() == 1040 || error.code() == 1203 || error.code() == 1226;
}

ErrorClass classify(const StatementError& error) {
  if (is_connection_lost(error.code())) return ErrorClass::kConnectionLost;
  switch (error.code()) {
    case 1205:  // lock wait timeout
    case 1206:  // lock table full
    case 1213:  // deadlock; also a lost certification at COMMIT (Galera)
    case 1317:  // KILL QUERY
    case 1637:  // too many concurrent transactions
    case 1969:  // MariaDB's max_statement_time
      return ErrorClass::kRetry;

    case 1062: return ErrorClass::kDuplicateKey;

    case 1290:  // also other options that prevent a statement
      return error.names("read-only") || error.names("read_only") ? ErrorClass::kReadOnly : ErrorClass::kFatal;
    case 1792:
    case 1836: return ErrorClass::kReadOnly;

    case 1047:  // "WSREP has not yet prepared node for application use": a Galera node that left its cluster
      return error.names("WSREP") ? ErrorClass::kConnectionLost : ErrorClass::kFatal;
    case 1180:  // "Got error 149 - 'Lock deadlock; Retry transaction' during COMMIT"
      return error.names("error 149") ? ErrorClass::kRetry : ErrorClass::kFatal;

    case 1364:  // no default: SQLSTATE HY000, and the table's fault
      return ErrorClass::kFatal;

    case 1265:  // truncated data, SQLSTATE 01000
    case 1366:  // a charset that cannot hold the text
    case 1526:  // no partition for the value
    case 1644:  // SIGNAL, whatever SQLSTATE its author chose
    case 1748:  // a row that is not in the partitions named
    case 3819:  // MySQL's CHECK constraint
    case 3854:  // a conversion between charsets that would lose characters
      return ErrorClass::kRefused;
    default: break;
  }
  const std::string_view sqlstate_class = std::string_view(error.sqlstate()).substr(0, 2);
  if (sqlstate_class == "40") return ErrorClass::kRetry;
  const bool is_rows_fault =
      sqlstate_class == "22" || sqlstate_class == "23" || sqlstate_class == "44" || sqlstate_class == "45";
  return is_rows_fault ? ErrorClass::kRefused : ErrorClass::kFatal;
}

}  // namespace chatload::write
