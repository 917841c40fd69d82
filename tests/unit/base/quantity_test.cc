#include "base/quantity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/errors.h"
#include "base/units.h"

namespace chatload {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Quantity, SizesTakePowersOf1024) {
  EXPECT_EQ(parse_size("--memory", "0"), 0U);
  EXPECT_EQ(parse_size("--memory", "4194304"), 4 * kMiB);
  EXPECT_EQ(parse_size("--memory", "64K"), 64 * kKiB);
  EXPECT_EQ(parse_size("--memory", "64KiB"), 64 * kKiB);
  EXPECT_EQ(parse_size("--memory", "4m"), 4 * kMiB);
  EXPECT_EQ(parse_size("--memory", "1G"), kGiB);
  EXPECT_EQ(parse_size("--memory", "18446744073709551615"), UINT64_MAX);
}

TEST(Quantity, OtherSizesAreRefused) {
  for (const char* text :
       {"", "M", "4X", "4MB", "-4M", "4 M", "4.5M", "0x10", "18446744073709551616", "17179869184G"}) {
    EXPECT_THROW((void)parse_size("--memory", text), UsageError) << text;
  }
}

TEST(Quantity, RefusalNamesFlagTextAndForm) {
  EXPECT_THAT([] { (void)parse_size("--memory", "big"); },
              ThrowsMessage<UsageError>(AllOf(HasSubstr("--memory"), HasSubstr("'big'"), HasSubstr("64K"))));
  EXPECT_THAT(
      [] { (void)parse_duration("--progress-interval", "soon"); },
      ThrowsMessage<UsageError>(AllOf(HasSubstr("--progress-interval"), HasSubstr("'soon'"), HasSubstr("30s"))));
  EXPECT_THAT([] { (void)parse_instant("--since", "today"); },
              ThrowsMessage<UsageError>(AllOf(HasSubstr("--since"), HasSubstr("'today'"), HasSubstr("2016-11-22"))));
  EXPECT_THAT([] { (void)parse_count("--threads", "0", 1, 256); },
              ThrowsMessage<UsageError>("--threads takes a whole number from 1 to 256, not '0'."));
}

TEST(Quantity, DurationsTakeUnitsAndAreSecondsWithoutOne) {
  using std::chrono::milliseconds;
  EXPECT_EQ(parse_duration("--x", "500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("--x", "30s"), milliseconds(30'000));
  EXPECT_EQ(parse_duration("--x", "30"), milliseconds(30'000));
  EXPECT_EQ(parse_duration("--x", "5min"), milliseconds(300'000));
  EXPECT_EQ(parse_duration("--x", "5m"), milliseconds(300'000));
  EXPECT_EQ(parse_duration("--x", "1h"), milliseconds(3'600'000));
  EXPECT_EQ(parse_duration("--x", "30d"), milliseconds(2'592'000'000));
  EXPECT_EQ(parse_duration("--x", "36500d"), milliseconds(3'153'600'000'000));
}

TEST(Quantity, OtherDurationsAreRefused) {
  for (const char* text : {"", "s", "1w", "-1s", "1.5s", "1 s", "36501d", "9223372036854775807h", "106751991168d"}) {
    EXPECT_THROW((void)parse_duration("--x", text), UsageError) << text;
  }
}

TEST(Quantity, InstantsAreEpochSecondsOrRfc3339) {
  EXPECT_EQ(parse_instant("--since", "1479816000"), 1479816000);
  EXPECT_EQ(parse_instant("--since", "-1"), -1);
  EXPECT_EQ(parse_instant("--since", "2016-11-22T12:00:00Z"), 1479816000);
  EXPECT_EQ(parse_instant("--since", "2016-11-22 12:00:00z"), 1479816000);
  EXPECT_EQ(parse_instant("--since", "2016-11-22T14:00:00+02:00"), 1479816000);
  EXPECT_EQ(parse_instant("--since", "2016-11-22T08:30:00-03:30"), 1479816000);
  EXPECT_EQ(parse_instant("--since", "2016-11-22"), 1479772800);
  EXPECT_EQ(parse_instant("--since", "2016-02-29"), 1456704000);
  EXPECT_EQ(parse_instant("--since", "1969-12-31T23:59:59Z"), -1);
}

TEST(Quantity, FractionsOfASecondRoundUp) {
  EXPECT_EQ(parse_instant("--since", "2016-11-22T12:00:00.5Z"), 1479816001);
  EXPECT_EQ(parse_instant("--since", "2016-11-22T12:00:00.000000001Z"), 1479816001);
  EXPECT_EQ(parse_instant("--since", "2016-11-22T14:00:59.999999999999999999999+02:00"), 1479816060);
  EXPECT_EQ(parse_instant("--since", "2016-11-22T12:00:00.000Z"), 1479816000);
  EXPECT_EQ(parse_instant("--since", "1969-12-31T23:59:59.5Z"), 0);
}

TEST(Quantity, OtherInstantsAreRefused) {
  for (const char* text : {"",
                           "2016-11",
                           "2016-11-22T12:00:00",
                           "2016-11-22T12:00:00.Z",
                           "2016-11-22T12:00:00.5",
                           "2016-11-22T12:00:00,5Z",
                           "2016-11-22T12:00:00.-5Z",
                           "2016-11-22.5",
                           "2015-02-29",
                           "2016-13-01",
                           "2016-11-22T24:00:00Z",
                           "2016-11-22T12:60:00Z",
                           "2016-11-22T12:00:60Z",
                           "2016-11-22T12:00:00+0200",
                           "2016-11-22T12:00:00+24:00",
                           "2016-11-22T12:00Z",
                           "2016/11/22",
                           "1479816000.5",
                           "16-11-22",
                           "2016-11-22T-1:00:00Z",
                           "99999999999999999999"}) {
    EXPECT_THROW((void)parse_instant("--since", text), UsageError) << text;
  }
}

TEST(Quantity, SizesReadWell) {
  EXPECT_EQ(format_size(0), "0 B");
  EXPECT_EQ(format_size(1500), "1500 B");
  EXPECT_EQ(format_size(4096), "4 KiB");
  EXPECT_EQ(format_size(4194304), "4 MiB");
  EXPECT_EQ(format_size(501'219'328), "478 MiB");
  EXPECT_EQ(format_size(501'219'329), "478.0 MiB");
  EXPECT_EQ(format_size(kGiB), "1 GiB");
  EXPECT_EQ(format_size(kMiB - 1), "1.0 MiB");
  EXPECT_EQ(format_size(5000 * kGiB + 1), "5000.0 GiB");
}

TEST(Quantity, DurationsAreInTheLargestExactUnit) {
  using std::chrono::milliseconds;
  EXPECT_EQ(format_duration(milliseconds(0)), "0 ms");
  EXPECT_EQ(format_duration(milliseconds(500)), "500 ms");
  EXPECT_EQ(format_duration(milliseconds(1'500)), "1500 ms");
  EXPECT_EQ(format_duration(milliseconds(30'000)), "30 s");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "90 s");
  EXPECT_EQ(format_duration(milliseconds(300'000)), "5 min");
  EXPECT_EQ(format_duration(milliseconds(5'400'000)), "90 min");
  EXPECT_EQ(format_duration(milliseconds(43'200'000)), "12 h");
  EXPECT_EQ(format_duration(milliseconds(2'592'000'000)), "720 h");
}

TEST(Quantity, CountsAreGroupedByThousands) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(1234567), "1,234,567");
}

}  // namespace
}  // namespace chatload
