// A database of the test's own on the server that CHATLOAD_TEST_URL names, dropped when the test ends.
//
// The URL's user must be allowed everything: tests kill connections, create users and set global variables, which each
// puts back. So one server serves one run at a time.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "db/read_back.h"
#include "ledger/schema.h"
#include "mapping/mapping_file.h"
#include "mysql/session.h"
#include "mysql/sql_text.h"

namespace chatload {

class DatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* url = std::getenv("CHATLOAD_TEST_URL");
    ASSERT_NE(url, nullptr) << "set CHATLOAD_TEST_URL, for example to the output of scripts/sandbox url";
    endpoint_ = mysql::parse_endpoint(url);
    mysql::add_credentials(endpoint_, {});
    admin_.emplace(mysql::Session::connect(endpoint_, 0));

    static int count = 0;
    endpoint_.database = "chatload_test_" + std::to_string(getpid()) + "_" + std::to_string(++count);
    admin_->execute("CREATE DATABASE " + endpoint_.database + " CHARACTER SET utf8mb4");
    admin_->execute("USE " + endpoint_.database);
    read_back().use(endpoint_.database);
  }

  void TearDown() override {
    if (admin_) admin_->execute("DROP DATABASE IF EXISTS " + endpoint_.database);
  }

  // The endpoint of the test's own database.
  [[nodiscard]] const mysql::Endpoint& endpoint() const { return endpoint_; }
  // A session in that database, without a read timeout.
  [[nodiscard]] mysql::Session& admin() { return *admin_; }
  [[nodiscard]] mysql::Session connect(bool may_load_data = false) const {
    return mysql::Session::connect(endpoint_, kReadTimeoutSeconds, may_load_data);
  }
  [[nodiscard]] bool is_mysql() const { return admin_->server().server == mysql::Server::kMysql; }

  // What ledger::apply_schema() makes. It does so once a process; its definitions are used from then on, because most
  // of its time goes into altering tables that it has just made.
  void make_tables() {
    static std::vector<std::string> made;
    for (const std::string& statement : made) admin().execute(statement);
    if (!made.empty()) return;
    static_cast<void>(ledger::apply_schema(admin(), mapping::chat_mapping()));
    for (const mysql::Row& table : admin().query("SHOW TABLES")) {
      made.push_back(admin().query("SHOW CREATE TABLE " + table.at(0).value()).at(0).at(1).value());
    }
    std::string migrations;
    for (const mysql::Row& row : admin().query("SELECT number, name FROM chatload_migrations")) {
      migrations +=
          (migrations.empty() ? "(" : ", (") + row.at(0).value() + ", '" + row.at(1).value() + "', UTC_TIMESTAMP(6))";
    }
    made.push_back("INSERT INTO chatload_migrations (number, name, applied_at) VALUES " + migrations);
  }

  // Another client than chatload's, to read in that database what was written and committed.
  [[nodiscard]] ReadBack& read_back() { return read_back_connection(); }
  [[nodiscard]] std::string value_read_back(const std::string& query) {
    return read_back().query(query).at(0).at(0).value_or("NULL");
  }

  // What the session itself is told.
  [[nodiscard]] std::string value(mysql::Session& session, const std::string& query) const {
    return session.query(query).at(0).at(0).value_or("NULL");
  }

  // KILL, and returns when the server has let go of the connection.
  void kill(const mysql::Session& session) {
    const std::string id = std::to_string(session.connection_id());
    admin_->execute("KILL " + id);
    while (!admin_->query("SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = " + id).empty()) {
    }
  }

  // Whether some statement comes to wait for a row's lock.
  [[nodiscard]] bool sees_lock_wait() {
    const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (admin().query("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'").at(0).at(1) == "0") {
      if (std::chrono::steady_clock::now() > give_up_at) return false;
    }
    return true;
  }

  [[nodiscard]] bool server_has_tls() {
    if (!is_mysql()) return value(*admin_, "SELECT @@have_ssl") == "YES";
    const auto rows = admin_->query("SHOW GLOBAL STATUS LIKE 'Ssl_server_not_after'");
    return !rows.empty() && !rows[0][1].value_or("").empty();
  }

 private:
  static constexpr std::uint32_t kReadTimeoutSeconds = 60;

  mysql::Endpoint endpoint_;
  std::optional<mysql::Session> admin_;
};

// A global variable set for as long as this lives.
class GlobalVariable {
 public:
  GlobalVariable(mysql::Session& session, std::string name, const std::string& value)
      : session_(session),
        name_(std::move(name)),
        before_(session.query("SELECT @@global." + name_).at(0).at(0).value_or("")) {
    session_.execute("SET GLOBAL " + name_ + " = " + value);
  }
  GlobalVariable(const GlobalVariable&) = delete;
  GlobalVariable& operator=(const GlobalVariable&) = delete;
  ~GlobalVariable() {
    const bool is_number = !before_.empty() && before_.find_first_not_of("0123456789") == std::string::npos;
    session_.execute("SET GLOBAL " + name_ + " = " + (is_number ? before_ : mysql::quote_text(before_)));
  }

 private:
  mysql::Session& session_;
  std::string name_;
  std::string before_;
};

// An account with a password and all rights on one database, dropped with this.
class Account {
 public:
  Account(mysql::Session& session, std::string name, const std::string& password, const std::string& database)
      : session_(session), name_(std::move(name)) {
    session_.execute("CREATE USER " + name_ + "@'%' IDENTIFIED BY " + mysql::quote_text(password));
    session_.execute("GRANT ALL ON " + mysql::quote_identifier(database) + ".* TO " + name_ + "@'%'");
  }
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;
  ~Account() { session_.execute("DROP USER " + name_ + "@'%'"); }

  [[nodiscard]] mysql::Endpoint endpoint(mysql::Endpoint base, const std::string& password) const {
    base.user = name_;
    base.password = password;
    return base;
  }

 private:
  mysql::Session& session_;
  std::string name_;
};

// What failed, or nothing.
template <typename Failure, typename Body>
std::optional<Failure> failure_of(Body&& body) {
  try {
    body();
  } catch (const Failure& failure) {
    return failure;
  }
  return std::nullopt;
}

}  // namespace chatload
