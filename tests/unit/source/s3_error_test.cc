#include "source/s3_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace chatload::source {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::chrono::system_clock::time_point kAnswered{std::chrono::seconds(1369353600)};  // 2013-05-24

HttpResponse answer_of(int status, const std::string& code, const std::string& more = "", HttpHeaders headers = {}) {
  return {status, std::move(headers),
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code +
              "</Code><Message>The message.</Message>" + more + "<RequestId>4442587FB7D0A2F9</RequestId></Error>"};
}

S3Failure failure_of(const HttpResponse& answer) { return read_s3_error(answer, "us-east-1").failure; }

std::string sentence(const HttpResponse& answer, bool anonymous = false) {
  S3Settings settings;
  settings.region = "us-east-1";
  settings.anonymous = anonymous;
  return s3_error_sentence(read_s3_error(answer, settings.region), "s3://logs/a b.gz", settings, kAnswered);
}

TEST(S3Error, SaysWhatWhereAndWhatNext) {
  EXPECT_EQ(sentence(answer_of(404, "NoSuchKey")),
            "s3://logs/a b.gz: there is no such object (NoSuchKey, request 4442587FB7D0A2F9); check the name, byte by "
            "byte: case and spaces count");
}

TEST(S3Error, EachCodeHasItsAdvice) {
  const auto expect = [](const char* code, S3Failure failure, const char* what, const char* next) {
    const HttpResponse answer = answer_of(403, code);
    EXPECT_EQ(failure_of(answer), failure) << code;
    EXPECT_THAT(sentence(answer), AllOf(StartsWith("s3://logs/a b.gz: "), HasSubstr(std::string("(") + code),
                                        HasSubstr(what), HasSubstr(next)));
  };
  expect("SignatureDoesNotMatch", S3Failure::kSignature, "secret access key", "AWS_SECRET_ACCESS_KEY");
  expect("InvalidAccessKeyId", S3Failure::kKeyId, "access key ID", "AWS_ACCESS_KEY_ID");
  expect("ExpiredToken", S3Failure::kExpired, "expired", "AWS_SESSION_TOKEN");
  expect("AccessDenied", S3Failure::kAccessDenied, "denied", "s3:GetObject");
  expect("NoSuchBucket", S3Failure::kNoSuchBucket, "no such bucket", "AWS_ENDPOINT_URL_S3");
  expect("SlowDown", S3Failure::kBusy, "busy", "wait");
  expect("RequestTimeTooSkewed", S3Failure::kClock, "clock", "set the clock");
  expect("MethodNotAllowed", S3Failure::kOther, "The message.", "run the same command again");
}

TEST(S3Error, AnotherRegionIsNamed) {
  const char* const in_the_body = "<Region>eu-west-1</Region>";
  const HttpHeaders in_a_header = {{"x-amz-bucket-region", "eu-west-1"}};
  for (const HttpResponse& answer : {answer_of(400, "AuthorizationHeaderMalformed", in_the_body),
                                     answer_of(301, "PermanentRedirect", "", in_a_header),
                                     HttpResponse{301, in_a_header}, HttpResponse{400, in_a_header}}) {
    EXPECT_EQ(failure_of(answer), S3Failure::kRegion);
    EXPECT_THAT(sentence(answer), AllOf(HasSubstr("in the region eu-west-1, and the request was for us-east-1"),
                                        HasSubstr("set AWS_REGION=eu-west-1 ")));
  }
}

TEST(S3Error, ABadRequestWithoutARegionIsNotAboutOne) {
  EXPECT_EQ(failure_of(answer_of(400, "AuthorizationHeaderMalformed")), S3Failure::kOther);
  for (const HttpResponse& answer : {HttpResponse{400}, HttpResponse{400, {{"x-amz-bucket-region", "us-east-1"}}}}) {
    EXPECT_EQ(failure_of(answer), S3Failure::kOther);
    EXPECT_THAT(sentence(answer), HasSubstr("check that the credentials have not expired"));
  }
}

TEST(S3Error, ARegionInTheHeaderOfAnotherFailureIsNoReason) {
  EXPECT_EQ(failure_of(answer_of(403, "AccessDenied", "", {{"x-amz-bucket-region", "eu-west-1"}})),
            S3Failure::kAccessDenied);
}

TEST(S3Error, AnAnswerWithoutABodyHasItsStatus) {
  EXPECT_EQ(failure_of({403}), S3Failure::kAccessDenied);
  EXPECT_EQ(failure_of({404}), S3Failure::kNoSuchKey);
  EXPECT_EQ(failure_of({503}), S3Failure::kBusy);
  EXPECT_EQ(failure_of({416}), S3Failure::kOther);
  EXPECT_THAT(sentence({403}), AllOf(HasSubstr("denied, or it does not exist"), HasSubstr("(status 403)")));
  EXPECT_THAT(sentence({404, {{"x-amz-request-id", "A1"}}}),
              AllOf(HasSubstr("no such object, or no such bucket"), HasSubstr("(status 404, request A1)")));
  EXPECT_THAT(sentence({416}), HasSubstr("the server answered with status 416"));
}

TEST(S3Error, ABodyThatIsNotS3sIsNotQuoted) {
  const HttpResponse answer{502, {}, "<html><body>Bad gateway</body></html>"};
  EXPECT_EQ(failure_of(answer), S3Failure::kBusy);
  EXPECT_THAT(sentence(answer), HasSubstr("(status 502)"));
}

TEST(S3Error, ClocksAreCompared) {
  const auto at = [](const char* date) {
    return sentence(answer_of(403, "RequestTimeTooSkewed", "", {{"date", date}}));
  };
  EXPECT_THAT(at("Fri, 24 May 2013 00:20:00 GMT"), HasSubstr("this machine's clock is 20 min behind the server's"));
  EXPECT_THAT(at("Thu, 23 May 2013 22:00:00 GMT"), HasSubstr("this machine's clock is 2 h ahead of the server's"));
  EXPECT_THAT(at("yesterday"), HasSubstr("clock differs too much"));
}

TEST(S3Error, WhoReadsAnonymouslyIsToldSo) {
  EXPECT_THAT(sentence(answer_of(403, "AccessDenied"), true),
              AllOf(HasSubstr("not public"), HasSubstr("with credentials")));
}

TEST(S3Error, WhatTheServerSaysMovesNoCursor) {
  EXPECT_THAT(sentence({400, {}, "<Error><Code>A\x1B[2J</Code><Message>B\x1B[2J</Message></Error>"}),
              AllOf(HasSubstr("A\\x1b[2J"), HasSubstr("B\\x1b[2J")));
}

}  // namespace
}  // namespace chatload::source
