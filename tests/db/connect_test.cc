// What people read when a connection cannot be opened, and passwords.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <thread>

#include "base/errors.h"
#include "db/database_fixture.h"
#include "unit/scratch_folder.h"

namespace chatload::mysql {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string sentence(const Endpoint& endpoint) {
  const auto failure = failure_of<DatabaseError>([&] { (void)Session::connect(endpoint, 0); });
  return failure ? failure->what() : "connected";
}

class ConnectTest : public DatabaseTest {};

TEST_F(ConnectTest, AMissingSocketIsNamed) {
  Endpoint wrong = endpoint();
  wrong.socket = "/no/such/socket";
  EXPECT_THAT(sentence(wrong), AllOf(HasSubstr("/no/such/socket"), HasSubstr("start the server")));
}

// The kernel connects whoever asks to a socket that is listened at, where nobody says anything.
TEST_F(ConnectTest, AServerThatHangsIsToldFromOneThatClosesTheConnection) {
  const ScratchFolder folder;
  Endpoint silent = endpoint();
  silent.socket = folder / "server.sock";
  sockaddr_un address{AF_UNIX, {}};
  ASSERT_LT(silent.socket.copy(address.sun_path, sizeof address.sun_path - 1), sizeof address.sun_path - 1);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 2), 0);
  EXPECT_THAT(sentence(silent), AllOf(HasSubstr("server.sock does not answer"), HasSubstr("see whether it hangs")));
  close(accept(listener, nullptr, nullptr));  // the one that has given up
  std::thread closer([&] { close(accept(listener, nullptr, nullptr)); });
  EXPECT_THAT(sentence(silent), HasSubstr("server.sock closed the connection while it was being opened"));
  closer.join();
  close(listener);
}

TEST_F(ConnectTest, AnUnknownHostIsNamed) {
  EXPECT_THAT(sentence(parse_endpoint("mysql://me@no-such-host.invalid/chat")),
              AllOf(HasSubstr("no-such-host.invalid is unknown"), HasSubstr("correct the host")));
}

TEST_F(ConnectTest, AHostWhereNobodyListensIsNamed) {
  EXPECT_THAT(sentence(parse_endpoint("mysql://me@127.0.0.1:1/chat")),
              AllOf(HasSubstr("No server answers at 127.0.0.1:1"), HasSubstr("start the server")));
}

TEST_F(ConnectTest, AnIpv6AddressIsTakenWholeAndItsPortToo) {
  EXPECT_THAT(sentence(parse_endpoint("mysql://me@[::1]:1/chat")), HasSubstr("No server answers at [::1]:1 ("));
}

TEST_F(ConnectTest, AMissingDatabaseIsNamed) {
  Endpoint wrong = endpoint();
  wrong.database = "chatload_no_such_database";
  EXPECT_THAT(sentence(wrong), AllOf(HasSubstr("no database chatload_no_such_database"), HasSubstr("CREATE DATABASE")));
}

TEST_F(ConnectTest, AWrongPasswordIsDeniedAndNotRepeated) {
  const Account account(admin(), "chatload_someone", "right", endpoint().database);
  EXPECT_THAT(sentence(account.endpoint(endpoint(), "wr0ng")),
              AllOf(HasSubstr("denied access to the user chatload_someone"), HasSubstr("--password-file"),
                    Not(HasSubstr("wr0ng"))));
}

TEST_F(ConnectTest, ARightPasswordWorksOverTheSocketBeforeTheServerHasItCachedAndAfter) {
  const Account account(admin(), "chatload_someone", "r\xC3\xAFght 'password'", endpoint().database);
  const Endpoint right = account.endpoint(endpoint(), "r\xC3\xAFght 'password'");
  EXPECT_EQ(sentence(right), "connected");
  EXPECT_EQ(sentence(right), "connected");
}

TEST_F(ConnectTest, ADatabaseThatTheUserMayNotUseIsNamed) {
  const Account account(admin(), "chatload_someone", "right", endpoint().database);
  Endpoint wrong = account.endpoint(endpoint(), "right");
  wrong.database = "mysql";
  EXPECT_THAT(sentence(wrong), HasSubstr("may not use the database mysql"));
}

TEST_F(ConnectTest, AnExpiredPasswordIsNamedAsThat) {
  const Account account(admin(), "chatload_someone", "right", endpoint().database);
  admin().execute("ALTER USER chatload_someone@'%' PASSWORD EXPIRE");
  EXPECT_THAT(sentence(account.endpoint(endpoint(), "right")),
              AllOf(HasSubstr("The password of the user chatload_someone"), HasSubstr("has expired")));
}

TEST_F(ConnectTest, AFailingInitConnectIsNamedAndNotWaitedFor) {
  const Account account(admin(), "chatload_someone", "right", endpoint().database);
  const GlobalVariable init_connect(admin(), "init_connect", "'SELECT 1 FROM chatload_no_such_table'");
  const auto failure =
      failure_of<ConnectError>([&] { (void)Session::connect(account.endpoint(endpoint(), "right"), 0); });
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->what(), HasSubstr("its init_connect fails for the user chatload_someone"));
  EXPECT_FALSE(can_come_back(*failure));
}

TEST_F(ConnectTest, ADeniedAccessWithoutTlsAddsThatTheAccountMayRequireIt) {
  const Account account(admin(), "chatload_someone", "right", endpoint().database);
  admin().execute("ALTER USER chatload_someone@'%' REQUIRE SSL");
  const Endpoint right = account.endpoint(endpoint(), "right");
  EXPECT_THAT(sentence(right), AllOf(HasSubstr("denied access to the user chatload_someone"),
                                     HasSubstr("The account may require TLS (REQUIRE SSL)")));
  EXPECT_THAT(sentence(right), HasSubstr(server_has_tls() ? "use ssl-mode=REQUIRED" : "does not offer it"));
}

TEST_F(ConnectTest, TooManyConnectionsSayHowManyALoadNeeds) {
  const Account account(admin(), "chatload_someone", "right", endpoint().database);
  admin().execute("ALTER USER chatload_someone@'%' WITH MAX_USER_CONNECTIONS 1");
  const Endpoint right = account.endpoint(endpoint(), "right");
  const Session only = Session::connect(right, 0);
  EXPECT_THAT(sentence(right), AllOf(HasSubstr("too many connections"), HasSubstr("needs two at least")));
}

}  // namespace
}  // namespace chatload::mysql
