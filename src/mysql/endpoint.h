// Where the database is and how to get in: mysql://user@host:3306/database?socket=/path&ssl-mode=…&ssl-ca=…
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace chatload::mysql {

// As in the MySQL manual ("Command Options for Encrypted Connections"); VERIFY_CA is refused with a sentence, because
// the client library cannot check a certificate without the host's name.
//
// Without TLS a password is sent as a digest, or encrypted with the server's RSA key (mysql/login.cc). That protects it
// against listeners. Against a false server, only VERIFY_IDENTITY or a server_public_key from a file does.
enum class SslMode {
  kDisabled,        // plaintext
  kPreferred,       // TLS if the server has it, except over a socket; else RSA with the key that the server sends. The
                    // default, as in MySQL's own clients (which do not ask for the key)
  kRequired,        // TLS or no connection, over a socket too; the certificate is not checked
  kVerifyIdentity,  // TLS, certificate and host name checked against ssl-ca
};

// A mode's name, in any case. Throws UsageError, which names `where`, for another text.
[[nodiscard]] SslMode parse_ssl_mode(std::string text, const std::string& where);

struct Endpoint {
  std::string user;
  std::string host;  // without a socket "localhost" too is reached over TCP, and a certificate must be for that name
  std::uint16_t port = 3306;
  std::string database;
  std::string socket;  // a Unix socket's path; used in place of host and port where given
  SslMode ssl_mode = SslMode::kPreferred;
  bool says_ssl_mode = false;  // the URL has a mode, so ~/.my.cnf's does not count
  std::string ssl_ca;
  std::string ssl_cert, ssl_key;     // the client's own certificate, for accounts that require one; else empty
  std::string password;              // never from the URL; never printed
  std::string server_public_key;     // RSA, in PEM: encrypts the password without TLS; else empty
  bool asks_for_public_key = false;  // DISABLED too may use the key that the server sends

  // For messages: the URL without credentials other than the user.
  [[nodiscard]] std::string display() const;
};

// Percent-decodes each part. Throws UsageError: another scheme, no database, neither host nor socket, a password in the
// URL (it would stand in the process list), an unknown or repeated parameter, ssl-ca without VERIFY_IDENTITY.
[[nodiscard]] Endpoint parse_endpoint(std::string_view url);

// The flags that go with a URL.
struct LoginFlags {
  std::optional<std::filesystem::path> password_file;
  std::optional<std::filesystem::path> server_public_key_file;
  bool get_server_public_key = false;
};

// Fills in what the URL leaves open. The password is from the first of these that has one: the password file (its first
// line), MYSQL_PWD (unless empty), ~/.my.cnf. That file also gives the user (else it is the login name), TLS settings
// (mysql/tls_options.h) and the server's public key. Its group [chatload] goes before [client].
// Throws UsageError for a file that cannot be read or does not hold what it should, and for VERIFY_IDENTITY without
// ssl-ca.
void add_credentials(Endpoint& endpoint, const LoginFlags& flags);

}  // namespace chatload::mysql
