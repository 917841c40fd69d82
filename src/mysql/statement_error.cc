// Error numbers: "Server Error Message Reference" and "Client Error Message Reference" of the MySQL manual, "MariaDB
// Error Codes" of the MariaDB knowledge base.
//
// SQLSTATE class 40 is a transaction that the server has rolled back, as group replication does to one that conflicts.
//
// A row is at fault only where the error says so: by its SQLSTATE class (22 data, 23 constraint, 44 a view's check
// option, 45 a trigger's SIGNAL), or by a number whose SQLSTATE is the general HY000. An unknown error is fatal,
// because a run that ends loses nothing, while a full disk taken for bad rows would reject every line.
#include "mysql/statement_error.h"

#include <string_view>
#include <utility>

#include "mysql/server_error.h"

namespace chatload::mysql {
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
    case ER_SERVER_SHUTDOWN:
    case ER_FORCING_CLOSE:
    case ER_ABORTING_CONNECTION:
    case ER_NEW_ABORTING_CONNECTION:
    case ER_NET_READ_ERROR:  // as the server saw the network
    case ER_NET_READ_INTERRUPTED:
    case ER_NET_ERROR_ON_WRITE:
    case ER_NET_WRITE_INTERRUPTED:
    case ER_CONNECTION_KILLED:  // MariaDB
    case kSessionWasKilled:     // MySQL
    case kClientInteractionTimeout:
    case CR_SOCKET_CREATE_ERROR:
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_HANDSHAKE_ERR:
    case CR_SERVER_LOST:
    case CR_COMMANDS_OUT_OF_SYNC:  // this connection cannot be used again
    case CR_SSL_CONNECTION_ERROR:
    case CR_MALFORMED_PACKET:
    case CR_SERVER_LOST_EXTENDED: return true;
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
  // Without TLS, or with the wrong one, the next connection fails too.
  return error.code() != CR_SSL_CONNECTION_ERROR && is_connection_lost(error.code());
}

bool is_limit_of_connections(const ConnectError& error) {
  return error.code() == ER_CON_COUNT_ERROR || error.code() == ER_TOO_MANY_USER_CONNECTIONS ||
         error.code() == ER_USER_LIMIT_REACHED;
}

ErrorClass classify(const StatementError& error) {
  if (is_connection_lost(error.code())) return ErrorClass::kConnectionLost;
  switch (error.code()) {
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_LOCK_TABLE_FULL:
    case ER_LOCK_DEADLOCK:      // also a lost certification at COMMIT (Galera)
    case ER_QUERY_INTERRUPTED:  // KILL QUERY
    case ER_TOO_MANY_CONCURRENT_TRXS:
    case ER_STATEMENT_TIMEOUT: return ErrorClass::kRetry;

    case ER_DUP_ENTRY: return ErrorClass::kDuplicateKey;

    case ER_OPTION_PREVENTS_STATEMENT:  // of read_only, and of other options: the text tells
      return error.names("read-only") || error.names("read_only") ? ErrorClass::kReadOnly : ErrorClass::kFatal;
    case ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION:
    case ER_READ_ONLY_MODE: return ErrorClass::kReadOnly;

    // "WSREP has not yet prepared node for application use": a Galera node that left its cluster.
    case ER_UNKNOWN_COM_ERROR: return error.names("WSREP") ? ErrorClass::kConnectionLost : ErrorClass::kFatal;
    case ER_ERROR_DURING_COMMIT:  // "Got error 149 - 'Lock deadlock; Retry transaction' during COMMIT"
      return error.names("error 149") ? ErrorClass::kRetry : ErrorClass::kFatal;

    case ER_NO_DEFAULT_FOR_FIELD:  // the table's fault
      return ErrorClass::kFatal;

    case WARN_DATA_TRUNCATED:                 // SQLSTATE 01000
    case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:  // also a charset that cannot hold the text
    case ER_NO_PARTITION_FOR_GIVEN_VALUE:
    case ER_SIGNAL_EXCEPTION:  // whatever SQLSTATE its author chose
    case ER_ROW_DOES_NOT_MATCH_GIVEN_PARTITION_SET:
    case kCheckConstraintViolated:
    case kCannotConvertString:  // between charsets
      return ErrorClass::kRefused;
    default: break;
  }
  const std::string_view sqlstate_class = std::string_view(error.sqlstate()).substr(0, 2);
  if (sqlstate_class == "40") return ErrorClass::kRetry;
  const bool is_rows_fault =
      sqlstate_class == "22" || sqlstate_class == "23" || sqlstate_class == "44" || sqlstate_class == "45";
  return is_rows_fault ? ErrorClass::kRefused : ErrorClass::kFatal;
}

}  // namespace chatload::mysql
