#include "mysql/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/errors.h"

namespace chatload::mysql {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string refusal(const std::string& url) {
  try {
    (void)parse_endpoint(url);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(EndpointTest, EveryPartIsRead) {
  const Endpoint endpoint =
      parse_endpoint("mysql://me@db.example:3307/chat?ssl-mode=verify_identity&ssl-ca=/etc/ca.pem");
  EXPECT_EQ(endpoint.user, "me");
  EXPECT_EQ(endpoint.host, "db.example");
  EXPECT_EQ(endpoint.port, 3307);
  EXPECT_EQ(endpoint.database, "chat");
  EXPECT_EQ(endpoint.ssl_mode, SslMode::kVerifyIdentity);
  EXPECT_EQ(endpoint.ssl_ca, "/etc/ca.pem");
}

TEST(EndpointTest, WhatIsLeftOutHasItsDefault) {
  const Endpoint endpoint = parse_endpoint("mysql://db/chat");
  EXPECT_EQ(endpoint.user, "");
  EXPECT_EQ(endpoint.port, 3306);
  EXPECT_EQ(endpoint.socket, "");
  EXPECT_EQ(endpoint.ssl_mode, SslMode::kPreferred);
}

TEST(EndpointTest, PercentEscapesAreDecodedInEveryPart) {
  const Endpoint endpoint = parse_endpoint("mysql://a%40b@h%2dx/my%2Fdb?socket=%2Ftmp%2Fa%26b.sock");
  EXPECT_EQ(endpoint.user, "a@b");
  EXPECT_EQ(endpoint.host, "h-x");
  EXPECT_EQ(endpoint.database, "my/db");
  EXPECT_EQ(endpoint.socket, "/tmp/a&b.sock");
}

TEST(EndpointTest, AHostMayBeAnIpv6Address) {
  const Endpoint endpoint = parse_endpoint("mysql://me@[::1]:3307/chat");
  EXPECT_EQ(endpoint.host, "::1");
  EXPECT_EQ(endpoint.port, 3307);
  EXPECT_EQ(endpoint.display(), "mysql://me@[::1]:3307/chat");
}

TEST(EndpointTest, ASocketNeedsNoHost) {
  EXPECT_EQ(parse_endpoint("mysql:///chat?socket=/run/s.sock").host, "localhost");
  EXPECT_THAT(refusal("mysql:///chat"), HasSubstr("neither a host nor a socket"));
}

TEST(EndpointTest, APasswordInTheUrlIsRefusedAndNotRepeated) {
  for (const char* url : {"mysql://me:hunter2@db/chat", "mysql://me:hun/ter2@db/chat", "mysql://me:hun@ter2@db/chat"}) {
    EXPECT_THAT(refusal(url), AllOf(HasSubstr("--password-file"), Not(HasSubstr("hun")), Not(HasSubstr("ter2"))));
  }
  EXPECT_THAT(refusal("postgres://me:hunter2@db/chat"), AllOf(HasSubstr("mysql://"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(refusal("mysql://me:hun?ter2@db/chat"), AllOf(Not(HasSubstr("hun")), Not(HasSubstr("ter2"))));
  EXPECT_THAT(refusal("mysql://me@db/chat?password=hunter2"),
              AllOf(HasSubstr("'password'"), Not(HasSubstr("hunter2"))));
}

TEST(EndpointTest, WhatCannotBeIsRefusedWithItsReason) {
  EXPECT_THAT(refusal("db/chat"), HasSubstr("mysql://user@host:3306/database"));
  EXPECT_THAT(refusal("mysql://db"), HasSubstr("names no database"));
  EXPECT_THAT(refusal("mysql://db/"), HasSubstr("names no database"));
  EXPECT_THAT(refusal("mysql://db/chat/table"), HasSubstr("after the database's name"));
  EXPECT_THAT(refusal("mysql://db:0/chat"), HasSubstr("port"));
  EXPECT_THAT(refusal("mysql://db:65536/chat"), HasSubstr("port"));
  EXPECT_THAT(refusal("mysql://db:/chat"), HasSubstr("port"));
  EXPECT_THAT(refusal("mysql://[::1/chat"), HasSubstr("']'"));
  EXPECT_THAT(refusal("mysql://db/ch%zzat"), HasSubstr("%25"));
  EXPECT_THAT(refusal("mysql://db/chat%00"), HasSubstr("%25"));
  EXPECT_THAT(refusal("mysql://db/chat%4"), HasSubstr("%25"));
  EXPECT_THAT(refusal("mysql://db/chat?timeout=3"), HasSubstr("unknown parameter 'timeout'"));
  EXPECT_THAT(refusal("mysql://db/chat?socket=/a&socket=/b"), HasSubstr("'socket' twice"));
  EXPECT_THAT(refusal("mysql://db/chat?socket="), HasSubstr("no value"));
}

TEST(EndpointTest, TlsThatWouldNotCheckWhatItSeemsToIsRefused) {
  EXPECT_THAT(refusal("mysql://db/chat?ssl-mode=VERIFY_CA&ssl-ca=/ca.pem"), HasSubstr("use VERIFY_IDENTITY"));
  EXPECT_THAT(refusal("mysql://db/chat?ssl-mode=REQUIRED&ssl-ca=/ca.pem"), HasSubstr("only with"));
  EXPECT_THAT(refusal("mysql://db/chat?ssl-mode=yes"), HasSubstr("takes DISABLED"));
}

TEST(EndpointTest, ItIsShownWithoutThePassword) {
  Endpoint endpoint = parse_endpoint("mysql://a%40b@localhost/chat?socket=/run/my%20s.sock");
  endpoint.password = "hunter2";
  EXPECT_EQ(endpoint.display(), "mysql://a%40b@localhost/chat?socket=/run/my%20s.sock");
}

// A home directory and environment of the test's own.
class CredentialsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = ::testing::TempDir() + "credentials_XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    home_ = path;
    setenv("HOME", home_.c_str(), 1);
    unsetenv("MYSQL_PWD");
  }
  void TearDown() override {
    std::filesystem::remove_all(home_);
    unsetenv("MYSQL_PWD");
    if (old_home_ != nullptr) setenv("HOME", old_home_text_.c_str(), 1);
  }

  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::ofstream(home_ / name) << text;
    return home_ / name;
  }

  static Endpoint with_flags(const std::string& url, const LoginFlags& flags) {
    Endpoint endpoint = parse_endpoint(url);
    add_credentials(endpoint, flags);
    return endpoint;
  }
  static Endpoint with_credentials(const std::string& url) { return with_flags(url, {}); }
  static LoginFlags password_file(const std::filesystem::path& path) {
    LoginFlags flags;
    flags.password_file = path;
    return flags;
  }
  static LoginFlags public_key_file(const std::filesystem::path& path) {
    LoginFlags flags;
    flags.server_public_key_file = path;
    return flags;
  }
  static std::string refused(const std::string& url, const LoginFlags& flags = {}) {
    try {
      (void)with_flags(url, flags);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }
  // Of a URL without one.
  SslMode mode_of(const std::string& options) {
    write(".my.cnf", "[client]\n" + options + "\n");
    return with_credentials("mysql://me@db/chat").ssl_mode;
  }

 private:
  std::filesystem::path home_;
  const char* old_home_ = std::getenv("HOME");
  std::string old_home_text_ = old_home_ == nullptr ? "" : old_home_;
};

TEST_F(CredentialsTest, ThePasswordFileGoesBeforeTheEnvironmentAndThatBeforeTheOptionsFile) {
  write(".my.cnf", "[client]\npassword=from_file\n");
  EXPECT_EQ(with_credentials("mysql://me@db/chat").password, "from_file");
  setenv("MYSQL_PWD", "from_environment", 1);
  EXPECT_EQ(with_credentials("mysql://me@db/chat").password, "from_environment");
  const auto path = write("password", "from the password file\r\nsecond line\n");
  EXPECT_EQ(with_flags("mysql://me@db/chat", password_file(path)).password, "from the password file");
}

TEST_F(CredentialsTest, TheUrlsUserGoesBeforeTheOptionsFilesAndThatBeforeTheLoginName) {
  EXPECT_NE(with_credentials("mysql://db/chat").user, "");
  write(".my.cnf", "[client]\nuser=from_file\n");
  EXPECT_EQ(with_credentials("mysql://db/chat").user, "from_file");
  EXPECT_EQ(with_credentials("mysql://me@db/chat").user, "me");
}

TEST_F(CredentialsTest, TheGroupOfChatloadGoesBeforeTheClientsWhereverItStands) {
  write(".my.cnf", "[chatload]\npassword = mine\n[mysqld]\nuser=mysql\n[client]\nuser=me\npassword=general\n");
  const Endpoint endpoint = with_credentials("mysql://db/chat");
  EXPECT_EQ(endpoint.user, "me");
  EXPECT_EQ(endpoint.password, "mine");
}

TEST_F(CredentialsTest, QuotesEscapesAndCommentsMeanWhatTheyMeanToMysql) {
  write(".my.cnf", "# comment\n[client]\n user = me # who\npassword=\"a # b\\\\c\\sd'\" \n;password=no\n");
  const Endpoint endpoint = with_credentials("mysql://db/chat");
  EXPECT_EQ(endpoint.user, "me");
  EXPECT_EQ(endpoint.password, "a # b\\c d'");
}

TEST_F(CredentialsTest, APasswordFileThatIsNotThereIsNamed) {
  EXPECT_THAT(refused("mysql://me@db/chat", password_file("/no/such/file")), HasSubstr("/no/such/file"));
}

TEST_F(CredentialsTest, AByteOrderMarkIsNoPartOfAPasswordNorOfAnOption) {
  const auto path = write("password", "\xEF\xBB\xBFsecret\r\n");
  EXPECT_EQ(with_flags("mysql://me@db/chat", password_file(path)).password, "secret");
  write(".my.cnf", "\xEF\xBB\xBF[client]\npassword=from_file\n");
  EXPECT_EQ(with_credentials("mysql://me@db/chat").password, "from_file");
}

TEST_F(CredentialsTest, APasswordFileInUtf16IsNamedAsThat) {
  const auto path = write("password", std::string("\xFF\xFEs\0e\0", 6));
  EXPECT_THAT(refused("mysql://me@db/chat", password_file(path)), HasSubstr("UTF-16"));
}

TEST_F(CredentialsTest, TheServersKeyComesFromTheFlagOrTheOptionsFileAndMustBeOne) {
  const auto path = write("key", "secret");
  EXPECT_THAT(refused("mysql://me@db/chat", public_key_file(path)), HasSubstr("no RSA public key"));
  write(".my.cnf", "[client]\nserver_public_key_path=/no/such/key\n");
  EXPECT_THAT(refused("mysql://me@db/chat"), HasSubstr("/no/such/key"));
  write(".my.cnf", "[client]\nget-server-public-key\n");
  EXPECT_TRUE(with_credentials("mysql://me@db/chat").asks_for_public_key);
}

TEST_F(CredentialsTest, TheOptionsFilesTlsCountsWhereTheUrlHasNoMode) {
  EXPECT_EQ(mode_of("ssl-mode=required"), SslMode::kRequired);
  EXPECT_EQ(mode_of("loose_ssl_mode = DISABLED"), SslMode::kDisabled);
  EXPECT_EQ(mode_of("ssl"), SslMode::kRequired);
  EXPECT_EQ(mode_of("ssl=1"), SslMode::kRequired);
  EXPECT_EQ(mode_of("ssl=OFF"), SslMode::kDisabled);
  EXPECT_EQ(mode_of("skip-ssl"), SslMode::kDisabled);
  EXPECT_EQ(mode_of("ssl-ca=/ca.pem"), SslMode::kVerifyIdentity);
  EXPECT_EQ(mode_of("ssl-ca=/ca.pem\nssl-mode=REQUIRED"), SslMode::kRequired);
  EXPECT_EQ(mode_of("ssl-ca=/ca.pem\nskip-ssl-verify-server-cert"), SslMode::kRequired);
  EXPECT_EQ(mode_of("ssl-ca=/ca.pem\nssl-verify-server-cert\nssl-mode=PREFERRED"), SslMode::kVerifyIdentity);
  EXPECT_EQ(mode_of("ssl-cert=/c.pem\nssl-key=/k.pem"), SslMode::kPreferred);
  EXPECT_EQ(mode_of("# ssl-mode=REQUIRED\n;ssl"), SslMode::kPreferred);
  EXPECT_EQ(with_credentials("mysql://me@db/chat?ssl-mode=DISABLED").ssl_mode, SslMode::kDisabled);
}

TEST_F(CredentialsTest, AnAuthorityInTheOptionsFileChecksNoHostNameOverASocket) {
  write(".my.cnf", "[client]\nssl-ca=/ca.pem\n");
  EXPECT_EQ(with_credentials("mysql://me@localhost/chat?socket=/s").ssl_mode, SslMode::kPreferred);
  write(".my.cnf", "[client]\nssl-ca=/ca.pem\nssl\n");
  EXPECT_EQ(with_credentials("mysql://me@localhost/chat?socket=/s").ssl_mode, SslMode::kRequired);
}

TEST_F(CredentialsTest, FilesOfTheOptionsFilesTlsAreTaken) {
  write(".my.cnf", "[client]\nssl-ca=/ca.pem\nssl-cert=/c.pem\nssl-key=/k.pem\n");
  Endpoint endpoint = with_credentials("mysql://me@db/chat?ssl-mode=verify_identity");
  EXPECT_EQ(endpoint.ssl_ca, "/ca.pem");
  EXPECT_EQ(endpoint.ssl_cert, "/c.pem");
  EXPECT_EQ(endpoint.ssl_key, "/k.pem");
  endpoint = with_credentials("mysql://me@db/chat?ssl-mode=verify_identity&ssl-ca=/other.pem");
  EXPECT_EQ(endpoint.ssl_ca, "/other.pem");
}

TEST_F(CredentialsTest, ATlsOptionThatCannotBeFollowedIsRefusedUnlessTheUrlHasAMode) {
  for (const std::string name : {"ssl-crl=/crl.pem", "ssl_capath=/etc/ssl", "tls-version=TLSv1.3", "ssl-cipher=AES"}) {
    write(".my.cnf", "[client]\n" + name + "\n");
    EXPECT_THAT(refused("mysql://me@db/chat"), HasSubstr("which chatload cannot follow"));
    EXPECT_EQ(with_credentials("mysql://me@db/chat?ssl-mode=REQUIRED").ssl_mode, SslMode::kRequired);
  }
  write(".my.cnf", "[client]\nssl-mode=VERIFY_CA\n");
  EXPECT_THAT(refused("mysql://me@db/chat"), AllOf(HasSubstr("~/.my.cnf"), HasSubstr("use VERIFY_IDENTITY")));
}

TEST_F(CredentialsTest, AVerifiedIdentityNeedsAnAuthority) {
  EXPECT_THAT(refused("mysql://db/chat?ssl-mode=VERIFY_IDENTITY"), HasSubstr("needs ssl-ca"));
  write(".my.cnf", "[client]\nssl-verify-server-cert\n");
  EXPECT_THAT(refused("mysql://db/chat"), HasSubstr("needs ssl-ca"));
}

}  // namespace
}  // namespace chatload::mysql
