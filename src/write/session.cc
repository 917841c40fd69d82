// Pinning: whatever the server's defaults, a session compares, checks and stores alike. One SET takes all variables
// that both servers name alike; isolation has a statement of its own, because its variable has two names.
//   sql_mode                strict for every engine, zero dates refused, no mode that changes the grammar
//   foreign_key_checks, unique_checks   off they lose rows in silence (MariaDB, repeated ids)
//   wait_timeout            whoever waits for people may idle for hours; writers take less (pipeline/load_runner.cc)
//   sql_quote_show_create   index_definition.h reads what SHOW CREATE TABLE says
//   completion_type         a COMMIT neither begins a transaction nor disconnects
//   MariaDB's timeouts      a writer may wait in its transaction for a lower range
//   READ WRITE              a server may make new sessions read only by default
//
// The affected rows are those of a client without CLIENT_FOUND_ROWS, which the connector does not set: an unchanged row
// of ON DUPLICATE KEY UPDATE counts 0, not 1 (tests/db/session_test.cc).
#include "write/session.h"

#include <cppconn/exception.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>

#include <charconv>
#include <utility>

#include "base/errors.h"
#include "write/connection.h"

namespace chatload::write {
namespace {

constexpr std::string_view kPinVariables =
    "SET NAMES utf8mb4 COLLATE utf8mb4_bin,"
    " SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION',"
    " SESSION time_zone = '+00:00', SESSION autocommit = 1, SESSION foreign_key_checks = 1,"
    " SESSION unique_checks = 1, SESSION sql_safe_updates = 0, SESSION wait_timeout = 28800,"
    " SESSION completion_type = 0,"
    " SESSION sql_quote_show_create = 1";
constexpr std::string_view kPinMariadb =
    "SET SESSION idle_transaction_timeout = 0, SESSION idle_write_transaction_timeout = 0,"
    " SESSION max_statement_time = 0";
constexpr std::string_view kPinTransactions = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE";
constexpr std::string_view kReadServer =
    "SELECT VERSION(), @@max_allowed_packet, @@global.read_only, @@innodb_read_only, CONNECTION_ID()";
constexpr std::string_view kWarningsShown = "5";

std::uint64_t leading_number(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "Records: 3  Duplicates: 1  Warnings: 0", or of an UPDATE "Rows matched: 2  Changed: 1  Warnings: 0".
std::optional<std::uint64_t> info_figure(std::string_view info, std::string_view name) {
  const std::size_t begin = info.find(name);
  if (begin == std::string_view::npos) return std::nullopt;
  return leading_number(info.substr(begin + name.size()));
}

bool is_on(const std::optional<std::string>& value) { return value && *value != "0" && *value != "OFF"; }

// Runs body and lets the connector's exceptions out as ours. The connector gives some of its own the code 0.
template <typename Body>
auto translated(Body&& body) {
  try {
    return body();
  } catch (const sql::SQLException& error) {
    throw StatementError(error.getErrorCode(), error.getSQLState(), error.what());
  }
}

}  // namespace

std::uint64_t to_number(const std::optional<std::string>& cell) { return cell ? leading_number(*cell) : 0; }

ClientThread::ClientThread() { driver().threadInit(); }
ClientThread::~ClientThread() { driver().threadEnd(); }

class Session::Impl {
 public:
  Impl(const Endpoint& endpoint, std::uint32_t read_timeout_seconds)
      : connection_(open_connection(endpoint, read_timeout_seconds)) {
    try {
      statement_.reset(translated([this] { return connection_->createStatement(); }));
      execute(kPinVariables);
      execute(kPinTransactions);
      read_server();
      if (server_.server == Server::kMariadb) execute(kPinMariadb);
    } catch (const StatementError& error) {
      throw ConnectError(error.code(), "The server at " + endpoint.display() +
                                           " accepted the connection but not its settings (" + error.what() +
                                           "); chatload is tested with MySQL 9.7 and MariaDB 10.11.");
    }
  }

  [[nodiscard]] const ServerInfo& server() const { return server_; }
  [[nodiscard]] std::uint64_t connection_id() const { return connection_id_; }

  void execute(std::string_view sql) { (void)affected_by(sql); }

  StatementResult update(std::string_view sql) {
    StatementResult result;
    result.affected_rows = affected_by(sql);
    const std::string info = translated([this] { return connection_->getLastStatementInfo().asStdString(); });
    if (const auto warnings = info_figure(info, "Warnings: ")) {
      result.warnings = *warnings;
      result.changed_rows = info_figure(info, "Duplicates: ").value_or(info_figure(info, "Changed: ").value_or(0));
    } else {
      // A statement of one row has no info: 1 affected is an inserted row, 2 a changed one.
      result.changed_rows = result.affected_rows == 2 ? 1 : 0;
      result.warnings = to_number(query("SHOW COUNT(*) WARNINGS").at(0).at(0));
    }
    return result;
  }

  std::vector<Row> query(std::string_view sql) {
    std::vector<Row> rows;
    translated([&] { read_rows(*statement_, sql, [&](Row& row) { rows.push_back(std::move(row)); }); });
    return rows;
  }

  std::vector<NamedRow> query_named(std::string_view sql) {
    return translated([&] {
      std::vector<NamedRow> rows;
      const std::unique_ptr<sql::ResultSet> result(statement_->executeQuery(sql::SQLString(sql.data(), sql.size())));
      sql::ResultSetMetaData& columns = *result->getMetaData();
      while (result->next()) {
        NamedRow& row = rows.emplace_back();
        for (unsigned column = 1; column <= columns.getColumnCount(); ++column) {
          row[columns.getColumnLabel(column).asStdString()] = cell(*result, column);
        }
      }
      return rows;
    });
  }

  void for_each(std::string_view sql, const std::function<void(const Row&)>& visit) {
    translated([&] {
      const std::unique_ptr<sql::Statement> unbuffered(connection_->createStatement());
      unbuffered->setResultSetType(sql::ResultSet::TYPE_FORWARD_ONLY);
      read_rows(*unbuffered, sql, visit);
    });
  }

  std::vector<std::string> warnings() {
    std::vector<std::string> texts;
    for (const Row& row : query(std::string("SHOW WARNINGS LIMIT ").append(kWarningsShown))) {
      texts.push_back(row.at(1).value_or("") + " " + row.at(2).value_or(""));
    }
    return texts;
  }

 private:
  static std::optional<std::string> cell(const sql::ResultSet& result, unsigned column) {
    if (result.isNull(column)) return std::nullopt;
    return result.getString(column).asStdString();
  }

  template <typename Visit>
  static void read_rows(sql::Statement& statement, std::string_view sql, const Visit& visit) {
    const std::unique_ptr<sql::ResultSet> result(statement.executeQuery(sql::SQLString(sql.data(), sql.size())));
    const unsigned columns = result->getMetaData()->getColumnCount();
    while (result->next()) {
      Row row(columns);
      for (unsigned column = 1; column <= columns; ++column) {
        row[column - 1] = cell(*result, column);
      }
      visit(row);
    }
  }

  std::uint64_t affected_by(std::string_view sql) {
    return translated([&]() -> std::uint64_t {
      const bool has_result = statement_->execute(sql::SQLString(sql.data(), sql.size()));
      if (!has_result) return statement_->getUpdateCount();
      // A result that stays unread puts the connection out of step with the server.
      const std::unique_ptr<sql::ResultSet> unread(statement_->getResultSet());
      return 0;
    });
  }

  void read_server() {
    const Row row = query(kReadServer).at(0);
    server_.version = row[0].value_or("");
    server_.server = server_.version.find("MariaDB") == std::string::npos ? Server::kMysql : Server::kMariadb;
    server_.packet_bytes_max = to_number(row[1]);
    server_.read_only = is_on(row[2]) || is_on(row[3]);
    connection_id_ = to_number(row[4]);
  }

  std::unique_ptr<sql::mysql::MySQL_Connection> connection_;
  std::unique_ptr<sql::Statement> statement_;
  ServerInfo server_;
  std::uint64_t connection_id_ = 0;
};

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Session Session::connect(const Endpoint& endpoint, std::uint32_t read_timeout_seconds) {
  return Session(std::make_unique<Impl>(endpoint, read_timeout_seconds));
}

const ServerInfo& Session::server() const { return impl_->server(); }
void Session::execute(std::string_view sql) { impl_->execute(sql); }
StatementResult Session::update(std::string_view sql) { return impl_->update(sql); }
std::vector<Row> Session::query(std::string_view sql) { return impl_->query(sql); }
std::vector<NamedRow> Session::query_named(std::string_view sql) { return impl_->query_named(sql); }
void Session::for_each(std::string_view sql, const std::function<void(const Row&)>& visit) {
  impl_->for_each(sql, visit);
}
std::vector<std::string> Session::warnings() { return impl_->warnings(); }
std::uint64_t Session::connection_id() const { return impl_->connection_id(); }

std::string quote_identifier(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) {
    if (c == '`') quoted += '`';
    quoted += c;
  }
  return quoted + '`';
}

std::string quote_text(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    switch (c) {
      case '\0': quoted += "\\0"; break;
      case '\'': quoted += "\\'"; break;
      case '\\': quoted += "\\\\"; break;
      default: quoted += c;
    }
  }
  return quoted + '\'';
}

bool get_lock(Session& session, const std::string& name) {
  return session.query("SELECT GET_LOCK(" + quote_text(name) + ", 0)").at(0).at(0) == "1";
}

}  // namespace chatload::write
