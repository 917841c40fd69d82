#include "report/timestamp_look.h"

#include <gtest/gtest.h>

#include <string>

namespace chatload::report {
namespace {

std::string name_of(std::string_view json) {
  const auto look = timestamp_look(json);
  return look ? look->name : "nothing";
}

TEST(TimestampLook, UnitsOfSecondsAreToldBySize) {
  EXPECT_EQ(name_of("1479816000000"), "milliseconds");
  EXPECT_EQ(name_of("\"1479816000000\""), "milliseconds");
  EXPECT_EQ(name_of("1479816000000000"), "microseconds");
  EXPECT_EQ(name_of("1479816000000000000"), "nanoseconds");
}

TEST(TimestampLook, FractionsAndDatesAreNamed) {
  EXPECT_EQ(name_of("\"1479816000.000200\""), "seconds with a fraction");
  EXPECT_EQ(name_of("1479816000.5"), "seconds with a fraction");
  EXPECT_EQ(name_of("\"2016-11-22T12:00:00.123Z\""), "dates in RFC 3339");
  EXPECT_EQ(name_of("\"2016-11-22 12:00:00\""), "dates and times");
  EXPECT_EQ(name_of("\"2016-11-22T12:00:00+01:00\""), "dates and times");
}

TEST(TimestampLook, WhatLooksLikeNoTimeIsNotGuessed) {
  for (const char* json : {"1479816000", "-5", "\"\"", "\"yesterday\"", "1e9", "true", "null", "{",
                           "\"1479816000000x\"", "\"12345678901234567890123\"", "1479816000000.5", "\""}) {
    EXPECT_EQ(name_of(json), "nothing") << json;
  }
}

}  // namespace
}  // namespace chatload::report
