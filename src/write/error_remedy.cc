// Error numbers as in statement_error.cc; 1 to 32 are those of the server's file layer ("Global Error Message
// Reference"), and 1030 holds the operating system's error in its text.
#include "write/error_remedy.h"

namespace chatload::write {
namespace {

constexpr std::string_view kNoRoom = "free disk space on the server";
constexpr std::string_view kErrorLog = "fix what the server's error log says about it";

}  // namespace

std::string_view remedy(const StatementError& error, std::string_view account) {
  if (classify(error) == ErrorClass::kReadOnly) return "use a server that takes writes";
  switch (error.code()) {
    case 1044:  // of a database, a table, a column, the server
    case 1142:
    case 1143:
    case 1227: return account;

    case 1071:
    case 1709:
      return "give the table ROW_FORMAT = DYNAMIC or shorten the indexed column; a server with an innodb_page_size "
             "below "
             "16K takes shorter indexes only";
    case 1118:
      return "shorten its columns or make some of them TEXT; ROW_FORMAT = DYNAMIC keeps more of a long one aside";

    case 3:     // a file of the server cannot be written
    case 20:    // it waits for room
    case 1021:  // disk full
    case 1026:  // error writing a file
    case 1878:  // temporary file of an ALTER TABLE
      return kNoRoom;
    case 1114:
      return "free disk space on the server, also where its tmpdir is, or let its tablespace grow "
             "(innodb_data_file_path)";
    case 1799:
      return "raise the server's innodb_online_alter_log_max_size, or let nobody write into the table meanwhile";
    case 1005:  // cannot create the table
    case 1031:  // the engine lacks the option
    case 1296:  // an engine's own error
    case 1478: return kErrorLog;
    case 1030: return error.names("28") || error.names("No space") ? kNoRoom : kErrorLog;

    case 1286:  // unknown, disabled
    case 1289:
    case 3161: return "allow the engine InnoDB on the server (disabled_storage_engines)";
    case 1115:
    case 1273: return "use a server that knows it: chatload is tested with MySQL 9.7 and MariaDB 10.11";

    case 1205:
      return "end the session that uses the table, or the backup that locks the server (SHOW PROCESSLIST may name it)";
    case 1665: return "set the server's binlog_format to MIXED or ROW";
    default: return "fix the cause";
  }
}

}  // namespace chatload::write
