#include "source/http_client.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <string>

#include "unit/scratch_folder.h"
#include "unit/source/http_server.h"

namespace chatload::source {
namespace {

// ~/.netrc of a home of its own.
class NetrcTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* home = getenv("HOME")) home_ = home;
    std::ofstream(folder_.path() / ".netrc") << "default login me password secret\n";
    setenv("HOME", folder_.path().c_str(), 1);
  }
  void TearDown() override { setenv("HOME", home_.c_str(), 1); }

  // The Authorization header that a request came with.
  static std::string authorization_of(HttpRequest request) {
    std::string seen = "none";
    {
      const HttpServer server([&](const Asked& asked) {
        if (const auto found = asked.headers.find("authorization"); found != asked.headers.end()) seen = found->second;
        return std::string("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      });
      request.url = server.url();
      HttpClient client{HttpOptions()};
      EXPECT_EQ(client.fetch(request).status, 200);
    }
    return seen;
  }

  ScratchFolder folder_;
  std::string home_;
};

TEST_F(NetrcTest, LogsInWhereTheRequestMay) { EXPECT_EQ(authorization_of({.url = ""}), "Basic bWU6c2VjcmV0"); }

TEST_F(NetrcTest, IsNotForAStoreThatIsAskedWithoutCredentials) {
  EXPECT_EQ(authorization_of({.url = "", .may_log_in = false}), "none");
}

}  // namespace
}  // namespace chatload::source
