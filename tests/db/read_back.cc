// A message on the socket is its size and its bytes. A request is kUse, kQuery or kPrepared, and a text. An answer is
// kRows and the rows, or kFailed and what failed. A row is the number of its cells, and the cells; a cell is its size
// and its bytes, or kNull.
#include "db/read_back.h"

#include <cppconn/driver.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>
#include <cppconn/statement.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>

namespace chatload {
namespace {

constexpr char kUse = 'u', kQuery = 'q', kPrepared = 'p', kRows = 'r', kFailed = 'f';
constexpr std::uint64_t kNull = std::numeric_limits<std::uint64_t>::max();

void append_number(std::string& text, std::uint64_t number) {
  std::array<char, sizeof number> bytes{};
  std::memcpy(bytes.data(), &number, sizeof number);
  text.append(bytes.data(), bytes.size());
}

std::uint64_t take_number(std::string_view& text) {
  std::uint64_t number = 0;
  std::memcpy(&number, text.data(), sizeof number);
  text.remove_prefix(sizeof number);
  return number;
}

// False where the other side has gone.
bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool receive_all(int socket, std::string& bytes) {
  return bytes.empty() || recv(socket, bytes.data(), bytes.size(), MSG_WAITALL) == static_cast<ssize_t>(bytes.size());
}

bool send_message(int socket, const std::string& message) {
  std::string size;
  append_number(size, message.size());
  return send_all(socket, size) && send_all(socket, message);
}

std::optional<std::string> receive_message(int socket) {
  std::string size(sizeof(std::uint64_t), '\0');
  if (!receive_all(socket, size)) return std::nullopt;
  std::string_view number = size;
  std::string message(take_number(number), '\0');
  if (!receive_all(socket, message)) return std::nullopt;
  return message;
}

sql::ConnectOptionsMap options_of(const mysql::Endpoint& endpoint) {
  sql::ConnectOptionsMap options;
  const std::string server = endpoint.socket.empty() ? "tcp://" + endpoint.host + ":" + std::to_string(endpoint.port)
                                                     : "unix://" + endpoint.socket;
  options["hostName"] = sql::SQLString(server);
  options["userName"] = sql::SQLString(endpoint.user);
  options["password"] = sql::SQLString(endpoint.password);
  options["OPT_CHARSET_NAME"] = sql::SQLString("utf8mb4");
  options["postInit"] = sql::SQLString("SET time_zone = '+00:00'");
  return options;
}

void append_rows(std::string& answer, sql::ResultSet& result) {
  const unsigned columns = result.getMetaData()->getColumnCount();
  while (result.next()) {
    append_number(answer, columns);
    for (unsigned column = 1; column <= columns; ++column) {
      const std::string text = result.getString(column).asStdString();
      append_number(answer, result.isNull(column) ? kNull : text.size());
      answer += text;
    }
  }
}

std::string answer_to(sql::Connection& connection, const std::string& request) {
  const std::string text = request.substr(1);
  std::string answer(1, kRows);
  if (request[0] == kUse) {
    connection.setSchema(text);
  } else if (request[0] == kQuery) {
    const std::unique_ptr<sql::Statement> statement(connection.createStatement());
    append_rows(answer, *std::unique_ptr<sql::ResultSet>(statement->executeQuery(text)));
  } else {
    const std::unique_ptr<sql::PreparedStatement> statement(connection.prepareStatement(text));
    append_rows(answer, *std::unique_ptr<sql::ResultSet>(statement->executeQuery()));
  }
  return answer;
}

// In the other process, until this one closes its end. It connects at the first request, so that this one learns of it.
void serve(int socket, const mysql::Endpoint& endpoint) {
  std::unique_ptr<sql::Connection> connection;
  while (const auto request = receive_message(socket)) {
    std::string answer;
    try {
      sql::ConnectOptionsMap options = options_of(endpoint);
      if (!connection) connection.reset(get_driver_instance()->connect(options));
      answer = answer_to(*connection, *request);
    } catch (const std::exception& failure) {
      answer = kFailed + std::string(failure.what());
    }
    if (!send_message(socket, answer)) return;
  }
}

class ReadBackEnvironment : public ::testing::Environment {
 public:
  void SetUp() override {
    const char* url = std::getenv("CHATLOAD_TEST_URL");
    if (url == nullptr) return;  // every test says so
    mysql::Endpoint endpoint = mysql::parse_endpoint(url);
    mysql::add_credentials(endpoint, {});
    connection.emplace(endpoint);
  }
  void TearDown() override { connection.reset(); }

  std::optional<ReadBack> connection;
};

auto* const environment =
    static_cast<ReadBackEnvironment*>(::testing::AddGlobalTestEnvironment(new ReadBackEnvironment));

}  // namespace

ReadBack::ReadBack(const mysql::Endpoint& endpoint) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw std::runtime_error("no socket pair");
  process_ = fork();
  if (process_ == -1) throw std::runtime_error("no process to read back with");
  if (process_ == 0) {
    close(ends[0]);
    serve(ends[1], endpoint);
    _exit(0);
  }
  close(ends[1]);
  socket_ = ends[0];
}

ReadBack::~ReadBack() {
  close(socket_);
  waitpid(process_, nullptr, 0);
}

void ReadBack::use(std::string_view database) { static_cast<void>(ask(kUse, database)); }

std::vector<mysql::Row> ReadBack::query(std::string_view sql) { return ask(kQuery, sql); }

std::vector<mysql::Row> ReadBack::query_prepared(std::string_view sql) { return ask(kPrepared, sql); }

std::vector<mysql::Row> ReadBack::ask(char what, std::string_view text) {
  std::string request(1, what);
  request += text;
  const std::optional<std::string> answer = send_message(socket_, request) ? receive_message(socket_) : std::nullopt;
  if (!answer) throw std::runtime_error("the process that reads back has ended");
  std::string_view rest = std::string_view(*answer).substr(1);
  if (answer->front() == kFailed) throw std::runtime_error("Connector/C++: " + std::string(rest));
  std::vector<mysql::Row> rows;
  while (!rest.empty()) {
    mysql::Row& row = rows.emplace_back(take_number(rest));
    for (std::optional<std::string>& cell : row) {
      const std::uint64_t size = take_number(rest);
      if (size == kNull) continue;
      cell = rest.substr(0, size);
      rest.remove_prefix(size);
    }
  }
  return rows;
}

ReadBack& read_back_connection() { return environment->connection.value(); }

}  // namespace chatload
