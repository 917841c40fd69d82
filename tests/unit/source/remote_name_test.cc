#include "source/remote_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/errors.h"
#include "source/opener.h"

namespace chatload::source {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

TEST(RemoteName, OfAPlainUrlIsTheUrlWithoutItsFragment) {
  EXPECT_EQ(name_of_url("https://host:8443/a/b.json.gz?part=2&x#top"), "https://host:8443/a/b.json.gz?part=2&x");
}

TEST(RemoteName, OfAPresignedUrlHasNoParameters) {
  for (const char* const query : {"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=c&X-Amz-Signature=s",
                                  "GoogleAccessId=a&Expires=1&Signature=s", "sv=2022&se=2026&sr=b&sig=s"}) {
    EXPECT_EQ(name_of_url(std::string("https://host/log.gz?") + query), "https://host/log.gz") << query;
  }
}

TEST(RemoteName, LeavesTokensAndKeysOut) {
  EXPECT_EQ(name_of_url("http://h/a?token=t&part=1&API_KEY=k&access_token=x"), "http://h/a?part=1");
}

TEST(RemoteName, OfAUrlWithAUserIsRefusedWithoutSayingThePassword) {
  EXPECT_THAT([] { static_cast<void>(name_of_url("https://me:hunter2@host/a")); },
              ThrowsMessage<UsageError>(AllOf(HasSubstr("~/.netrc"), Not(HasSubstr("hunter2")))));
}

TEST(RemoteName, WithoutAHostIsRefused) {
  EXPECT_THAT([] { static_cast<void>(name_of_url("https:///a")); }, ThrowsMessage<UsageError>(HasSubstr("no host")));
}

TEST(UrlToSend, EncodesWhatMayNotStandInOneAndNothingTwice) {
  EXPECT_EQ(url_to_send("http://h/a b/\xC3\xA4%20+?x=\"1\"#f"), "http://h/a%20b/%C3%A4%20+?x=%221%22");
}

TEST(RemoteName, SecretsAreLeftOut) {
  for (const char* const url :
       {"https://h/a.gz#part", "https://h/a.gz?X-Amz-Date=1&X-Amz-Signature=s", "https://h/a.gz?Private_Token=s",
        "https://h/a.gz?%74oken=s", "https://h/a.gz?md5=s&pwd=s"}) {
    EXPECT_EQ(name_of_url(url), "https://h/a.gz") << url;
  }
  EXPECT_EQ(name_of_url("https://h/get?key=s&file=a.gz&empty"), "https://h/get?file=a.gz&empty");
}

TEST(RemoteName, WhatIsRefusedShowsNoSecret) {
  for (const char* const url : {"https:///a.gz?sig=s3cret", "https://user:s3cret@h/a.gz"}) {
    EXPECT_THAT([url] { static_cast<void>(name_of_url(url)); }, ThrowsMessage<UsageError>(Not(HasSubstr("s3cret"))));
  }
}

TEST(RemoteName, TwoUrlsOfOneNameAreNotTakenForOneObject) {
  Opener opener({});
  EXPECT_THAT(opener.expand("https://h/get?key=a.gz"), ElementsAre("https://h/get"));
  EXPECT_THAT(opener.expand("https://h/get?key=a.gz"), ElementsAre("https://h/get"));
  EXPECT_THROW(static_cast<void>(opener.expand("https://h/get?key=b.gz")), UsageError);
}

}  // namespace
}  // namespace chatload::source
