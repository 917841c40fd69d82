#include "source/s3_signature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace chatload::source {
namespace {

// The examples of the S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in a
// Single Chunk".
const S3Credentials kCredentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
constexpr std::chrono::system_clock::time_point kSigned{std::chrono::seconds(1369353600)};  // 2013-05-24
constexpr const char* kBucketUrl = "https://examplebucket.s3.amazonaws.com";

HttpRequest signed_request(HttpRequest request, S3Payload payload = S3Payload::kHashed) {
  sign_s3(request, kCredentials, "us-east-1", kSigned, payload);
  return request;
}

// What begins with "SignedHeaders=" or "Signature=".
std::string part(const HttpRequest& request, const std::string& name) {
  const std::string value(header(request.headers, "authorization"));
  const std::size_t begin = value.find(name + '=') + name.size() + 1;
  return value.substr(begin, value.find(',', begin) - begin);
}

TEST(S3Signature, IsAsPublishedForARange) {
  const HttpRequest request = signed_request({"GET", std::string(kBucketUrl) + "/test.txt", {{"range", "bytes=0-9"}}});
  EXPECT_EQ(header(request.headers, "authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(header(request.headers, "x-amz-date"), "20130524T000000Z");
  EXPECT_EQ(header(request.headers, "x-amz-content-sha256"),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(S3Signature, IsAsPublishedForAPut) {
  const HttpRequest request =
      signed_request({"PUT",
                      std::string(kBucketUrl) + "/test%24file.text",
                      {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                      "Welcome to Amazon S3."});
  EXPECT_EQ(part(request, "Signature"), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(S3Signature, IsAsPublishedForABareName) {
  const HttpRequest request = signed_request({"GET", std::string(kBucketUrl) + "?lifecycle"});
  EXPECT_EQ(part(request, "Signature"), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(S3Signature, IsAsPublishedForAListInAnyOrderOfTheQuery) {
  for (const char* const query : {"/?max-keys=2&prefix=J", "/?prefix=J&max-keys=2"}) {
    const HttpRequest request = signed_request({"GET", std::string(kBucketUrl) + query});
    EXPECT_EQ(part(request, "Signature"), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
  }
}

TEST(S3Signature, ASecondOneReplacesTheFirst) {
  const HttpRequest once = signed_request({"GET", std::string(kBucketUrl) + "/test.txt"});
  EXPECT_EQ(signed_request(once).headers, once.headers);
  HttpRequest later = once;
  sign_s3(later, kCredentials, "us-east-1", kSigned + std::chrono::seconds(1));
  EXPECT_EQ(header(later.headers, "x-amz-date"), "20130524T000001Z");
  EXPECT_EQ(later.headers.size(), once.headers.size());
  EXPECT_NE(part(later, "Signature"), part(once, "Signature"));
}

TEST(S3Signature, ASessionTokenIsSentAndSigned) {
  HttpRequest request{"GET", std::string(kBucketUrl) + "/test.txt"};
  sign_s3(request, {"AKIAIOSFODNN7EXAMPLE", "secret", "token"}, "us-east-1", kSigned);
  EXPECT_EQ(header(request.headers, "x-amz-security-token"), "token");
  EXPECT_EQ(part(request, "SignedHeaders"), "host;x-amz-content-sha256;x-amz-date;x-amz-security-token");
}

TEST(S3Signature, WhatClientsAndProxiesChangeIsNotSigned) {
  const HttpRequest request = signed_request({"GET",
                                              std::string(kBucketUrl) + "/test.txt",
                                              {{"accept-encoding", "identity"},
                                               {"user-agent", "chatload"},
                                               {"if-match", "\"etag\""},
                                               {"x-amz-request-payer", "requester"}}});
  EXPECT_EQ(part(request, "SignedHeaders"), "host;if-match;x-amz-content-sha256;x-amz-date;x-amz-request-payer");
}

TEST(S3Signature, ABodyCanStayOutOfIt) {
  const auto part_of = [](const char* body, S3Payload payload) {
    return signed_request({"PUT", std::string(kBucketUrl) + "/a", {}, body}, payload);
  };
  EXPECT_EQ(header(part_of("one", S3Payload::kUnsigned).headers, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  EXPECT_EQ(part_of("one", S3Payload::kUnsigned).headers, part_of("two", S3Payload::kUnsigned).headers);
  EXPECT_NE(part_of("one", S3Payload::kHashed).headers, part_of("two", S3Payload::kHashed).headers);
}

TEST(S3Signature, OnlyAPortThatIsNotTheSchemesOwnIsPartOfTheHost) {
  const auto signature = [](const char* url) { return part(signed_request({"GET", url}), "Signature"); };
  EXPECT_EQ(signature("https://host:443/a"), signature("https://host/a"));
  EXPECT_EQ(signature("http://host:80/a"), signature("https://host/a"));
  EXPECT_NE(signature("http://host:443/a"), signature("http://host/a"));
  EXPECT_NE(signature("http://host:8080/a"), signature("http://host/a"));
}

TEST(S3Signature, NeitherTheSecretNorTheTokenIsInTheAuthorization) {
  HttpRequest request{"GET", std::string(kBucketUrl) + "/test.txt"};
  sign_s3(request, {"AKID", "the-secret", "the-token"}, "us-east-1", kSigned);
  for (const auto& [name, value] : request.headers) {
    EXPECT_EQ(value.find("the-secret"), std::string::npos) << name;
    EXPECT_EQ(value.find("the-token") != std::string::npos, name == "x-amz-security-token") << name;
  }
}

}  // namespace
}  // namespace chatload::source
