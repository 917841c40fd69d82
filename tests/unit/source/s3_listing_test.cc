#include "source/s3_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "unit/source/scripted_server.h"

namespace chatload::source {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A page with objects of 7 bytes, or none where the key ends in '/'. next: the token of the one after.
HttpResponse page(const std::vector<std::string>& keys, const std::string& next = "") {
  std::string body =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<EncodingType>url</EncodingType><IsTruncated>" +
      std::string(next.empty() ? "false" : "true") + "</IsTruncated>";
  for (const std::string& key : keys) {
    body += "<Contents><Key>" + key + "</Key><ETag>&quot;e-" + key + "&quot;</ETag><Size>" +
            (key.ends_with('/') || key.ends_with("%2F") ? "0" : "7") + "</Size></Contents>";
  }
  if (!next.empty()) body += "<NextContinuationToken>" + next + "</NextContinuationToken>";
  return {200, {}, body + "</ListBucketResult>"};
}

S3Settings settings() {
  S3Settings settings;
  settings.region = "us-east-1";
  settings.endpoint = "http://host";
  return settings;
}

std::vector<ListedObject> listed(const char* name, ScriptedServer& server) {
  return list_s3_objects(parse_s3_location(name), settings(), std::ref(server));
}

std::vector<std::string> keys(const char* name, std::vector<HttpResponse> pages) {
  ScriptedServer server(std::move(pages));
  std::vector<std::string> keys;
  for (const ListedObject& object : listed(name, server)) keys.push_back(object.key);
  return keys;
}

std::string failure(std::vector<HttpResponse> pages) {
  ScriptedServer server(std::move(pages));
  try {
    static_cast<void>(listed("s3://logs/a/", server));
    return "none";
  } catch (const SourceError& error) {
    return error.what();
  }
}

TEST(S3Listing, HasKeySizeAndTag) {
  ScriptedServer server({page({"a/1.gz"})});
  const std::vector<ListedObject> objects = listed("s3://logs/a/", server);
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(objects[0].key, "a/1.gz");
  EXPECT_EQ(objects[0].size_bytes, 7U);
  EXPECT_EQ(objects[0].etag, "\"e-a/1.gz\"");
}

TEST(S3Listing, ATagHasItsQuotesThoughTheServerLeavesThemOut) {
  HttpResponse bare = page({"a/1.gz"});
  for (std::size_t at = 0; (at = bare.body.find("&quot;")) != std::string::npos;) bare.body.erase(at, 6);
  ScriptedServer server({bare});
  EXPECT_EQ(listed("s3://logs/a/", server).at(0).etag, "\"e-a/1.gz\"");
}

TEST(S3Listing, FollowsThePages) {
  ScriptedServer server({page({"a/1"}, "t+1"), page({}, "t/2"), page({"a/2"})});
  EXPECT_EQ(listed("s3://logs/a/", server).size(), 2U);
  const std::string rest = "encoding-type=url&list-type=2&prefix=a%2F";
  EXPECT_THAT(server.urls(),
              ElementsAre("GET http://host/logs/?" + rest, "GET http://host/logs/?continuation-token=t%2B1&" + rest,
                          "GET http://host/logs/?continuation-token=t%2F2&" + rest));
}

TEST(S3Listing, IsInTheOrderOfKeys) {
  EXPECT_THAT(keys("s3://logs", {page({"b", "%C3%A9"}, "t"), page({"a", "Z"})}),
              ElementsAre("Z", "a", "b", "\xC3\xA9"));
}

TEST(S3Listing, APrefixStandsForAllBelowButMarkersOfDirectories) {
  EXPECT_THAT(keys("s3://logs/a/", {page({"a/", "a/b/", "a/b/1", "a/2", "a/c%2F"})}), ElementsAre("a/2", "a/b/1"));
}

TEST(S3Listing, AnObjectWithContentIsNoMarker) {
  HttpResponse answer = page({"a/b/"});
  answer.body.replace(answer.body.find("<Size>0"), 7, "<Size>5");
  EXPECT_THAT(keys("s3://logs/a/", {answer}), ElementsAre("a/b/"));
}

TEST(S3Listing, APatternIsAskedForByWhatItBeginsWith) {
  ScriptedServer server({page({"a/b1.gz", "a/b1.txt", "a/b/1.gz", "a/b2.gz"})});
  const std::vector<ListedObject> objects = listed("s3://logs/a/b*.gz", server);
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[1].key, "a/b2.gz");
  EXPECT_THAT(server.urls(), ElementsAre(HasSubstr("prefix=a%2Fb")));
}

TEST(S3Listing, AKeyStandsForItselfAlone) {
  EXPECT_THAT(keys("s3://logs/a", {page({"a", "a/b", "ab"})}), ElementsAre("a"));
  EXPECT_THAT(keys("s3://logs/a", {page({"ab"})}), IsEmpty());
}

TEST(S3Listing, KeysAreDecodedAsTheServerSaysTheyAreEncoded) {
  EXPECT_THAT(keys("s3://logs/", {page({"a+b%2Bc%0A%25"})}), ElementsAre("a b+c\n%"));
  HttpResponse plain = page({"a+b%2Bc"});
  plain.body.replace(plain.body.find("<EncodingType>url</EncodingType>"), 32, "");
  EXPECT_THAT(keys("s3://logs/", {plain}), ElementsAre("a+b%2Bc"));
}

TEST(S3Listing, MayNameSeveral) {
  for (const char* const name : {"s3://b", "s3://b/", "s3://b/a/", "s3://b/*.gz", "s3://b/a[12]"}) {
    EXPECT_TRUE(may_name_several(parse_s3_location(name))) << name;
  }
  for (const char* const name : {"s3://b/a", "s3://b/a[1"}) {
    EXPECT_FALSE(may_name_several(parse_s3_location(name))) << name;
  }
}

TEST(S3Listing, SaysWhoPays) {
  S3Settings paying = settings();
  paying.requester_pays = true;
  ScriptedServer server({page({})});
  EXPECT_THAT(list_s3_objects({"logs", ""}, paying, std::ref(server)), IsEmpty());
  EXPECT_EQ(header(server.asked().at(0).headers, "x-amz-request-payer"), "requester");
}

TEST(S3Listing, AFailureOfTheServerIsSaid) {
  EXPECT_THAT(failure({{404, {}, "<Error><Code>NoSuchBucket</Code></Error>"}}),
              AllOf(HasSubstr("s3://logs/a/: "), HasSubstr("NoSuchBucket")));
}

// A list that lacks its end would load less than there is, in silence.
TEST(S3Listing, WhatIsNoWholeListIsRefused) {
  HttpResponse cut = page({"a/1", "a/2"});
  cut.body.resize(cut.body.find("a/2"));
  EXPECT_THAT(failure({cut}), HasSubstr("cannot be read"));
  EXPECT_THAT(failure({{200, {}, "<html/>"}}), HasSubstr("cannot be read"));
  EXPECT_THAT(failure({page({"a/1"}, "t"), page({"a/2"}, "t")}), HasSubstr("does not go on"));
  HttpResponse without_token = page({"a/1"}, "t");
  without_token.body.replace(without_token.body.find(">t<"), 3, "><");
  EXPECT_THAT(failure({without_token}), HasSubstr("does not go on"));
  HttpResponse without_size = page({"a/1"});
  without_size.body.replace(without_size.body.find("<Size>7"), 7, "<Size>x");
  EXPECT_THAT(failure({without_size}), HasSubstr("without a key or a size"));
}

TEST(S3Listing, TooManyObjectsAreRefused) {
  const std::vector<std::string> thousand(1000, "a/1");
  std::vector<HttpResponse> pages;
  for (int i = 0; i < 100; ++i) pages.push_back(page(thousand, std::to_string(i)));
  pages.push_back(page({"a/2"}));
  EXPECT_THAT(failure(pages), HasSubstr("more than 100,000 objects"));
  pages.back() = page({});
  EXPECT_EQ(failure(pages), "none");
}

}  // namespace
}  // namespace chatload::source
