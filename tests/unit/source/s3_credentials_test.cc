#include "source/s3_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "unit/scratch_folder.h"
#include "unit/source/scripted_server.h"

namespace chatload::source {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::system_clock;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr system_clock::time_point kBegin{seconds(1369353600)};  // 2013-05-24

std::string iso_time(system_clock::time_point time) {
  const std::time_t whole = system_clock::to_time_t(time);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&whole));
  return text;
}

HttpResponse json(const std::string& key_id, const std::string& expiration) {
  return {200,
          {},
          R"({"Code":"Success","AccessKeyId":")" + key_id +
              R"(","SecretAccessKey":"the\/secret","Token":"the-token","Expiration":")" + expiration + "\"}"};
}

class S3CredentialsTest : public testing::Test {
 protected:
  S3CredentialsTest() {
    std::filesystem::create_directory(folder_ / ".aws");
    variables_["HOME"] = folder_.path();
  }

  void write(const char* name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  std::string path(const char* name) { return folder_ / name; }

  S3Credentials found(std::vector<HttpResponse> answers = {}) {
    server_ = ScriptedServer(std::move(answers));
    return *S3CredentialChain(read_s3_settings(environment_of(variables_)), environment_of(variables_),
                              std::ref(server_), [] { return kBegin; })
                .get();
  }
  std::string failure(std::vector<HttpResponse> answers = {}) {
    try {
      return "found " + found(std::move(answers)).key_id;
    } catch (const SourceError& error) {
      return error.what();
    }
  }

  ScratchFolder folder_;
  Variables variables_;
  ScriptedServer server_{{}};
};

TEST_F(S3CredentialsTest, AreInTheEnvironment) {
  write(".aws/credentials", "[default]\naws_access_key_id = other\naws_secret_access_key = other\n");
  variables_["AWS_ACCESS_KEY_ID"] = "AKID";
  variables_["AWS_SECRET_ACCESS_KEY"] = "secret";
  variables_["AWS_SESSION_TOKEN"] = "token";
  const S3Credentials credentials = found();
  EXPECT_EQ(credentials.key_id, "AKID");
  EXPECT_EQ(credentials.secret_key, "secret");
  EXPECT_EQ(credentials.session_token, "token");
  EXPECT_FALSE(credentials.expires);
  variables_.erase("AWS_SECRET_ACCESS_KEY");
  EXPECT_THAT(failure(), AllOf(HasSubstr("AWS_SECRET_ACCESS_KEY"), HasSubstr("no secret access key")));
}

TEST_F(S3CredentialsTest, ALineBreakWithinIsRefusedAndNotShown) {
  variables_["AWS_ACCESS_KEY_ID"] = "AKID";
  variables_["AWS_SECRET_ACCESS_KEY"] = "secret";
  for (const char* const name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}) {
    const std::string before = variables_[name];
    variables_[name] = "the-secret\r\nx: y";
    EXPECT_THAT(failure(), AllOf(HasSubstr("line break"), Not(HasSubstr("the-secret")))) << name;
    variables_[name] = before;
  }
}

TEST_F(S3CredentialsTest, AreInTheProfile) {
  write(".aws/credentials",
        "[default]\naws_access_key_id = one\naws_secret_access_key = s1\n"
        "[dev]\naws_access_key_id = two\naws_secret_access_key = s2\naws_session_token = t2\n");
  EXPECT_EQ(found().key_id, "one");
  variables_["AWS_PROFILE"] = "dev";
  const S3Credentials credentials = found();
  EXPECT_EQ(credentials.key_id, "two");
  EXPECT_EQ(credentials.secret_key, "s2");
  EXPECT_EQ(credentials.session_token, "t2");
  write(".aws/credentials", "");
  write(".aws/config", "[profile dev]\naws_access_key_id = three\naws_secret_access_key = s3\n");
  EXPECT_EQ(found().key_id, "three");
  write(".aws/config", "[profile dev]\naws_access_key_id = three\n");
  EXPECT_THAT(failure(), AllOf(HasSubstr("profile `dev`"), HasSubstr("no secret access key")));
}

TEST_F(S3CredentialsTest, AProfileThatSaysHowToGetThemIsRefusedByName) {
  const std::string keys = "aws_access_key_id = a\naws_secret_access_key = b\n";
  for (const char* const name : {"role_arn", "source_profile"}) {
    write(".aws/config", "[default]\n" + keys + name + " = x\n");
    EXPECT_THAT(failure(), AllOf(HasSubstr(name), HasSubstr("export-credentials --profile default"))) << name;
  }
  for (const char* const name : {"credential_process", "sso_session", "sso_start_url"}) {
    write(".aws/config", std::string("[default]\n") + name + " = x\n");
    EXPECT_THAT(failure(), AllOf(HasSubstr(name), HasSubstr("export-credentials"))) << name;
    write(".aws/config", "[default]\n" + keys + name + " = x\n");
    EXPECT_EQ(failure(), "found a") << name;
  }
}

class WebIdentityTest : public S3CredentialsTest {
 protected:
  WebIdentityTest() {
    write("token", "the.web+token\n");
    variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = path("token");
    variables_["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r";
    variables_["AWS_REGION"] = "eu-west-1";
  }

  const HttpResponse answer_{200,
                             {},
                             R"(<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
        <AssumeRoleWithWebIdentityResult><Credentials><SessionToken>the-token</SessionToken>
        <SecretAccessKey>the-secret</SecretAccessKey><Expiration>2013-05-24T01:00:00Z</Expiration>
        <AccessKeyId>ASIA</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>
        </AssumeRoleWithWebIdentityResponse>)"};
};

TEST_F(WebIdentityTest, IsChangedIntoCredentials) {
  const S3Credentials credentials = found({answer_});
  EXPECT_EQ(credentials.key_id, "ASIA");
  EXPECT_EQ(credentials.secret_key, "the-secret");
  EXPECT_EQ(credentials.session_token, "the-token");
  EXPECT_EQ(credentials.expires, kBegin + std::chrono::hours(1));
  const HttpRequest& asked = server_.asked().at(0);
  EXPECT_THAT(server_.urls(), ElementsAre("POST https://sts.eu-west-1.amazonaws.com/"));
  EXPECT_EQ(header(asked.headers, "content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(asked.body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"
            "&RoleSessionName=chatload&WebIdentityToken=the.web%2Btoken");
}

TEST_F(WebIdentityTest, HasASessionNameAndAnEndpoint) {
  variables_["AWS_ROLE_SESSION_NAME"] = "nightly";
  variables_["AWS_ENDPOINT_URL_STS"] = "http://sts:1";
  EXPECT_EQ(failure({answer_}), "found ASIA");
  EXPECT_THAT(server_.urls(), ElementsAre("POST http://sts:1/"));
  EXPECT_THAT(server_.asked().at(0).body, HasSubstr("RoleSessionName=nightly&"));
}

TEST_F(WebIdentityTest, ARefusalHasItsCodeAndNothingElseOfTheAnswer) {
  EXPECT_THAT(failure({{403,
                        {},
                        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>the.web+token</Message>"
                        "</Error></ErrorResponse>"}}),
              AllOf(HasSubstr("403 AccessDenied"), HasSubstr("arn:aws:iam::1:role/r"), Not(HasSubstr("the.web"))));
  EXPECT_THAT(failure({{400, {}, "<ErrorResponse><Error><Code>the-token1</Code></Error></ErrorResponse>"}}),
              AllOf(HasSubstr("answered 400;"), Not(HasSubstr("the-token"))));
  HttpResponse cut = answer_;
  cut.body.resize(cut.body.size() - 5);
  EXPECT_THAT(failure({cut}), AllOf(HasSubstr("answered 200;"), Not(HasSubstr("the-secret"))));
}

TEST_F(WebIdentityTest, HalfOfItIsRefused) {
  variables_.erase("AWS_ROLE_ARN");
  EXPECT_THAT(failure(), HasSubstr("AWS_ROLE_ARN is not"));
  variables_["AWS_ROLE_ARN"] = "r";
  write("token", "\n");
  EXPECT_THAT(failure(), HasSubstr("is empty"));
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = path("none");
  EXPECT_THAT(failure(), AllOf(HasSubstr("AWS_WEB_IDENTITY_TOKEN_FILE is "), HasSubstr("cannot be read")));
}

TEST_F(S3CredentialsTest, AContainerAsksItsService) {
  variables_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/1";
  const S3Credentials credentials = found({json("ASIA", "2013-05-24T01:00:00Z")});
  EXPECT_EQ(credentials.key_id, "ASIA");
  EXPECT_EQ(credentials.secret_key, "the/secret");
  EXPECT_EQ(credentials.session_token, "the-token");
  EXPECT_EQ(credentials.expires, kBegin + std::chrono::hours(1));
  EXPECT_THAT(server_.urls(), ElementsAre("GET http://169.254.170.2/v2/1"));
  EXPECT_EQ(server_.asked().at(0).headers, HttpHeaders());
}

TEST_F(S3CredentialsTest, AContainerMayHaveAnAddressAndAToken) {
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Basic abc";
  EXPECT_EQ(failure({json("ASIA", "2013-05-24T01:00:00Z")}), "found ASIA");
  EXPECT_EQ(server_.asked().at(0).url, "http://169.254.170.23/v1/credentials");
  EXPECT_EQ(header(server_.asked().at(0).headers, "authorization"), "Basic abc");
  write("token", "from-the-file\n");
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = path("token");
  EXPECT_EQ(failure({json("ASIA", "2013-05-24T01:00:00Z")}), "found ASIA");
  EXPECT_EQ(header(server_.asked().at(0).headers, "authorization"), "from-the-file");
  write("token", "the-secret\nx: y");
  EXPECT_THAT(failure(), AllOf(HasSubstr("line break"), Not(HasSubstr("the-secret"))));
}

TEST_F(S3CredentialsTest, AContainersTokenGoesToNobodyElse) {
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "the-secret";
  for (const char* const url : {"http://example.org/", "http://127.0.0.1.example.org/", "http://localhost@example.org/",
                                "http://localhost:a@example.org/", "ftp://localhost/", "localhost/"}) {
    variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    EXPECT_THAT(failure(), HasSubstr("AWS_CONTAINER_CREDENTIALS_FULL_URI is neither")) << url;
  }
  for (const char* const url :
       {"https://example.org/", "http://localhost:1338/a", "http://[::1]:1/", "http://[fd00:ec2::23]/"}) {
    variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    EXPECT_EQ(failure({json("ASIA", "2013-05-24T01:00:00Z")}), "found ASIA") << url;
  }
}

TEST_F(S3CredentialsTest, AContainersRefusalIsSaid) {
  variables_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/1";
  EXPECT_THAT(failure({{404, {}, R"({"Code":"NoIdForRole","message":"the-secret"})"}}),
              AllOf(HasSubstr("404 NoIdForRole"), Not(HasSubstr("the-secret"))));
  EXPECT_THAT(failure({{200, {}, "the-secret"}}), AllOf(HasSubstr("answered 200;"), Not(HasSubstr("the-secret"))));
  EXPECT_THAT(failure({json("ASIA", "tomorrow")}), AllOf(HasSubstr("expire"), HasSubstr("tomorrow")));
}

TEST_F(S3CredentialsTest, AnInstanceAsksItsMetadata) {
  EXPECT_EQ(failure({{200, {}, "imds-token"}, {200, {}, "my role\nother\n"}, json("ASIA", "2013-05-24T01:00:00Z")}),
            "found ASIA");
  const std::string roles = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
  EXPECT_THAT(server_.urls(),
              ElementsAre("PUT http://169.254.169.254/latest/api/token", "GET " + roles, "GET " + roles + "my%20role"));
  EXPECT_EQ(header(server_.asked()[0].headers, "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
  EXPECT_EQ(header(server_.asked()[1].headers, "x-aws-ec2-metadata-token"), "imds-token");
  EXPECT_EQ(header(server_.asked()[2].headers, "x-aws-ec2-metadata-token"), "imds-token");
}

TEST_F(S3CredentialsTest, AnInstancesMetadataMayBeElsewhere) {
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
  EXPECT_THAT(failure({{403}}), HasSubstr("http://[fd00:ec2::254]"));
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://localhost:1338/";
  EXPECT_THAT(failure({{403}}), HasSubstr("(http://localhost:1338)"));
  EXPECT_THAT(server_.urls(), ElementsAre("PUT http://localhost:1338/latest/api/token"));
}

TEST_F(S3CredentialsTest, WhereThereAreNoneItSaysWhereItLooked) {
  EXPECT_THAT(failure({{200, {}, "imds-token"}, {404}}),
              AllOf(HasSubstr("AWS_ACCESS_KEY_ID"), HasSubstr("AWS_WEB_IDENTITY_TOKEN_FILE"),
                    HasSubstr("AWS_CONTAINER_CREDENTIALS_"), HasSubstr("profile `default`"),
                    HasSubstr(path(".aws/credentials")), HasSubstr(path(".aws/config")),
                    HasSubstr("http://169.254.169.254) gave no credentials: it answered 404")));
  variables_["AWS_EC2_METADATA_DISABLED"] = "true";
  EXPECT_THAT(failure(), HasSubstr("AWS_EC2_METADATA_DISABLED is true"));
  EXPECT_THAT(server_.urls(), ElementsAre());
}

// Credentials of a container, which expire, and a clock of the test's own.
class S3CredentialChainTest : public S3CredentialsTest {
 protected:
  S3CredentialChainTest() { variables_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/"; }

  HttpResponse answer() {
    const int number = ++asked_;
    if (is_down_) throw SourceError("the service is down");
    return json("key" + std::to_string(number), iso_time(now_ + minutes(60)));
  }
  std::string key_id() { return chain_.get()->key_id; }

  std::atomic<int> asked_ = 0;
  std::atomic<bool> is_down_ = false;
  system_clock::time_point now_ = kBegin;
  std::function<HttpResponse()> answer_ = [this] { return answer(); };
  S3CredentialChain chain_{
      {}, environment_of(variables_), [this](const HttpRequest&) { return answer_(); }, [this] { return now_; }};
};

TEST_F(S3CredentialChainTest, AsksOnceUntilTheyAreAboutToExpire) {
  EXPECT_EQ(key_id(), "key1");
  now_ += minutes(54);
  EXPECT_EQ(key_id(), "key1");
  now_ += minutes(1);
  EXPECT_EQ(key_id(), "key2");
  EXPECT_EQ(key_id(), "key2");
}

TEST_F(S3CredentialChainTest, TheOldOnesServeWhileTheyCannotBeRenewed) {
  EXPECT_EQ(key_id(), "key1");
  is_down_ = true;
  now_ += minutes(56);
  EXPECT_EQ(key_id(), "key1");
  EXPECT_EQ(asked_, 2);
  now_ += seconds(29);
  EXPECT_EQ(key_id(), "key1");
  EXPECT_EQ(asked_, 2);
  now_ += seconds(1);
  EXPECT_EQ(key_id(), "key1");
  EXPECT_EQ(asked_, 3);
  now_ += minutes(4);
  EXPECT_THROW(static_cast<void>(chain_.get()), SourceError);
  is_down_ = false;
  EXPECT_EQ(key_id(), "key5");
}

TEST_F(S3CredentialChainTest, OnesThatTheServerRefusesAreAskedForAgain) {
  const auto first = chain_.get();
  chain_.forget(first);
  const auto second = chain_.get();
  EXPECT_EQ(second->key_id, "key2");
  chain_.forget(first);
  EXPECT_EQ(key_id(), "key2");
}

TEST_F(S3CredentialChainTest, AFileIsReadAgainWhenItsTokenWasRefused) {
  variables_.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  write(".aws/credentials", "[default]\naws_access_key_id = one\naws_secret_access_key = s\n");
  const auto first = chain_.get();
  EXPECT_EQ(first->key_id, "one");
  write(".aws/credentials", "[default]\naws_access_key_id = two\naws_secret_access_key = s\n");
  EXPECT_EQ(key_id(), "one");
  chain_.forget(first);
  EXPECT_EQ(key_id(), "two");
}

TEST_F(S3CredentialChainTest, ManyThreadsWaitForOneThatAsks) {
  std::latch all_begun(8);
  answer_ = [this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return answer();
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, &all_begun] {
      all_begun.arrive_and_wait();
      EXPECT_EQ(key_id(), "key1");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(asked_, 1);
}

TEST_F(S3CredentialChainTest, NobodyWaitsWhileOneRenewsWhatIsStillValid) {
  EXPECT_EQ(key_id(), "key1");
  now_ += minutes(56);
  std::latch has_asked(1);
  std::latch may_answer(1);
  answer_ = [&] {
    has_asked.count_down();
    may_answer.wait();
    return answer();
  };
  std::thread renewing([this] { EXPECT_EQ(key_id(), "key2"); });
  has_asked.wait();
  EXPECT_EQ(key_id(), "key1");
  may_answer.count_down();
  renewing.join();
  EXPECT_EQ(key_id(), "key2");
}

TEST_F(S3CredentialChainTest, WhoWaitedAsksAgainAfterAFailure) {
  std::atomic<int> failed = 0;
  is_down_ = true;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      try {
        static_cast<void>(chain_.get());
      } catch (const SourceError&) {
        ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 4);
  EXPECT_EQ(asked_, 4);
}

TEST(S3CredentialChain, WhoIsAnonymousAsksNobody) {
  S3Settings settings;
  settings.anonymous = true;
  ScriptedServer server({});
  S3CredentialChain chain(
      settings, [](const char*) { return nullptr; }, std::ref(server));
  EXPECT_EQ(chain.get(), nullptr);
}

}  // namespace
}  // namespace chatload::source
