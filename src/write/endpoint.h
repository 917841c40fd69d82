// Where the database is and how to get in: mysql://user@host:3306/database?socket=/path&ssl-mode=…&ssl-ca=…
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace chatload::write {

// As in the MySQL manual ("Command Options for Encrypted Connections"); VERIFY_CA is refused with a sentence, because
// the client library cannot check a certificate without the host's name.
//
// Without TLS a password still travels protected: as a digest, or, where caching_sha2_password wants it whole,
// encrypted with a key that the server sends. Nobody vouches for that key: on a network that may be hostile use
// VERIFY_IDENTITY.
enum class SslMode {
  kDisabled,        // plaintext
  kPreferred,       // TLS where the server has it, except over a socket; the default, as in MySQL's own clients
  kRequired,        // TLS or no connection, over a socket too; the certificate is not checked
  kVerifyIdentity,  // TLS, certificate and host name checked against ssl-ca
};

struct Endpoint {
  std::string user;
  std::string host;  // without a socket "localhost" too is reached over TCP, and a certificate must be for that name
  std::uint16_t port = 3306;
  std::string database;
  std::string socket;  // a Unix socket's path; used in place of host and port where given
  SslMode ssl_mode = SslMode::kPreferred;
  std::string ssl_ca;
  std::string password;  // from the credentials, never from the URL; never printed

  // For messages: the URL without credentials other than the user.
  [[nodiscard]] std::string display() const;
};

// Percent-decodes each part. Throws UsageError: another scheme, no database, neither host nor socket, a password in the
// URL (it would stand in the process list), an unknown or repeated parameter, VERIFY_IDENTITY without ssl-ca or ssl-ca
// without VERIFY_IDENTITY.
[[nodiscard]] Endpoint parse_endpoint(std::string_view url);

// Fills user (where the URL names none) and password from, first that has one: password_file (its first line),
// MYSQL_PWD (unless empty), ~/.my.cnf, whose group [chatload] goes before [client]. A user still missing is the login
// name.
// Throws UsageError for a password file that cannot be read.
void add_credentials(Endpoint& endpoint, const std::optional<std::filesystem::path>& password_file);

}  // namespace chatload::write
