// One connection with its session pinned: the only door to the server.
//
// libmariadb stays inside session.cc and connection.cc, but for the names of errors (server_error.h). It speaks to both
// servers, and Connector/C++, which is a layer over it, can neither bind an array of rows nor answer LOAD DATA from
// memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mysql/endpoint.h"
#include "mysql/statement_error.h"

namespace chatload::mysql {

enum class Server { kMysql, kMariadb };

// What a multi-row statement did.
struct StatementResult {
  std::uint64_t affected_rows = 0;  // 1 an inserted row, 2 a changed one, 0 one that stays as it was
  std::uint64_t changed_rows = 0;   // rows that ON DUPLICATE KEY UPDATE changed ("Duplicates" of the server's info)
  std::uint64_t warnings = 0;
};

// What LOAD DATA did with the records that it was given.
struct LoadDataResult {
  std::uint64_t records = 0;
  std::uint64_t skipped = 0;  // records that made no row
  std::uint64_t deleted = 0;  // rows that records replaced
  std::uint64_t affected_rows = 0;
  std::uint64_t warnings = 0;
};

// Text or bytes; nothing is NULL.
using BoundValue = std::optional<std::string_view>;

// The values of row `row` (from 0), one for each ? of the statement. They must stay where they are until the next call.
using RowValues = std::function<void(std::size_t row, std::span<BoundValue> values)>;
// Writes the next bytes of LOAD DATA's text to the span, and returns how many; 0 at its end.
using TextSource = std::function<std::size_t(std::span<char> out)>;

// Settings of the server that a load depends on, read once after connecting.
struct ServerInfo {
  Server server = Server::kMysql;
  std::string version;                 // "9.7.0", "10.11.19-MariaDB-…"
  std::uint64_t packet_bytes_max = 0;  // max_allowed_packet
  bool read_only = false;              // says the server to everybody; an account with privileges may still write
  bool logs_statements = false;        // its binary log takes no rows, and the user may not change that
};

using Row = std::vector<std::optional<std::string>>;                 // a result row; NULL is nullopt
using NamedRow = std::map<std::string, std::optional<std::string>>;  // the same by its columns' names

// A result's cell as an unsigned number; 0 where it is NULL or holds none.
[[nodiscard]] std::uint64_t to_number(const std::optional<std::string>& cell);

// The client library's state of a thread. A thread other than main's holds one while it uses sessions.
class ClientThread {
 public:
  ClientThread();
  ClientThread(const ClientThread&) = delete;
  ClientThread& operator=(const ClientThread&) = delete;
  ~ClientThread();
};

// A server that has not answered for this long is gone. A statement of ours takes some milliseconds, a COMMIT as long
// as the slowest disk or replica that it waits for.
constexpr std::uint32_t kReadTimeoutSeconds = 60;
constexpr std::uint32_t kNoReadTimeout = 0;

// A connection, used by one thread at a time; the thread that opens it may be another than the one that uses it.
// Every statement throws StatementError.
class Session {
 public:
  // Connects and pins the session: strict sql_mode (whole), READ COMMITTED, time_zone +00:00, utf8mb4, foreign key and
  // unique checks on, rows in the binary log where statements are not taken from such a session, TLS as the endpoint
  // asks. read_timeout bounds the wait for any reply, and for the server to take what is sent; zero waits for ever
  // (DDL). may_load_data: load_data() may be called. Throws ConnectError: one sentence for an unknown host, a wrong
  // password, no such database, refused TLS.
  static Session connect(const Endpoint& endpoint, std::uint32_t read_timeout_seconds, bool may_load_data = false);

  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  [[nodiscard]] const ServerInfo& server() const;

  // Of a statement: `wanted`, where the server takes as much; its max_allowed_packet counts the command byte too.
  [[nodiscard]] std::size_t statement_bytes_max(std::size_t wanted) const;

  // START TRANSACTION, COMMIT, ROLLBACK, SET, DDL.
  void execute(std::string_view sql);

  // A multi-row or one-row INSERT, UPDATE or DELETE, of any size that max_allowed_packet takes.
  StatementResult update(std::string_view sql);

  // An INSERT of one row of ? signs, done for `rows` rows in one statement: all of them or, where it throws, none.
  // Their values together must fit into max_allowed_packet; while they are sent, the client library holds a copy of
  // them. The statement is prepared at its first use, and again where sql is another. REQUIRES: MariaDB.
  StatementResult update_rows(std::string_view sql, std::size_t rows, const RowValues& values);

  // LOAD DATA LOCAL INFILE of any file name: the server gets what text gives, whatever file it asks for, and at any
  // other time nothing at all. REQUIRES: connected with may_load_data.
  LoadDataResult load_data(std::string_view sql, const TextSource& text);

  // All rows of a result, which must be small.
  std::vector<Row> query(std::string_view sql);

  // The same where only the columns' names are sure, as of SHOW.
  std::vector<NamedRow> query_named(std::string_view sql);

  // Calls visit for each row of a result of any size, which is read from the server as it goes. Neither the session nor
  // visit may start another statement meanwhile.
  void for_each(std::string_view sql, const std::function<void(const Row&)>& visit);

  // The error numbers of the last statement's warnings; of many, the first @@max_error_count.
  std::vector<int> warning_codes();

  // How long the server takes to answer nothing: the shortest of a few times.
  [[nodiscard]] std::chrono::microseconds round_trip();

  // At most the first few of the last statement's warnings, "1265 Data truncated …", for a message.
  std::vector<std::string> warnings();

  // CONNECTION_ID().
  [[nodiscard]] std::uint64_t connection_id() const;

  // The descriptor of the connection.
  [[nodiscard]] int socket() const;

 private:
  class Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// GET_LOCK, without waiting: whether the session has that named lock now. Throws StatementError.
[[nodiscard]] bool get_lock(Session& session, const std::string& name);

// Before a session writes. Throws DatabaseError where the server's binary log would refuse it.
void require_row_log(const Session& session);

}  // namespace chatload::mysql
