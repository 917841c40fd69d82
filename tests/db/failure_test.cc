// Each kind of database error, caused for real.
#include <gtest/gtest.h>

#include <future>
#include <string>

#include "db/database_fixture.h"

namespace chatload::mysql {
namespace {

class FailureTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    admin().execute("CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL, CHECK (v < 100)) ENGINE = InnoDB");
    admin().execute("INSERT INTO t VALUES (1, 0), (2, 0)");
  }

  // What sql's failure is classified as.
  static ErrorClass class_of(Session& session, const std::string& sql) {
    const auto error = failure_of<StatementError>([&] { session.update(sql); });
    if (!error) throw std::logic_error("did not fail: " + sql);
    return classify(*error);
  }

  static std::optional<StatementError> add_one(Session& session, int id) {
    return failure_of<StatementError>(
        [&] { session.update("UPDATE t SET v = v + 1 WHERE id = " + std::to_string(id)); });
  }
};

TEST_F(FailureTest, ADeadlockIsRetried) {
  Session first = connect();
  Session second = connect();
  first.execute("START TRANSACTION");
  second.execute("START TRANSACTION");
  ASSERT_FALSE(add_one(first, 1));
  ASSERT_FALSE(add_one(second, 2));
  auto crossing = std::async(std::launch::async, [&] {
    const ClientThread client_thread;
    const auto error = add_one(first, 2);
    first.execute("ROLLBACK");
    return error;
  });
  auto error = add_one(second, 1);
  second.execute("ROLLBACK");
  const auto other = crossing.get();
  ASSERT_NE(error.has_value(), other.has_value()) << "exactly one is the victim";
  if (!error) error = other;
  EXPECT_EQ(error->code(), 1213);
  EXPECT_EQ(classify(*error), ErrorClass::kRetry);
}

TEST_F(FailureTest, ALockThatIsHeldTooLongIsRetried) {
  Session holder = connect();
  holder.execute("START TRANSACTION");
  ASSERT_FALSE(add_one(holder, 1));
  Session waiter = connect();
  waiter.execute("SET SESSION innodb_lock_wait_timeout = 1");
  const auto error = add_one(waiter, 1);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), 1205);
  EXPECT_EQ(classify(*error), ErrorClass::kRetry);
}

TEST_F(FailureTest, RowsAreRefusedForTheirValuesAndConstraints) {
  admin().execute("CREATE TABLE child (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES t (id)) ENGINE = InnoDB");
  admin().execute("CREATE TABLE words (w VARCHAR(3), l VARCHAR(3) CHARACTER SET latin1)");
  admin().execute(
      "CREATE TRIGGER words_insert BEFORE INSERT ON words FOR EACH ROW BEGIN IF NEW.w = 'no' THEN SIGNAL SQLSTATE "
      "'45000' SET MESSAGE_TEXT = 'no'; END IF; END");
  EXPECT_EQ(class_of(admin(), "INSERT INTO t VALUES (3, 100)"), ErrorClass::kRefused) << "check constraint";
  EXPECT_EQ(class_of(admin(), "INSERT INTO t VALUES (3, NULL)"), ErrorClass::kRefused) << "not null";
  EXPECT_EQ(class_of(admin(), "INSERT INTO t VALUES (3, 'x')"), ErrorClass::kRefused) << "not a number";
  EXPECT_EQ(class_of(admin(), "INSERT INTO child VALUES (9)"), ErrorClass::kRefused) << "foreign key";
  EXPECT_EQ(class_of(admin(), "INSERT INTO words VALUES ('long', '')"), ErrorClass::kRefused) << "too long";
  EXPECT_EQ(class_of(admin(), "INSERT INTO words VALUES ('', '\xE4\xB8\xAD')"), ErrorClass::kRefused) << "charset";
  EXPECT_EQ(class_of(admin(), "INSERT INTO words VALUES ('no', '')"), ErrorClass::kRefused) << "trigger";
}

TEST_F(FailureTest, ADuplicateKeyIsOne) {
  EXPECT_EQ(class_of(admin(), "INSERT INTO t VALUES (1, 1)"), ErrorClass::kDuplicateKey);
}

TEST_F(FailureTest, NoRowIsAtFaultForAMissingTableOrAWrongStatement) {
  EXPECT_EQ(class_of(admin(), "INSERT INTO missing VALUES (1)"), ErrorClass::kFatal);
  EXPECT_EQ(class_of(admin(), "INSERT INTO t (nope) VALUES (1)"), ErrorClass::kFatal);
  EXPECT_EQ(class_of(admin(), "INSERT INTO t (id) VALUES (3)"), ErrorClass::kFatal);
  EXPECT_EQ(class_of(admin(), "INSRT"), ErrorClass::kFatal);
}

TEST_F(FailureTest, AReadOnlyTransactionTakesNoWrites) {
  Session session = connect();
  session.execute("START TRANSACTION READ ONLY");
  EXPECT_EQ(class_of(session, "INSERT INTO t VALUES (3, 3)"), ErrorClass::kReadOnly);
}

class KilledBeforeTest : public FailureTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(KilledBeforeTest, TheStatementFailsAndTheConnectionIsLost) {
  Session session = connect();
  if (std::string_view(GetParam()) != "START TRANSACTION") {
    session.execute("START TRANSACTION");
    session.update("INSERT INTO t VALUES (3, 3)");
  }
  kill(session);
  const auto lost = failure_of<StatementError>([&] { session.execute(GetParam()); });
  ASSERT_TRUE(lost) << GetParam() << " seemed to succeed on a dead connection";
  EXPECT_EQ(classify(*lost), ErrorClass::kConnectionLost) << lost->what();
  EXPECT_TRUE(failure_of<StatementError>([&] { session.execute("DO 1"); })) << "it came back by itself";
  EXPECT_EQ(value_read_back("SELECT COUNT(*) FROM t WHERE id = 3"), "0");
}

INSTANTIATE_TEST_SUITE_P(Transactions, KilledBeforeTest, ::testing::Values("START TRANSACTION", "COMMIT", "ROLLBACK"));

}  // namespace
}  // namespace chatload::mysql
