// TLS with Connector/C++ 1.1.12 on libmariadb 10.11, as found by connecting to servers with and without it:
//
//   DISABLED         no option: plaintext
//   PREFERRED        sslEnforce: TLS, or plaintext where the server has none; over a socket no option
//   REQUIRED         sslEnforce, then Ssl_cipher must not be empty: sslEnforce alone accepts plaintext
//   VERIFY_IDENTITY  sslVerify and sslCA: refuses a server without TLS; sslCA alone accepts one. Checked again all the
//                    same, because everything hangs on it
//
// OPT_SSL_MODE has no effect and is not used. A password works against caching_sha2_password over a socket, TCP and TLS
// alike, whether the server has it cached or not. tests/db/tls_test.cc repeats this on any server.
#include "write/connection.h"

#include <cppconn/exception.h>
#include <cppconn/resultset.h>
#include <cppconn/statement.h>

#include <string>

namespace chatload::write {
namespace {

constexpr int kConnectTimeoutSeconds = 10;

// An IPv6 address in brackets: the driver, too, takes what follows the first colon of a bare one for a port.
std::string bracketed(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

// What happened and what to do, for the errors that people meet; anything else in the server's words.
std::string connect_failure(const Endpoint& endpoint, int code, const std::string& message) {
  const std::string host = bracketed(endpoint.host) + ":" + std::to_string(endpoint.port);
  const std::string where = endpoint.socket.empty() ? host : endpoint.socket;
  const std::string said = " (" + message + ")";
  switch (code) {
    case 2002:
    case 2003:
      if (!endpoint.socket.empty()) {
        return "No server answers at the socket " + endpoint.socket + said +
               "; start the server or correct ?socket= in the URL.";
      }
      return "No server answers at " + host + said +
             "; start the server, let the network through, or correct host and port in the URL.";
    case 2005: return "The host " + endpoint.host + " is unknown" + said + "; correct the host in the URL.";
    case 1045:
    case 1698:
      return "The server at " + where + " denied access to the user " + endpoint.user + said +
             "; correct the user in the URL or the password in --password-file, MYSQL_PWD or ~/.my.cnf.";
    case 1044:
      return "The user " + endpoint.user + " may not use the database " + endpoint.database + " at " + where + said +
             "; grant it, or correct user or database in the URL.";
    case 1049:
      return "There is no database " + endpoint.database + " at " + where +
             "; create it with CREATE DATABASE or correct the URL.";
    case 1130:
      return "The server at " + where + " takes no connections from this machine" + said +
             "; grant access to the user from this host.";
    case 1040:
    case 1203:
    case 1226:
      return "The server at " + where + " has too many connections" + said +
             "; lower --connections, or raise the server's limit.";
    case 2026:
      return "TLS with the server at " + where + " failed" + said +
             "; enable TLS on the server, or correct ssl-mode, ssl-ca or the host in the URL.";
    case 3159: return "The server at " + where + " takes encrypted connections only; use ssl-mode=REQUIRED in the URL.";
    case 1820:
    case 1862:
      return "The password of the user " + endpoint.user + " at " + where + " has expired" + said + "; set a new one.";
    case 2006:
    case 2012:
    case 2013:
      return "The server at " + where + " closed the connection while it was being opened" + said +
             "; see whether it is a MySQL or MariaDB server and look into its error log.";
    default:
      return "Cannot connect to the server at " + where + " (" + message + ", error " + std::to_string(code) +
             "); correct the URL or the server and run the same command again.";
  }
}

bool is_encrypted(sql::mysql::MySQL_Connection& connection) {
  const std::unique_ptr<sql::Statement> statement(connection.createStatement());
  const std::unique_ptr<sql::ResultSet> row(statement->executeQuery("SHOW SESSION STATUS LIKE 'Ssl_cipher'"));
  return row->next() && row->getString(2).length() > 0;
}

sql::ConnectOptionsMap connect_options(const Endpoint& endpoint, std::uint32_t read_timeout_seconds) {
  sql::ConnectOptionsMap options;
  options["hostName"] = sql::SQLString(bracketed(endpoint.host));
  if (endpoint.socket.empty()) {
    options["port"] = static_cast<int>(endpoint.port);
  } else {
    options["socket"] = sql::SQLString(endpoint.socket);
  }
  options["userName"] = sql::SQLString(endpoint.user);
  options["password"] = sql::SQLString(endpoint.password);
  options["schema"] = sql::SQLString(endpoint.database);
  options["OPT_CHARSET_NAME"] = sql::SQLString("utf8mb4");
  options["OPT_LOCAL_INFILE"] = 0;
  options["OPT_RECONNECT"] = false;
  options["OPT_CONNECT_TIMEOUT"] = kConnectTimeoutSeconds;
  if (read_timeout_seconds > 0) {
    options["OPT_READ_TIMEOUT"] = static_cast<int>(read_timeout_seconds);
    options["OPT_WRITE_TIMEOUT"] = static_cast<int>(read_timeout_seconds);
  }

  switch (endpoint.ssl_mode) {
    case SslMode::kDisabled: break;
    case SslMode::kPreferred:
      if (endpoint.socket.empty()) options["sslEnforce"] = true;
      break;
    case SslMode::kRequired: options["sslEnforce"] = true; break;
    case SslMode::kVerifyIdentity:
      options["sslVerify"] = true;
      options["sslCA"] = sql::SQLString(endpoint.ssl_ca);
      break;
  }
  return options;
}

}  // namespace

sql::mysql::MySQL_Driver& driver() {
  static sql::mysql::MySQL_Driver& driver_made_once = *sql::mysql::get_mysql_driver_instance();
  return driver_made_once;
}

std::unique_ptr<sql::mysql::MySQL_Connection> open_connection(const Endpoint& endpoint,
                                                              std::uint32_t read_timeout_seconds) {
  const bool must_be_encrypted =
      endpoint.ssl_mode == SslMode::kRequired || endpoint.ssl_mode == SslMode::kVerifyIdentity;
  try {
    sql::ConnectOptionsMap options = connect_options(endpoint, read_timeout_seconds);
    std::unique_ptr<sql::Connection> opened(driver().connect(options));
    std::unique_ptr<sql::mysql::MySQL_Connection> connection(
        dynamic_cast<sql::mysql::MySQL_Connection*>(opened.release()));
    if (must_be_encrypted && !is_encrypted(*connection)) {
      throw ConnectError(2026, connect_failure(endpoint, 2026, "the server has no TLS"));
    }
    return connection;
  } catch (const sql::SQLException& error) {
    throw ConnectError(error.getErrorCode(), connect_failure(endpoint, error.getErrorCode(), error.what()));
  }
}

}  // namespace chatload::write
