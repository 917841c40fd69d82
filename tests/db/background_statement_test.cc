#include "mysql/background_statement.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "db/database_fixture.h"

namespace chatload::mysql {
namespace {

class BackgroundStatementTest : public DatabaseTest {
 protected:
  // Returns when the server is at it.
  void await_sleep(std::uint64_t connection_id) {
    const std::string is_there =
        "SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP%' AND ID = " +
        std::to_string(connection_id);
    while (admin().query(is_there).empty()) {
    }
  }
};

TEST_F(BackgroundStatementTest, OneThatIsDestroyedBeforeItsEndLeavesNoThreadBehind) {
  bool has_failed = false;
  {
    const BackgroundStatement statement(connect(), [&](Session& session) {
      try {
        session.execute("SELECT SLEEP(1000)");
      } catch (const StatementError& error) {
        has_failed = classify(error) == ErrorClass::kConnectionLost;
      }
    });
    await_sleep(statement.connection_id());
    EXPECT_FALSE(statement.ends_within(std::chrono::milliseconds(0)));
  }
  EXPECT_TRUE(has_failed);
}

TEST_F(BackgroundStatementTest, WhatTheStatementThrowsIsThrownByGet) {
  BackgroundStatement statement(connect(), [](Session& session) { session.execute("SELECT * FROM `nowhere`"); });
  ASSERT_TRUE(statement.ends_within(std::chrono::minutes(1)));
  EXPECT_THROW(statement.get(), StatementError);
}

}  // namespace
}  // namespace chatload::mysql
