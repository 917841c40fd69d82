#include "base/percent_encoding.h"

#include <gtest/gtest.h>

namespace chatload {
namespace {

TEST(PercentEncoding, KeepsTheUnreservedAndNothingElse) {
  EXPECT_EQ(percent_encode("AZaz09-_.~"), "AZaz09-_.~");
  EXPECT_EQ(percent_encode("a b+c%2F!*'()&=;:@,$#?"), "a%20b%2Bc%252F%21%2A%27%28%29%26%3D%3B%3A%40%2C%24%23%3F");
  EXPECT_EQ(percent_encode("\xC3\xA9\xFF\x7F\n"), "%C3%A9%FF%7F%0A");
}

TEST(PercentEncoding, KeepsASlashOnDemand) {
  EXPECT_EQ(percent_encode("/a//b"), "%2Fa%2F%2Fb");
  EXPECT_EQ(percent_encode("/a//b c", Slash::kKept), "/a//b%20c");
}

TEST(PercentEncoding, EveryByteComesBack) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  EXPECT_EQ(percent_decode(percent_encode(bytes)), bytes);
  EXPECT_EQ(percent_decode(percent_encode(bytes, Slash::kKept), Plus::kSpace), bytes);
}

TEST(PercentEncoding, APlusIsASpaceOnDemand) {
  EXPECT_EQ(percent_decode("a+b%2bc"), "a+b+c");
  EXPECT_EQ(percent_decode("a+b%2bc", Plus::kSpace), "a b+c");
}

TEST(PercentEncoding, WhatIsNoEscapeStays) { EXPECT_EQ(percent_decode("%%41%4%zz%"), "%A%4%zz%"); }

}  // namespace
}  // namespace chatload
