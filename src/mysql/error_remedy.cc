// Error numbers as in statement_error.cc; ER_GET_ERRNO holds the operating system's error in its text.
#include "mysql/error_remedy.h"

#include "mysql/server_error.h"

namespace chatload::mysql {
namespace {

// Of the server's file layer ("Global Error Message Reference", 1 to 32).
constexpr int kFileWriteError = 3;
constexpr int kFileWaitsForRoom = 20;

constexpr std::string_view kNoRoom = "free disk space on the server";
constexpr std::string_view kSmallerRanges =
    "begin again with --restart and a smaller --range-size, or raise what the server lets a transaction hold "
    "(wsrep_max_ws_size, wsrep_max_ws_rows, group_replication_transaction_size_limit, TiDB's txn-total-size-limit)";
constexpr std::string_view kErrorLog = "fix what the server's error log says about it";

}  // namespace

std::string_view remedy(const StatementError& error, std::string_view account) {
  if (classify(error) == ErrorClass::kReadOnly) return "use a server that takes writes";
  switch (error.code()) {
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR: return account;

    case ER_TOO_LONG_KEY:
    case ER_INDEX_COLUMN_TOO_LONG:
      return "give the table ROW_FORMAT = DYNAMIC or shorten the indexed column; a server with an innodb_page_size "
             "below 16K takes shorter indexes only";
    case ER_TOO_BIG_ROWSIZE:
      return "shorten its columns or make some of them TEXT; ROW_FORMAT = DYNAMIC keeps more of a long one aside";

    case kFileWriteError:
    case kFileWaitsForRoom:
    case ER_DISK_FULL:
    case ER_ERROR_ON_WRITE:
    case ER_TEMP_FILE_WRITE_FAILURE: return kNoRoom;
    case ER_RECORD_FILE_FULL:
      return "free disk space on the server, also where its tmpdir is, or let its tablespace grow "
             "(innodb_data_file_path)";
    case ER_INNODB_ONLINE_LOG_TOO_BIG:
      return "raise the server's innodb_online_alter_log_max_size, or let nobody write into the table meanwhile";
    case ER_CANT_CREATE_TABLE:
    case ER_ILLEGAL_HA:  // the engine lacks the option
    case ER_GET_ERRMSG:  // an engine's own error
    case ER_ILLEGAL_HA_CREATE_OPTION: return kErrorLog;
    case ER_GET_ERRNO: return error.names("28") || error.names("No space") ? kNoRoom : kErrorLog;

    case ER_UNKNOWN_STORAGE_ENGINE:
    case ER_FEATURE_DISABLED:
    case kDisabledStorageEngine: return "allow the engine InnoDB on the server (disabled_storage_engines)";
    case ER_UNKNOWN_CHARACTER_SET:
    case ER_UNKNOWN_COLLATION: return "use a server that knows it: chatload is tested with MySQL 9.7 and MariaDB 10.11";

    case ER_UNKNOWN_ERROR: return error.names("writeset") ? kSmallerRanges : "fix the cause";
    case ER_ERROR_DURING_COMMIT:
    case kReplicationHookFailed:
    case kTransactionTooLarge: return kSmallerRanges;

    case ER_LOCK_WAIT_TIMEOUT:
      return "end the session that uses the table, or the backup that locks the server (SHOW PROCESSLIST may name it)";
    case ER_BINLOG_STMT_MODE_AND_ROW_ENGINE: return "set the server's binlog_format to MIXED or ROW";
    default: return "fix the cause";
  }
}

}  // namespace chatload::mysql
