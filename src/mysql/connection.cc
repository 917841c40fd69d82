// TLS with libmariadb 10.11, as found by connecting to servers with and without it:
//
//   DISABLED         no option: plaintext
//   PREFERRED        SSL_ENFORCE: TLS, or plaintext where the server has none; over a socket no option
//   REQUIRED         SSL_ENFORCE, which alone accepts plaintext: login.cc looks at the greeting before it
//   VERIFY_IDENTITY  SSL_VERIFY_SERVER_CERT and the CA: the library checks the certificate before it sends the user
//
// A CA, certificate or key that is set is another wish for TLS to the library: they are set with TLS only. The cipher
// is looked at once more after the login, because everything hangs on it. login.cc says what becomes of the password.
#include "mysql/connection.h"

#include <cerrno>
#include <mutex>
#include <new>
#include <string>

#include "base/terminal_text.h"
#include "mysql/login.h"
#include "mysql/server_error.h"

namespace chatload::mysql {
namespace {

// What goes to the server at once. A LOAD DATA of 2 M lines takes 5,000 calls of the system, and 31,000 with the 8 KiB
// that are the library's own (strace -f -c).
constexpr unsigned long kNetBufferBytes = 64 * 1024;
constexpr unsigned kConnectTimeoutSeconds = 10;
constexpr std::size_t kPluginBytesMax = 64;  // of a name in a message

std::string bracketed(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

bool asks_for_tls(const Endpoint& endpoint) {
  return endpoint.ssl_mode != SslMode::kDisabled &&
         (endpoint.ssl_mode != SslMode::kPreferred || endpoint.socket.empty());
}

std::string place_of(const Endpoint& endpoint) {
  return endpoint.socket.empty() ? bracketed(endpoint.host) + ":" + std::to_string(endpoint.port) : endpoint.socket;
}

// For an access that was denied over a connection without TLS.
std::string tls_hint(bool server_has_tls) {
  return std::string(" The account may require TLS (REQUIRE SSL), and this connection has none: ") +
         (server_has_tls ? "use ssl-mode=REQUIRED in the URL." : "the server does not offer it.");
}

std::string plugin_refusal(const Endpoint& endpoint, const std::string& plugin) {
  if (plugin == "mysql_clear_password") {
    return "The server at " + place_of(endpoint) + " asks for the password in clear text (mysql_clear_password). " +
           "chatload sends it so only over verified TLS: use ssl-mode=VERIFY_IDENTITY with ssl-ca in the URL, or " +
           "give the account another plugin.";
  }
  return "The server at " + place_of(endpoint) + " asks for a login that chatload does not do" +
         (plugin.empty() ? "" : " (" + terminal_text(plugin, kPluginBytesMax) + ")") +
         "; give the account caching_sha2_password, sha256_password, mysql_native_password or ed25519.";
}

// What happened and what to do, for the errors that people meet; anything else in the server's words.
std::string sentence(const Endpoint& endpoint, int code, const std::string& message) {
  const std::string where = place_of(endpoint);
  const std::string said = " (" + message + ")";
  switch (code) {
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
      if (!endpoint.socket.empty()) {
        return "No server answers at the socket " + endpoint.socket + said +
               "; start the server or correct ?socket= in the URL.";
      }
      return "No server answers at " + where + said +
             "; start the server, let the network through, or correct host and port in the URL.";
    case CR_UNKNOWN_HOST: return "The host " + endpoint.host + " is unknown" + said + "; correct the host in the URL.";
    case ER_ACCESS_DENIED_ERROR:
    case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
      return "The server at " + where + " denied access to the user " + endpoint.user + said +
             "; correct the user in the URL or the password in --password-file, MYSQL_PWD or ~/.my.cnf.";
    case ER_DBACCESS_DENIED_ERROR:
      return "The user " + endpoint.user + " may not use the database " + endpoint.database + " at " + where + said +
             "; grant it, or correct user or database in the URL.";
    case ER_BAD_DB_ERROR:
      return "There is no database " + endpoint.database + " at " + where +
             "; create it with CREATE DATABASE or correct the URL.";
    case ER_HOST_NOT_PRIVILEGED:
      return "The server at " + where + " takes no connections from this machine" + said +
             "; grant access to the user from this host.";
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED:
      return "The server at " + where + " has too many connections" + said +
             "; end some, or raise the limit of the server or of the user: a load needs two at least.";
    case CR_SSL_CONNECTION_ERROR:
      return "TLS with the server at " + where + " failed" + said +
             "; enable TLS on the server, or correct ssl-mode, ssl-ca or the host in the URL.";
    case kSecureTransportRequired:
      return "The server at " + where + " takes encrypted connections only; use ssl-mode=REQUIRED in the URL.";
    case ER_MUST_CHANGE_PASSWORD:
    case ER_MUST_CHANGE_PASSWORD_LOGIN:
      return "The password of the user " + endpoint.user + " at " + where + " has expired" + said +
             "; set a new one with ALTER USER.";
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_HANDSHAKE_ERR:
    case CR_SERVER_LOST:
      if (message.ends_with("system error: " + std::to_string(ETIMEDOUT))) {
        return "The server at " + where + " does not answer" + said + "; see whether it hangs or has too much to do.";
      }
      return "The server at " + where + " closed the connection while it was being opened" + said +
             "; see whether it is a MySQL or MariaDB server and look into its error log.";
    default:
      return "Cannot connect to the server at " + where + " (" + message + ", error " + std::to_string(code) +
             "); correct the URL or the server and run the same command again.";
  }
}

bool is_encrypted(MYSQL& connection) {
  const char* const cipher = mysql_get_ssl_cipher(&connection);
  return cipher != nullptr && *cipher != '\0';
}

ConnectError refused_login(const Endpoint& endpoint, const Login& login) {
  if (login.lacks_tls()) return connect_failure(endpoint, CR_SSL_CONNECTION_ERROR, login.refusal());
  return {CR_AUTH_PLUGIN_ERR, "chatload did not log in at " + place_of(endpoint) + ": " + login.refusal() + "."};
}

void set_options(MYSQL& connection, const Endpoint& endpoint, std::uint32_t read_timeout_seconds, bool may_load_data) {
  const unsigned protocol = endpoint.socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  mysql_options(&connection, MYSQL_OPT_PROTOCOL, &protocol);
  mysql_options(&connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_options(&connection, MYSQL_OPT_CONNECT_TIMEOUT, &kConnectTimeoutSeconds);
  mysql_options(&connection, MYSQL_OPT_NET_BUFFER_LENGTH, &kNetBufferBytes);
  const unsigned local_infile = may_load_data ? 1 : 0;
  mysql_options(&connection, MYSQL_OPT_LOCAL_INFILE, &local_infile);
  if (read_timeout_seconds > 0) {
    mysql_options(&connection, MYSQL_OPT_READ_TIMEOUT, &read_timeout_seconds);
    mysql_options(&connection, MYSQL_OPT_WRITE_TIMEOUT, &read_timeout_seconds);
  }
  const bool verifies = endpoint.ssl_mode == SslMode::kVerifyIdentity;
  const bool asks = asks_for_tls(endpoint);
  // Both said in every mode: other versions of the library have other defaults.
  const my_bool enforce = asks && !verifies ? 1 : 0;
  const my_bool verify = verifies ? 1 : 0;
  mysql_options(&connection, MYSQL_OPT_SSL_ENFORCE, &enforce);
  mysql_options(&connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
  if (verifies) mysql_options(&connection, MYSQL_OPT_SSL_CA, endpoint.ssl_ca.c_str());
  if (asks && !endpoint.ssl_cert.empty()) mysql_options(&connection, MYSQL_OPT_SSL_CERT, endpoint.ssl_cert.c_str());
  if (asks && !endpoint.ssl_key.empty()) mysql_options(&connection, MYSQL_OPT_SSL_KEY, endpoint.ssl_key.c_str());
}

}  // namespace

ConnectError connect_failure(const Endpoint& endpoint, int code, const std::string& message) {
  if (message.find("init_connect") != std::string::npos) {
    // Not the server's ER_NEW_ABORTING_CONNECTION: that means a lost connection, which is worth a retry.
    return {CR_UNKNOWN_ERROR, "The server at " + place_of(endpoint) + " ended the connection: its init_connect " +
                                  "fails for the user " + endpoint.user + " (" + message +
                                  "). Correct that variable, or grant the user what it needs."};
  }
  return {code, sentence(endpoint, code, message)};
}

Connection open_connection(const Endpoint& endpoint, std::uint32_t read_timeout_seconds, bool may_load_data) {
  static std::once_flag initialised;  // mysql_init() would do it, but not safely in several threads
  std::call_once(initialised, [] { mysql_library_init(0, nullptr, nullptr); });
  Connection connection(mysql_init(nullptr));
  if (!connection) throw std::bad_alloc();
  set_options(*connection, endpoint, read_timeout_seconds, may_load_data);
  Login login(*connection, endpoint);  // changed by what the library calls
  // The library takes a socket with no other host.
  const char* const socket = endpoint.socket.empty() ? nullptr : endpoint.socket.c_str();
  const char* const host = socket != nullptr ? "localhost" : endpoint.host.c_str();
  if (mysql_real_connect(connection.get(), host, endpoint.user.c_str(), endpoint.password.c_str(),
                         endpoint.database.c_str(), endpoint.port, socket, 0) == nullptr) {
    if (!login.refusal().empty()) throw refused_login(endpoint, login);
    const int code = static_cast<int>(mysql_errno(connection.get()));
    if (code == CR_PLUGIN_NOT_ALLOWED) throw ConnectError(code, plugin_refusal(endpoint, login.plugin_wanted()));
    const bool was_encrypted = asks_for_tls(endpoint) && login.server_has_tls();
    const std::string hint = code == ER_ACCESS_DENIED_ERROR && !was_encrypted ? tls_hint(login.server_has_tls()) : "";
    throw ConnectError(code, connect_failure(endpoint, code, mysql_error(connection.get())).what() + hint);
  }
  const bool must_be_encrypted =
      endpoint.ssl_mode == SslMode::kRequired || endpoint.ssl_mode == SslMode::kVerifyIdentity;
  if (must_be_encrypted && !is_encrypted(*connection)) {
    throw connect_failure(endpoint, CR_SSL_CONNECTION_ERROR, "the server has no TLS");
  }
  return connection;
}

}  // namespace chatload::mysql
