#include "source/s3_location.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/errors.h"

namespace chatload::source {
namespace {

using namespace std::string_literals;
using BucketAndKey = std::pair<std::string, std::string>;

BucketAndKey parsed(std::string_view text) {
  S3Location location = parse_s3_location(text);
  return {location.bucket, location.key};
}

S3Settings settings_of(std::string endpoint, AddressingStyle style = AddressingStyle::kAuto) {
  S3Settings settings;
  settings.region = "eu-west-1";
  settings.endpoint = std::move(endpoint);
  settings.addressing_style = style;
  return settings;
}

std::string object_url(std::string_view text, const S3Settings& settings) {
  return s3_object_request(parse_s3_location(text), settings).url;
}

TEST(S3Location, IsABucketAndTheBytesOfAKey) {
  EXPECT_EQ(parsed("s3://logs/2024/a.json.gz"), BucketAndKey("logs", "2024/a.json.gz"));
  EXPECT_EQ(parsed("s3://logs//a//b/../c"), BucketAndKey("logs", "/a//b/../c"));
  EXPECT_EQ(parsed("s3://logs/a%20b c+d?e#f=\xC3\xA9"), BucketAndKey("logs", "a%20b c+d?e#f=\xC3\xA9"));
  EXPECT_EQ(parsed("s3://logs/"), BucketAndKey("logs", ""));
  EXPECT_EQ(parsed("s3://logs"), BucketAndKey("logs", ""));
  EXPECT_EQ(parse_s3_location("s3://logs//a").text(), "s3://logs//a");
}

TEST(S3Location, OtherTextsAreNone) {
  EXPECT_TRUE(is_s3_location("s3://a"));
  for (const char* const text : {"s3:/a", "S3://a", "https://s3", "a/s3://b", ""}) EXPECT_FALSE(is_s3_location(text));
}

TEST(S3Location, WhatNamesNoBucketIsRefused) {
  for (const std::string& text : {"s3://"s, "s3:///key"s, "s3://user@host/key"s, "s3://a?b/key"s, "s3://a b/key"s,
                                  "s3://a:80/key"s, "s3://a%2e/key"s, "s3://logs/a\0b"s}) {
    EXPECT_THROW(static_cast<void>(parse_s3_location(text)), UsageError) << text;
  }
  try {
    static_cast<void>(parse_s3_location("s3://arn:aws:s3:eu-west-1:1:accesspoint/a/key"));
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("alias"));
  }
}

TEST(S3Request, TheKeyIsEncodedOnceAndItsSlashesStay) {
  EXPECT_EQ(object_url("s3://logs/a b+c%2F/\xC3\xA9//../d~", settings_of("")),
            "https://logs.s3.eu-west-1.amazonaws.com/a%20b%2Bc%252F/%C3%A9//../d~");
  EXPECT_EQ(object_url("s3://logs//a", settings_of("")), "https://logs.s3.eu-west-1.amazonaws.com//a");
}

TEST(S3Request, ABucketThatIsNoPartOfAHostIsInThePath) {
  const std::string aws = "https://s3.eu-west-1.amazonaws.com/";
  for (const std::string bucket : {"with.dots", "UPPER", "under_score", "ab", "-dash", "dash-"}) {
    EXPECT_EQ(object_url("s3://" + bucket + "/a", settings_of("")), aws + bucket + "/a");
  }
}

TEST(S3Request, AnEndpointOfItsOwnHasTheBucketInThePath) {
  EXPECT_EQ(object_url("s3://logs/a", settings_of("http://localhost:9000/prefix")),
            "http://localhost:9000/prefix/logs/a");
}

TEST(S3Request, TheAddressingStyleDecides) {
  EXPECT_EQ(object_url("s3://logs/a", settings_of("", AddressingStyle::kPath)),
            "https://s3.eu-west-1.amazonaws.com/logs/a");
  EXPECT_EQ(object_url("s3://lo.gs/a", settings_of("http://host:9000/prefix", AddressingStyle::kVirtualHost)),
            "http://lo.gs.host:9000/prefix/a");
  EXPECT_EQ(object_url("s3://LOGS/a", settings_of("http://host", AddressingStyle::kVirtualHost)), "http://host/LOGS/a");
}

TEST(S3Request, AListAsksForAPrefixAndAPage) {
  const S3Settings settings = settings_of("");
  EXPECT_EQ(s3_list_request("logs", "a b/", "", settings).url,
            "https://logs.s3.eu-west-1.amazonaws.com/?encoding-type=url&list-type=2&prefix=a%20b%2F");
  EXPECT_EQ(s3_list_request("logs", "", "1/2+3=", settings_of("http://host")).url,
            "http://host/logs/?continuation-token=1%2F2%2B3%3D&encoding-type=url&list-type=2&prefix=");
}

TEST(S3Request, SaysWhoPaysOnlyWhereItIsTheRequester) {
  S3Settings settings = settings_of("");
  EXPECT_EQ(s3_object_request({"logs", "a"}, settings).headers, HttpHeaders());
  settings.requester_pays = true;
  const HttpHeaders headers = {{"x-amz-request-payer", "requester"}};
  EXPECT_EQ(s3_object_request({"logs", "a"}, settings).headers, headers);
  EXPECT_EQ(s3_list_request("logs", "", "", settings).headers, headers);
}

TEST(S3Request, ChinaHasADomainOfItsOwn) {
  S3Settings settings;
  settings.region = "cn-north-1";
  EXPECT_EQ(object_url("s3://logs/a", settings), "https://logs.s3.cn-north-1.amazonaws.com.cn/a");
}

}  // namespace
}  // namespace chatload::source
