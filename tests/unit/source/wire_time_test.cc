#include "source/wire_time.h"

#include <gtest/gtest.h>

namespace chatload::source {
namespace {

using std::chrono::system_clock;

system_clock::time_point at(std::int64_t epoch_s) { return system_clock::time_point(std::chrono::seconds(epoch_s)); }

TEST(WireTime, IsCompactInSignatures) {
  EXPECT_EQ(compact_time(at(1369353600)), "20130524T000000Z");
  EXPECT_EQ(compact_time(at(1709251199) + std::chrono::milliseconds(999)), "20240229T235959Z");
}

TEST(WireTime, IsReadFromADateHeader) {
  EXPECT_EQ(read_http_date("Fri, 24 May 2013 00:00:00 GMT"), at(1369353600));
  EXPECT_EQ(read_http_date("Thu, 29 Feb 2024 23:59:59 GMT"), at(1709251199));
}

TEST(WireTime, OtherTextsAreNoDate) {
  for (const char* const text :
       {"", "Fri, 24 May 2013 00:00:00", "Fri, 24 May 2013 00:00:00 CET", "Fri, 24 ayJ 2013 00:00:00 GMT",
        "Fri, 24 Mai 2013 00:00:00 GMT", "Fri, 31 Feb 2013 00:00:00 GMT", "Fri, 24 May 2013 24:00:00 GMT",
        "Fri, 24 May 2013 0:00:00 GMT", "Friday, 24-May-13 00:00:00 GMT", "Fri, 24 ",
        "Fri, 24 May 2013 00:00:00 GMT "}) {
    EXPECT_FALSE(read_http_date(text)) << text;
  }
}

}  // namespace
}  // namespace chatload::source
