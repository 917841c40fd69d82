#include "mysql/statement_error.h"

#include <gtest/gtest.h>

namespace chatload::mysql {
namespace {

ErrorClass class_of(int code, const char* sqlstate = "HY000", const char* message = "") {
  return classify(StatementError(code, sqlstate, message));
}

TEST(StatementErrorTest, LocksAreRetried) {
  EXPECT_EQ(class_of(1205), ErrorClass::kRetry);
  EXPECT_EQ(class_of(1213, "40001"), ErrorClass::kRetry);
}

TEST(StatementErrorTest, TransactionThatAClusterRolledBackIsRetried) {
  EXPECT_EQ(class_of(3101, "40000"), ErrorClass::kRetry);
  EXPECT_EQ(class_of(1180, "HY000", "Got error 149 - 'Lock deadlock; Retry transaction' during COMMIT"),
            ErrorClass::kRetry);
  EXPECT_EQ(class_of(1180, "HY000", "Got error 5 - 'Input/output error' during COMMIT"), ErrorClass::kFatal);
}

TEST(StatementErrorTest, NodeOutsideItsClusterIsALostConnectionAndAnUnknownCommandIsNot) {
  EXPECT_EQ(class_of(1047, "08S01", "WSREP has not yet prepared node for application use"),
            ErrorClass::kConnectionLost);
  EXPECT_EQ(class_of(1047, "08S01", "Unknown command"), ErrorClass::kFatal);
}

TEST(StatementErrorTest, EveryWayToLoseAConnectionIsOne) {
  for (const int code : {1053, 1158, 1160, 1927, 3169, 4031, 2002, 2003, 2006, 2013, 2014, 2026, 2055}) {
    EXPECT_EQ(class_of(code), ErrorClass::kConnectionLost) << code;
  }
}

TEST(StatementErrorTest, ADuplicateKeyIsNotJustAnyConstraint) {
  EXPECT_EQ(class_of(1062, "23000"), ErrorClass::kDuplicateKey);
  EXPECT_EQ(class_of(1452, "23000"), ErrorClass::kRefused);
}

TEST(StatementErrorTest, OnlyTheReadOnlyOptionOf1290IsReadOnly) {
  EXPECT_EQ(class_of(1290, "HY000", "The MySQL server is running with the --super-read-only option"),
            ErrorClass::kReadOnly);
  EXPECT_EQ(class_of(1290, "HY000", "The MariaDB server is running with the --read-only=ON option"),
            ErrorClass::kReadOnly);
  EXPECT_EQ(class_of(1290, "HY000", "The MySQL server is running with the --secure-file-priv option"),
            ErrorClass::kFatal);
  EXPECT_EQ(class_of(1792, "25006"), ErrorClass::kReadOnly);
  EXPECT_EQ(class_of(1836), ErrorClass::kReadOnly);
}

TEST(StatementErrorTest, ARowIsAtFaultForItsValuesConstraintsAndTriggers) {
  EXPECT_EQ(class_of(1406, "22001"), ErrorClass::kRefused);
  EXPECT_EQ(class_of(1366), ErrorClass::kRefused);
  EXPECT_EQ(class_of(3819), ErrorClass::kRefused);
  EXPECT_EQ(class_of(4025, "23000"), ErrorClass::kRefused);
  EXPECT_EQ(class_of(1644, "45000"), ErrorClass::kRefused);
}

TEST(StatementErrorTest, NoRowIsAtFaultForTheServersTroubles) {
  EXPECT_EQ(class_of(1114), ErrorClass::kFatal);           // full disk
  EXPECT_EQ(class_of(1142, "42000"), ErrorClass::kFatal);  // no privilege
  EXPECT_EQ(class_of(1146, "42S02"), ErrorClass::kFatal);  // no table
  EXPECT_EQ(class_of(1364), ErrorClass::kFatal);           // a column without a default
  EXPECT_EQ(class_of(0, ""), ErrorClass::kFatal);          // no number at all
}

TEST(StatementErrorTest, TheTextHoldsMessageNumberAndState) {
  EXPECT_STREQ(StatementError(1062, "23000", "Duplicate entry").what(), "Duplicate entry (1062, SQLSTATE 23000)");
  EXPECT_STREQ(StatementError(0, "", "Statement returning result set").what(), "Statement returning result set");
  EXPECT_STREQ(StatementError(0, "", "").what(), "unknown error");
}

}  // namespace
}  // namespace chatload::mysql
