#include "mysql/error_remedy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace chatload::mysql {
namespace {

using ::testing::HasSubstr;

constexpr const char* kAccount = "use another account";

std::string remedy_of(int code, const char* message = "") {
  return std::string(remedy(StatementError(code, "HY000", message), kAccount));
}

TEST(ErrorRemedyTest, TheAccountIsBlamedForPrivilegesOnly) {
  for (const int code : {1044, 1142, 1143, 1227}) EXPECT_EQ(remedy_of(code), kAccount) << code;
  for (const int code : {1005, 1030, 1031, 1071, 1072, 1114, 1118, 1205, 1273, 1286, 1665, 1709, 3161, 4242}) {
    EXPECT_THAT(remedy_of(code), ::testing::Not(HasSubstr("account"))) << code;
  }
}

TEST(ErrorRemedyTest, WhatIsTooLongIsSaidToBeShortened) {
  for (const int code : {1071, 1709}) EXPECT_THAT(remedy_of(code), HasSubstr("ROW_FORMAT = DYNAMIC"));
  EXPECT_THAT(remedy_of(1118), HasSubstr("columns"));
}

TEST(ErrorRemedyTest, AFullDiskIsOneWhateverNumberItHas) {
  for (const int code : {3, 1021, 1026, 1114}) EXPECT_THAT(remedy_of(code), HasSubstr("free disk space")) << code;
  EXPECT_THAT(remedy_of(1030, "Got error 28 - 'No space left on device' from storage engine InnoDB"),
              HasSubstr("free disk space"));
  EXPECT_THAT(remedy_of(1030, "Got error 168 - 'Unknown (generic) error from engine' from storage engine InnoDB"),
              HasSubstr("error log"));
}

TEST(ErrorRemedyTest, ATransactionThatIsTooLargeForAClusterTakesSmallerRanges) {
  for (const int code : {1180, 3100, 8004}) EXPECT_THAT(remedy_of(code), HasSubstr("smaller --range-size")) << code;
  EXPECT_THAT(remedy_of(1105, "Maximum writeset size exceeded"), HasSubstr("smaller --range-size"));
  EXPECT_THAT(remedy_of(1105, "Unknown error"), ::testing::Not(HasSubstr("--range-size")));
}

TEST(ErrorRemedyTest, AServerThatIsReadOnlyIsSaidToBe) {
  EXPECT_THAT(remedy_of(1290, "The MySQL server is running with the --read-only option"), HasSubstr("takes writes"));
}

}  // namespace
}  // namespace chatload::mysql
