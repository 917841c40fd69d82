// Each TLS mode against a server with TLS (MySQL makes its own certificates) or without (MariaDB unless told
// otherwise): which of the two is asked of the server. Over the socket; over TCP too where the server listens, as that
// of tls_over_tcp_test.py does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "base/errors.h"
#include "db/database_fixture.h"
#include "mysql/sql_text.h"

namespace chatload::mysql {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kListensOnSocketOnly = "this server listens on its socket only";
constexpr const char* kForLocalhost = "localhost.pem";  // how the name of a file with such a certificate ends

// A certificate, signed by itself, for one host name; its key beside it in PATH.key.
std::string certificate_for(const std::string& host) {
  const std::string path = ::testing::TempDir() + "chatload_" + host + ".pem";
  const std::string command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=" + host +
                              " -addext subjectAltName=DNS:" + host + " -keyout " + path + ".key -out " + path +
                              " 2>/dev/null && chmod 644 " + path + ".key";
  if (!std::filesystem::exists(path) && std::system(command.c_str()) != 0) throw std::runtime_error(command);
  return path;
}

// Serves TLS with the certificate at `path` for as long as this lives.
class ServerCertificate {
 public:
  ServerCertificate(Session& session, const std::string& path)
      : reload_(session),
        ca_(session, "ssl_ca", quote_text(path)),
        certificate_(session, "ssl_cert", quote_text(path)),
        key_(session, "ssl_key", quote_text(path + ".key")) {
    session.execute("ALTER INSTANCE RELOAD TLS");
  }

 private:
  // Reloads when the variables below have their old values again.
  struct Reload {
    explicit Reload(Session& session) : session_(session) {}
    Reload(const Reload&) = delete;
    Reload& operator=(const Reload&) = delete;
    ~Reload() { session_.execute("ALTER INSTANCE RELOAD TLS"); }
    Session& session_;
  };
  Reload reload_;
  GlobalVariable ca_;
  GlobalVariable certificate_;
  GlobalVariable key_;
};

class TlsTest : public DatabaseTest {
 protected:
  // The cipher of a connection, empty for plaintext, or the sentence that refuses it.
  static std::string cipher(const Endpoint& asked) {
    try {
      Session session = Session::connect(asked, 0);
      return session.query("SHOW SESSION STATUS LIKE 'Ssl_cipher'").at(0).at(1).value_or("");
    } catch (const DatabaseError& error) {
      return error.what();
    }
  }
  // The same over the socket.
  [[nodiscard]] std::string cipher(SslMode mode, const std::string& ssl_ca = "") const {
    Endpoint asked = endpoint();
    asked.ssl_mode = mode;
    asked.ssl_ca = ssl_ca;
    return cipher(asked);
  }

  bool listens() { return value(admin(), "SELECT @@skip_networking") == "0"; }
  static Endpoint over_tcp(Endpoint asked, const std::string& host, int port) {
    asked.socket.clear();
    asked.host = host;
    asked.port = static_cast<std::uint16_t>(port);
    return asked;
  }
  int port() { return std::stoi(value(admin(), "SELECT @@port")); }
};

TEST_F(TlsTest, DisabledAndOverASocketPreferredAreInPlaintext) {
  EXPECT_EQ(cipher(SslMode::kDisabled), "");
  EXPECT_EQ(cipher(SslMode::kPreferred), "");
}

TEST_F(TlsTest, OverTcpPreferredIsEncryptedWhereTheServerCan) {
  if (!listens()) GTEST_SKIP() << kListensOnSocketOnly;
  const Account account(admin(), "chatload_someone", "secret", endpoint().database);
  Endpoint asked = over_tcp(account.endpoint(endpoint(), "secret"), "127.0.0.1", port());
  EXPECT_EQ(cipher(asked) != "", server_has_tls()) << cipher(asked);
  asked.ssl_mode = SslMode::kDisabled;
  EXPECT_EQ(cipher(asked), "");
}

TEST_F(TlsTest, OverTcpVerifyIdentityAsksForTheHostOfTheUrlBeItLocalhost) {
  const std::string certificate = value(admin(), "SELECT @@ssl_cert");
  if (!listens()) GTEST_SKIP() << kListensOnSocketOnly;
  if (!certificate.ends_with(kForLocalhost)) GTEST_SKIP() << "this server has no certificate for localhost";
  const Account account(admin(), "chatload_someone", "secret", endpoint().database);
  Endpoint asked = over_tcp(account.endpoint(endpoint(), "secret"), "localhost", port());
  asked.ssl_mode = SslMode::kVerifyIdentity;
  asked.ssl_ca = certificate;
  EXPECT_THAT(cipher(asked), HasSubstr("AES"));
  asked.host = "127.0.0.1";
  EXPECT_THAT(cipher(asked), HasSubstr("TLS with the server"));
  asked.host = "localhost";
  asked.ssl_ca = certificate_for("elsewhere");
  EXPECT_THAT(cipher(asked), HasSubstr("TLS with the server"));
}

TEST_F(TlsTest, OverTcpTheClientsOwnCertificateIsShown) {
  const std::string certificate = value(admin(), "SELECT @@ssl_cert");
  if (!listens()) GTEST_SKIP() << kListensOnSocketOnly;
  if (!certificate.ends_with(kForLocalhost)) GTEST_SKIP() << "this server has no certificate for localhost";
  const Account account(admin(), "chatload_someone", "secret", endpoint().database);
  admin().execute("ALTER USER chatload_someone@'%' REQUIRE X509");
  Endpoint asked = over_tcp(account.endpoint(endpoint(), "secret"), "localhost", port());
  EXPECT_THAT(cipher(asked), HasSubstr("denied access"));
  asked.ssl_cert = certificate;
  asked.ssl_key = certificate + ".key";
  EXPECT_THAT(cipher(asked), HasSubstr("AES"));
}

TEST_F(TlsTest, RequiredIsEncryptedOrRefused) {
  if (server_has_tls()) {
    EXPECT_THAT(cipher(SslMode::kRequired), HasSubstr("AES"));
  } else {
    EXPECT_THAT(cipher(SslMode::kRequired), AllOf(HasSubstr("TLS with the server"), HasSubstr("no TLS")));
  }
}

TEST_F(TlsTest, VerifyIdentityRefusesWhatNoAuthorityVouchesFor) {
  EXPECT_THAT(cipher(SslMode::kVerifyIdentity, "/no/such/ca.pem"), HasSubstr("TLS with the server"));
}

TEST_F(TlsTest, VerifyIdentityRefusesAServerWithoutTls) {
  if (server_has_tls()) GTEST_SKIP() << "this server has TLS";
  EXPECT_THAT(cipher(SslMode::kVerifyIdentity, certificate_for("localhost")), HasSubstr("TLS with the server"));
}

TEST_F(TlsTest, VerifyIdentityTakesTheHostsCertificateAndNoOther) {
  if (!server_has_tls() || !is_mysql()) GTEST_SKIP() << "only MySQL with TLS takes a new certificate while it runs";
  {
    const ServerCertificate good(admin(), certificate_for("localhost"));
    EXPECT_THAT(cipher(SslMode::kVerifyIdentity, certificate_for("localhost")), HasSubstr("AES"));
    EXPECT_THAT(cipher(SslMode::kVerifyIdentity, certificate_for("elsewhere")), HasSubstr("TLS with the server"));
  }
  const ServerCertificate other_host(admin(), certificate_for("elsewhere"));
  EXPECT_THAT(cipher(SslMode::kVerifyIdentity, certificate_for("elsewhere")), HasSubstr("TLS with the server"));
}

}  // namespace
}  // namespace chatload::mysql
