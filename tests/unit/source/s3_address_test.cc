#include "source/s3_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "unit/source/scripted_server.h"

namespace chatload::source {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const HttpResponse kExpired = {400, {}, "<Error><Code>ExpiredToken</Code><Message>m</Message></Error>"};

class S3SignerTest : public testing::Test {
 protected:
  [[nodiscard]] HttpRequest signed_request() const { return signer_.sign({.url = "http://host/logs/a.gz"}); }

  Variables variables_ = {{"AWS_ACCESS_KEY_ID", "key"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_SESSION_TOKEN", "old"}};
  S3Settings settings_{.region = "us-east-1"};
  S3Signer signer_{settings_, std::make_shared<S3CredentialChain>(
                                  settings_, environment_of(variables_),
                                  [](const HttpRequest&) -> HttpResponse { throw SourceError("no such service"); })};
};

TEST_F(S3SignerTest, AllThatWereOnTheirWayWhenATokenExpiredAreAskedForAgain) {
  const HttpRequest first = signed_request();
  const HttpRequest second = signed_request();
  EXPECT_TRUE(signer_.may_pass(first, kExpired));
  variables_["AWS_SESSION_TOKEN"] = "new";
  const HttpRequest third = signed_request();
  EXPECT_EQ(header(third.headers, "x-amz-security-token"), "new");
  EXPECT_TRUE(signer_.may_pass(second, kExpired));
  EXPECT_EQ(header(signed_request().headers, "x-amz-security-token"), "new");
}

TEST_F(S3SignerTest, ATokenThatExpiredAndIsStillTheOnlyOneEndsIt) {
  EXPECT_TRUE(signer_.may_pass(signed_request(), kExpired));
  EXPECT_THAT([this] { static_cast<void>(signed_request()); },
              ThrowsMessage<SourceError>(HasSubstr("the credentials have expired")));
}

}  // namespace
}  // namespace chatload::source
