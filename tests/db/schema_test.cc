#include "write/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "db/database_fixture.h"

namespace chatload::write {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SchemaTest : public DatabaseTest {
 protected:
  std::string shown() { return admin().query("SHOW CREATE TABLE chat_messages").at(0).at(1).value_or(""); }
};

TEST_F(SchemaTest, ApplyCreatesTheTableOnce) {
  EXPECT_EQ(apply_schema(admin()), "chat_messages: created\n");
  const std::string before = shown();
  EXPECT_EQ(apply_schema(admin()), "chat_messages: is there already, left as it is\n");
  EXPECT_EQ(shown(), before);
}

TEST_F(SchemaTest, IdsThatDifferInCaseAccentOrTrailingSpaceAreDifferent) {
  (void)apply_schema(admin());
  for (const char* id : {"a", "A", "a ", "\xC3\xA1"}) {
    admin().update("INSERT INTO chat_messages (id, `from`, site_id, timestamp) VALUES (" + quote_text(id) +
                   ", '', '', '2016-11-22')");
  }
  EXPECT_EQ(value(admin(), "SELECT COUNT(DISTINCT HEX(id)) FROM chat_messages"), "4");
}

TEST_F(SchemaTest, TheTimestampHasNoDefaultAndStaysWhenARowIsUpdated) {
  const GlobalVariable implicit(admin(), "explicit_defaults_for_timestamp", is_mysql() ? "1" : "0");
  Session session = connect();
  (void)apply_schema(session);
  EXPECT_THAT(shown(), AllOf(HasSubstr("`timestamp` timestamp NOT NULL,"), Not(HasSubstr("CURRENT_TIMESTAMP"))));
}

TEST_F(SchemaTest, ApplyWithoutThePrivilegeSaysWhatIsMissing) {
  const Account account(admin(), "chatload_reader", "secret", endpoint().database);
  admin().execute("REVOKE CREATE ON " + endpoint().database + ".* FROM chatload_reader@'%'");
  Session session = Session::connect(account.endpoint(endpoint(), "secret"), 0);
  const auto failure = failure_of<DatabaseError>([&] { (void)apply_schema(session); });
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->what(), AllOf(HasSubstr("`chat_messages`"), HasSubstr("may CREATE")));
}

TEST_F(SchemaTest, CheckHasNothingToSayAboutTheShippedTable) {
  (void)apply_schema(admin());
  EXPECT_EQ(check_schema(admin(), parse::chat_mapping()), "chat_messages: can be loaded\n");
}

TEST_F(SchemaTest, CheckNotesWhatCostsSpeed) {
  (void)apply_schema(admin());
  admin().execute(
      "ALTER TABLE chat_messages DROP KEY site_id, DROP KEY timestamp, ADD UNIQUE KEY (type, site_id), "
      "MODIFY id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL");
  EXPECT_THAT(check_schema(admin(), parse::chat_mapping()),
              AllOf(HasSubstr("utf8mb4_bin"), HasSubstr("unique key"), HasSubstr("column `site_id`"),
                    HasSubstr("column `timestamp`")));
}

TEST_F(SchemaTest, CheckOfAMissingTableNamesTheCommand) {
  const auto failure = failure_of<DatabaseError>([&] { (void)check_schema(admin(), parse::chat_mapping()); });
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->what(), HasSubstr("`chatload schema apply`"));
}

}  // namespace
}  // namespace chatload::write
