// Over 400 lines: a session, and the client library's side of each kind of statement.
//
// Pinning: whatever the server's defaults, a session compares, checks and stores alike. One SET takes all variables
// that both servers name alike; isolation has a statement of its own, because its variable has two names.
//   sql_mode                strict for every engine, zero dates refused, no mode that changes the grammar
//   foreign_key_checks, unique_checks   off they lose rows in silence (MariaDB, repeated ids)
//   wait_timeout            whoever waits for people may idle for hours; writers take less (load/run.cc)
//   sql_quote_show_create   table/index_definition.h reads what SHOW CREATE TABLE says
//   completion_type         a COMMIT neither begins a transaction nor disconnects
//   MariaDB's timeouts      a writer may wait in its transaction for a lower range
//   lc_messages             the figures of a statement come as text ("Records: 3 …"), in the server's language
//   max_error_count         LOAD DATA's warnings are read in full; MySQL lets no ordinary user set it
//   sql_notes, old_mode     a warning that is not given is not seen; an old_mode of MariaDB's gives none of duplicates
//   READ WRITE              a server may make new sessions read only by default
//
// The affected rows are those of a client without CLIENT_FOUND_ROWS: an unchanged row of ON DUPLICATE KEY UPDATE counts
// 0, not 1 (tests/db/session_test.cc).
#include "mysql/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

#include "base/errors.h"
#include "mysql/connection.h"
#include "mysql/server_error.h"
#include "mysql/sql_text.h"

namespace chatload::mysql {
namespace {

constexpr std::string_view kPinVariables =
    "SET NAMES utf8mb4 COLLATE utf8mb4_bin,"
    " SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION',"
    " SESSION time_zone = '+00:00', SESSION autocommit = 1, SESSION foreign_key_checks = 1,"
    " SESSION unique_checks = 1, SESSION sql_safe_updates = 0, SESSION wait_timeout = 28800,"
    " SESSION completion_type = 0, SESSION sql_select_limit = 18446744073709551615,"
    " SESSION sql_quote_show_create = 1, SESSION sql_notes = 1, SESSION lc_messages = 'en_US'";
constexpr std::string_view kPinMariadb =
    "SET SESSION idle_transaction_timeout = 0, SESSION idle_write_transaction_timeout = 0,"
    " SESSION max_statement_time = 0, SESSION old_mode = '', SESSION max_error_count = 65535,"
    " SESSION check_constraint_checks = 1";
constexpr std::string_view kPinMysql = "SET SESSION max_execution_time = 0";
constexpr std::string_view kPinTransactions = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE";
constexpr std::string_view kReadServer =
    "SELECT VERSION(), @@max_allowed_packet, @@global.read_only, @@innodb_read_only, @@log_bin, @@binlog_format";
constexpr std::string_view kWarningsShown = "5";
constexpr int kRoundTrips = 3;

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

// The server lets a client in first where a password has expired, and where its init_connect fails.
bool is_about_the_account(const StatementError& error) {
  return error.code() == ER_MUST_CHANGE_PASSWORD || error.code() == ER_MUST_CHANGE_PASSWORD_LOGIN ||
         error.names("init_connect");
}

struct FreeResult {
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
using Result = std::unique_ptr<MYSQL_RES, FreeResult>;

struct CloseStatement {
  void operator()(MYSQL_STMT* statement) const { mysql_stmt_close(statement); }
};
using PreparedStatement = std::unique_ptr<MYSQL_STMT, CloseStatement>;

Row read_row(MYSQL_ROW cells, const unsigned long* lengths, unsigned columns) {
  Row row(columns);
  for (unsigned column = 0; column < columns; ++column) {
    if (cells[column] != nullptr) row[column].emplace(cells[column], lengths[column]);
  }
  return row;
}

}  // namespace

std::uint64_t to_number(const std::optional<std::string>& cell) { return cell ? leading_number(*cell) : 0; }

ClientThread::ClientThread() { mysql_thread_init(); }
ClientThread::~ClientThread() { mysql_thread_end(); }

// Stays where it is: the client library has its address.
class Session::Impl {
 public:
  Impl(const Endpoint& endpoint, std::uint32_t read_timeout_seconds, bool may_load_data)
      : connection_(open_connection(endpoint, read_timeout_seconds, may_load_data)) {
    mysql_set_local_infile_handler(connection_.get(), &Impl::begin_text, &Impl::read_text, &Impl::end_text,
                                   &Impl::explain_no_text, this);
    try {
      execute(kPinVariables);
      execute(kPinTransactions);
      read_server();
      execute(server_.server == Server::kMariadb ? kPinMariadb : kPinMysql);
      if (server_.logs_statements) log_rows();
    } catch (const StatementError& error) {
      if (is_about_the_account(error)) throw connect_failure(endpoint, error.code(), error.message());
      throw ConnectError(error.code(), "The server at " + endpoint.display() +
                                           " accepted the connection but not its settings (" + error.what() +
                                           "); chatload is tested with MySQL 9.7 and MariaDB 10.11.");
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() = default;

  [[nodiscard]] const ServerInfo& server() const { return server_; }
  [[nodiscard]] std::uint64_t connection_id() const { return mysql_thread_id(connection_.get()); }
  [[nodiscard]] int socket() const { return mysql_get_socket(connection_.get()); }

  void execute(std::string_view sql) {
    send(sql);
    // A result that stays unread puts the connection out of step with the server.
    const Result unread(mysql_store_result(connection_.get()));
    require_no_error();
  }

  StatementResult update(std::string_view sql) {
    change_rows([&] { execute(sql); });
    return done(mysql_affected_rows(connection_.get()));
  }

  StatementResult update_rows(std::string_view sql, std::size_t rows, const RowValues& values) {
    if (prepared_sql_ != sql) prepare(sql);
    values_.resize(mysql_stmt_param_count(prepared_.get()));
    binds_.assign(values_.size(), MYSQL_BIND{});
    indicators_.resize(values_.size());
    for (std::size_t column = 0; column < binds_.size(); ++column) {
      binds_[column].buffer_type = MYSQL_TYPE_STRING;
      binds_[column].u.indicator = &indicators_[column];
    }
    row_values_ = &values;
    const auto count = static_cast<unsigned>(rows);
    change_rows([&] {
      const bool failed = mysql_stmt_attr_set(prepared_.get(), STMT_ATTR_ARRAY_SIZE, &count) != 0 ||
                          mysql_stmt_bind_param(prepared_.get(), binds_.data()) != 0 ||
                          mysql_stmt_execute(prepared_.get()) != 0;
      row_values_ = nullptr;
      rethrow_callbacks();
      if (failed) throw_error_of(*prepared_);
    });
    return done(mysql_stmt_affected_rows(prepared_.get()));
  }

  LoadDataResult load_data(std::string_view sql, const TextSource& text) {
    text_ = &text;
    change_rows([&] {
      const bool failed = mysql_real_query(connection_.get(), sql.data(), sql.size()) != 0;
      text_ = nullptr;
      rethrow_callbacks();
      if (failed) throw_error();
    });
    return {.records = figure("Records: "),
            .skipped = figure("Skipped: "),
            .deleted = figure("Deleted: "),
            .affected_rows = mysql_affected_rows(connection_.get()),
            .warnings = figure("Warnings: ")};
  }

  std::vector<Row> query(std::string_view sql) {
    std::vector<Row> rows;
    read_rows(sql, mysql_store_result, [&](MYSQL_RES&, Row row) { rows.push_back(std::move(row)); });
    return rows;
  }

  std::vector<NamedRow> query_named(std::string_view sql) {
    std::vector<NamedRow> rows;
    read_rows(sql, mysql_store_result, [&](MYSQL_RES& result, Row row) {
      NamedRow& named = rows.emplace_back();
      const MYSQL_FIELD* const fields = mysql_fetch_fields(&result);
      for (std::size_t column = 0; column < row.size(); ++column) named[fields[column].name] = std::move(row[column]);
    });
    return rows;
  }

  void for_each(std::string_view sql, const std::function<void(const Row&)>& visit) {
    read_rows(sql, mysql_use_result, [&](MYSQL_RES&, const Row& row) { visit(row); });
  }

  std::vector<int> warning_codes() {
    std::vector<int> codes;
    for (const Row& row : query("SHOW WARNINGS")) codes.push_back(static_cast<int>(to_number(row.at(1))));
    return codes;
  }

  std::chrono::microseconds round_trip() {
    auto shortest = std::chrono::steady_clock::duration::max();
    for (int trip = 0; trip < kRoundTrips; ++trip) {
      const auto begin = std::chrono::steady_clock::now();
      execute("DO 0");
      shortest = std::min(shortest, std::chrono::steady_clock::now() - begin);
    }
    return std::chrono::duration_cast<std::chrono::microseconds>(shortest);
  }

  std::vector<std::string> warnings() {
    std::vector<std::string> texts;
    for (const Row& row : query(std::string("SHOW WARNINGS LIMIT ").append(kWarningsShown))) {
      texts.push_back(row.at(1).value_or("") + " " + row.at(2).value_or(""));
    }
    return texts;
  }

 private:
  void send(std::string_view sql) {
    if (mysql_real_query(connection_.get(), sql.data(), sql.size()) != 0) throw_error();
  }

  void require_no_error() {
    if (mysql_errno(connection_.get()) != 0) throw_error();
  }

  [[nodiscard]] bool is_in_transaction() { return (connection_->server_status & SERVER_STATUS_IN_TRANS) != 0; }

  // A transaction that loses to another node's is rolled back. Where that hits the rows of a bulk INSERT IGNORE, the
  // server (MariaDB 10.11 with Galera) commits those that are left one by one, and reports all of them as done.
  template <typename Send>
  void change_rows(Send send) {
    const bool was_in_transaction = is_in_transaction();
    send();
    if (!was_in_transaction || is_in_transaction()) return;
    throw StatementError(ER_LOCK_DEADLOCK, "40001", "The server rolled the transaction back during a statement of it");
  }

  [[noreturn]] void throw_error() {
    throw StatementError(static_cast<int>(mysql_errno(connection_.get())), mysql_sqlstate(connection_.get()),
                         mysql_error(connection_.get()));
  }

  [[noreturn]] static void throw_error_of(MYSQL_STMT& statement) {
    throw StatementError(static_cast<int>(mysql_stmt_errno(&statement)), mysql_stmt_sqlstate(&statement),
                         mysql_stmt_error(&statement));
  }

  [[nodiscard]] std::string_view info() {
    const char* const text = mysql_info(connection_.get());
    return text == nullptr ? std::string_view() : text;
  }

  [[nodiscard]] std::uint64_t figure(std::string_view name) {
    const auto found = info_figure(info(), name);
    if (!found) throw StatementError(0, "", fmt::format("The server's \"{}\" has no \"{}\"", info(), name));
    return *found;
  }

  StatementResult done(std::uint64_t affected_rows) {
    StatementResult result{.affected_rows = affected_rows, .warnings = mysql_warning_count(connection_.get())};
    if (info().empty()) {
      // A statement of one row has none: 1 affected is an inserted row, 2 a changed one.
      result.changed_rows = affected_rows == 2 ? 1 : 0;
    } else {
      result.changed_rows = figure(info().starts_with("Records: ") ? "Duplicates: " : "Changed: ");
    }
    return result;
  }

  template <typename Visit>
  void read_rows(std::string_view sql, MYSQL_RES* (*get_result)(MYSQL*), const Visit& visit) {
    send(sql);
    const Result result(get_result(connection_.get()));
    if (!result) return require_no_error();
    const unsigned columns = mysql_num_fields(result.get());
    while (MYSQL_ROW cells = mysql_fetch_row(result.get())) {
      visit(*result, read_row(cells, mysql_fetch_lengths(result.get()), columns));
    }
    require_no_error();
  }

  void read_server() {
    const Row row = query(kReadServer).at(0);
    server_.version = row[0].value_or("");
    server_.server = server_.version.find("MariaDB") == std::string::npos ? Server::kMysql : Server::kMariadb;
    server_.packet_bytes_max = to_number(row[1]);
    server_.read_only = is_on(row[2]) || is_on(row[3]);
    server_.logs_statements = is_on(row[4]) && row[5] == "STATEMENT";
  }

  // InnoDB has no statements logged that run under READ COMMITTED (1665). Few accounts may change it.
  void log_rows() {
    try {
      execute("SET SESSION binlog_format = ROW");
      server_.logs_statements = false;
    } catch (const StatementError& error) {
      if (error.code() != ER_SPECIFIC_ACCESS_DENIED_ERROR) throw;
    }
  }

  void prepare(std::string_view sql) {
    prepared_sql_.clear();
    prepared_.reset(mysql_stmt_init(connection_.get()));
    if (!prepared_) throw std::bad_alloc();
    if (mysql_stmt_prepare(prepared_.get(), sql.data(), sql.size()) != 0) throw_error_of(*prepared_);
    mysql_stmt_attr_set(prepared_.get(), STMT_ATTR_CB_PARAM, reinterpret_cast<const void*>(&Impl::bind_row));
    mysql_stmt_attr_set(prepared_.get(), STMT_ATTR_CB_USER_DATA, this);
    prepared_sql_ = sql;
  }

  // What follows is called by the client library, which no exception may cross.
  template <typename Body>
  int shielded(const Body& body) noexcept {
    try {
      return body();
    } catch (...) {
      thrown_ = std::current_exception();
      return -1;
    }
  }

  void rethrow_callbacks() {
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  }

  static my_bool bind_row(void* self, MYSQL_BIND* binds, unsigned row) {
    Impl& impl = *static_cast<Impl*>(self);
    const int failed = impl.shielded([&] {
      (*impl.row_values_)(row, impl.values_);
      for (std::size_t column = 0; column < impl.values_.size(); ++column) {
        const BoundValue& value = impl.values_[column];
        impl.indicators_[column] = value ? STMT_INDICATOR_NONE : STMT_INDICATOR_NULL;
        binds[column].buffer = const_cast<char*>(value.value_or("").data());
        binds[column].buffer_length = value.value_or("").size();
      }
      return 0;
    });
    return failed == 0 ? 0 : 1;
  }

  // The file's name is the server's wish, and not looked at.
  static int begin_text(void** state, const char* /*file*/, void* self) {
    *state = self;
    return static_cast<Impl*>(self)->text_ == nullptr ? 1 : 0;
  }
  static int read_text(void* self, char* out, unsigned size) {
    Impl& impl = *static_cast<Impl*>(self);
    return impl.shielded([&] { return static_cast<int>((*impl.text_)({out, size})); });
  }
  static void end_text(void* /*self*/) {}
  static int explain_no_text(void* /*self*/, char* out, unsigned size) {
    constexpr std::string_view kWhy = "the server asked for a file, and gets none";
    const std::size_t bytes = std::min<std::size_t>(kWhy.size(), size - 1);
    std::memcpy(out, kWhy.data(), bytes);
    out[bytes] = '\0';
    return CR_UNKNOWN_ERROR;
  }

  Connection connection_;
  ServerInfo server_;
  PreparedStatement prepared_;
  std::string prepared_sql_;        // empty where there is none that can be executed
  std::vector<BoundValue> values_;  // of the row that is bound
  std::vector<char> indicators_;    // of these
  std::vector<MYSQL_BIND> binds_;
  const RowValues* row_values_ = nullptr;  // of the statement under way
  const TextSource* text_ = nullptr;
  std::exception_ptr thrown_;
};

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Session Session::connect(const Endpoint& endpoint, std::uint32_t read_timeout_seconds, bool may_load_data) {
  return Session(std::make_unique<Impl>(endpoint, read_timeout_seconds, may_load_data));
}

const ServerInfo& Session::server() const { return impl_->server(); }
std::size_t Session::statement_bytes_max(std::size_t wanted) const {
  constexpr std::size_t kPacketOverheadBytes = 64;
  return std::min<std::size_t>(server().packet_bytes_max - kPacketOverheadBytes, wanted);
}
void Session::execute(std::string_view sql) { impl_->execute(sql); }
StatementResult Session::update(std::string_view sql) { return impl_->update(sql); }
StatementResult Session::update_rows(std::string_view sql, std::size_t rows, const RowValues& values) {
  return impl_->update_rows(sql, rows, values);
}
LoadDataResult Session::load_data(std::string_view sql, const TextSource& text) { return impl_->load_data(sql, text); }
std::vector<Row> Session::query(std::string_view sql) { return impl_->query(sql); }
std::vector<NamedRow> Session::query_named(std::string_view sql) { return impl_->query_named(sql); }
void Session::for_each(std::string_view sql, const std::function<void(const Row&)>& visit) {
  impl_->for_each(sql, visit);
}
std::vector<int> Session::warning_codes() { return impl_->warning_codes(); }
std::chrono::microseconds Session::round_trip() { return impl_->round_trip(); }
std::vector<std::string> Session::warnings() { return impl_->warnings(); }
std::uint64_t Session::connection_id() const { return impl_->connection_id(); }

int Session::socket() const { return impl_->socket(); }

bool get_lock(Session& session, const std::string& name) {
  return session.query("SELECT GET_LOCK(" + quote_text(name) + ", 0)").at(0).at(0) == "1";
}

void require_row_log(const Session& session) {
  if (!session.server().logs_statements) return;
  throw DatabaseError(fmt::format(
      "The server's binlog_format is STATEMENT, and so it takes no rows from chatload (error 1665). Run SET "
      "GLOBAL binlog_format = 'MIXED', or GRANT {} ON *.* to the user, so that chatload may set it for its "
      "own sessions; then run the same command again.",
      session.server().server == Server::kMysql ? "SESSION_VARIABLES_ADMIN" : "BINLOG ADMIN"));
}

}  // namespace chatload::mysql
