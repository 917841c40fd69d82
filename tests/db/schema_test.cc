#include "ledger/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/errors.h"
#include "db/database_fixture.h"
#include "mapping/mapping_file.h"
#include "mysql/sql_text.h"
#include "table/deferred_indexes.h"

namespace chatload::ledger {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kAllCreated =
    "chat_messages: created\nchatload_loads: created\nchatload_ranges: created\nchatload_rejects: created\n"
    "chatload_migrations: created\nchatload_indexes: created\nchatload_sources: created\n"
    "chatload_fences: created\nchatload_references: created\n";
constexpr const char* kMigrations = "SELECT GROUP_CONCAT(number, ' ', name ORDER BY number) FROM chatload_migrations";
constexpr const char* kAllMigrations =
    "1 chat_messages,2 ledger,3 deferred_indexes,4 witnesses,5 sources,6 fences,7 references";

class SchemaTest : public DatabaseTest {
 protected:
  std::string shown() { return read_back().query("SHOW CREATE TABLE chat_messages").at(0).at(1).value_or(""); }

  // The sentence of require_ledger, and that check_schema gives the same one.
  std::string refusal() {
    const auto of_load = failure_of<DatabaseError>([&] { require_ledger(admin()); });
    EXPECT_EQ(of_load ? of_load->what() : "none", refusal_of_check());
    return of_load ? of_load->what() : "none";
  }
  std::string refusal_of_check() {
    const auto failure = failure_of<DatabaseError>([&] { (void)check_schema(admin(), mapping::chat_mapping()); });
    return failure ? failure->what() : "none";
  }
};

TEST_F(SchemaTest, ApplyCreatesTheTablesOnce) {
  EXPECT_EQ(apply_schema(admin(), mapping::chat_mapping()), kAllCreated);
  const std::string before = shown();
  const std::string applied_at = value_read_back("SELECT MIN(applied_at) FROM chatload_migrations");
  EXPECT_THAT(apply_schema(admin(), mapping::chat_mapping()),
              AllOf(Not(HasSubstr("created")), EndsWith("is there already, left as it is\n")));
  EXPECT_EQ(shown(), before);
  EXPECT_EQ(value_read_back(kMigrations), kAllMigrations);
  EXPECT_EQ(value_read_back("SELECT MIN(applied_at) FROM chatload_migrations"), applied_at);
}

TEST_F(SchemaTest, ApplyAddsTheLedgerToATableThatIsThere) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().execute(
      "DROP TABLE chatload_loads, chatload_ranges, chatload_rejects, chatload_indexes, chatload_sources, "
      "chatload_migrations");
  EXPECT_THAT(apply_schema(admin(), mapping::chat_mapping()),
              AllOf(HasSubstr("chat_messages: is there already"), HasSubstr("chatload_loads: created")));
  EXPECT_EQ(refusal(), "none");
}

TEST_F(SchemaTest, ApplyFinishesWhatWasLeftHalfDone) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().execute("DROP TABLE chatload_rejects");
  admin().update("DELETE FROM chatload_migrations WHERE number = 2");
  EXPECT_THAT(apply_schema(admin(), mapping::chat_mapping()),
              AllOf(HasSubstr("chatload_ranges: is there already"), HasSubstr("chatload_rejects: created")));
  EXPECT_EQ(value_read_back(kMigrations), kAllMigrations);
  EXPECT_EQ(refusal(), "none");
}

TEST_F(SchemaTest, ApplyAddsTheColumnsThatAnOlderLedgerLacksWhateverWasAddedBefore) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  for (const char* missing : {"witnesses", "table_made_at"}) {
    admin().execute(std::string("ALTER TABLE chatload_loads DROP COLUMN ") + missing);
    admin().update("DELETE FROM chatload_migrations WHERE number = 4");
    EXPECT_THAT(refusal_of_check(), HasSubstr("lacks migration 4"));
    EXPECT_THAT(apply_schema(admin(), mapping::chat_mapping()),
                HasSubstr(std::string("chatload_loads: the column `") + missing + "` is added\n"));
    EXPECT_EQ(refusal(), "none");
  }
}

TEST_F(SchemaTest, ATableThatIsMadeAgainLaterHasTheColumnsThatWereAddedToIt) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().execute("DROP TABLE chatload_ranges");
  EXPECT_THAT(apply_schema(admin(), mapping::chat_mapping()),
              AllOf(HasSubstr("chatload_ranges: created"), Not(HasSubstr("is added"))));
  EXPECT_EQ(refusal(), "none");
}

TEST_F(SchemaTest, ApplyCreatesATableThatWasDroppedLater) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().execute("DROP TABLE chat_messages");
  EXPECT_THAT(apply_schema(admin(), mapping::chat_mapping()), HasSubstr("chat_messages: created"));
  EXPECT_EQ(refusal(), "none");
}

TEST_F(SchemaTest, TwoThatApplyAtOnceBothSucceed) {
  for (int round = 0; round < 5; ++round) {
    mysql::Session first = connect();
    mysql::Session second = connect();
    const auto apply = [](mysql::Session& session) {
      const mysql::ClientThread thread;
      (void)apply_schema(session, mapping::chat_mapping());
    };
    auto other = std::async(std::launch::async, apply, std::ref(second));
    EXPECT_NO_THROW((void)apply_schema(first, mapping::chat_mapping()));
    EXPECT_NO_THROW(other.get());
    EXPECT_EQ(refusal(), "none");
    admin().execute(
        "DROP TABLE chat_messages, chatload_loads, chatload_ranges, chatload_rejects, chatload_indexes, "
        "chatload_sources, chatload_fences, chatload_references, chatload_migrations");
  }
}

TEST_F(SchemaTest, WhatIsPrintedDoesWhatApplyDoes) {
  for (int time = 0; time < 2; ++time) {  // it may be repeated
    std::string sql = schema_sql(mapping::chat_mapping());
    for (std::size_t end = 0; (end = sql.find(";\n")) != std::string::npos; sql.erase(0, end + 2)) {
      admin().execute(sql.substr(0, end));
    }
    EXPECT_EQ(sql, "");
  }
  EXPECT_EQ(value_read_back(kMigrations), kAllMigrations);
  EXPECT_EQ(refusal(), "none");
}

TEST_F(SchemaTest, IdsThatDifferInCaseAccentOrTrailingSpaceAreDifferent) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  for (const char* id : {"a", "A", "a ", "\xC3\xA1"}) {
    admin().update("INSERT INTO chat_messages (id, `from`, site_id, timestamp) VALUES (" + mysql::quote_text(id) +
                   ", '', '', '2016-11-22')");
  }
  EXPECT_EQ(value_read_back("SELECT COUNT(DISTINCT HEX(id)) FROM chat_messages"), "4");
}

TEST_F(SchemaTest, TheTimestampHasNoDefaultAndStaysWhenARowIsUpdated) {
  const GlobalVariable implicit(admin(), "explicit_defaults_for_timestamp", is_mysql() ? "1" : "0");
  mysql::Session session = connect();
  (void)apply_schema(session, mapping::chat_mapping());
  EXPECT_THAT(shown(), AllOf(HasSubstr("`timestamp` timestamp NOT NULL,"), Not(HasSubstr("CURRENT_TIMESTAMP"))));
}

TEST_F(SchemaTest, ApplyNeedsNoRowFormatOfTheServers) {
  for (const char* format : {"compact", "redundant"}) {
    const GlobalVariable row_format(admin(), "innodb_default_row_format", format);
    EXPECT_EQ(apply_schema(admin(), mapping::chat_mapping()), kAllCreated) << format;
    EXPECT_EQ(refusal(), "none");
    admin().execute(
        "DROP TABLE chat_messages, chatload_loads, chatload_ranges, chatload_rejects, chatload_indexes, "
        "chatload_sources, chatload_fences, chatload_references, chatload_migrations");
  }
}

TEST_F(SchemaTest, AnIndexThatIsTooLongIsSaidToBeAndTheAccountIsNotBlamed) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().execute(
      "ALTER TABLE chat_messages MODIFY id VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, "
      "ROW_FORMAT = COMPACT");
  admin().update(
      "INSERT INTO chatload_indexes VALUES ('chat_messages', 'long', 0, 'KEY `long` (`from`)', UTC_TIMESTAMP(6))");
  const auto failure = failure_of<DatabaseError>([&] { (void)apply_schema(admin(), mapping::chat_mapping()); });
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->what(), AllOf(HasSubstr("An index that was left out"), HasSubstr("ROW_FORMAT = DYNAMIC"),
                                     Not(HasSubstr("account"))));
}

TEST_F(SchemaTest, IndexesAreLeftOutOfATableWithoutRowsUntilTheNextApply) {
  const std::string left_out =
      "chat_messages: its indexes `site_id`, `timestamp` are left out until the next `chatload schema apply`\n";
  EXPECT_EQ(apply_schema(admin(), mapping::chat_mapping(), MissingIndexes::kLeaveOut), kAllCreated + left_out);
  EXPECT_THAT(shown(), AllOf(HasSubstr("PRIMARY KEY"), Not(HasSubstr("`site_id` ("))));
  EXPECT_THAT(apply_schema(admin(), mapping::chat_mapping(), MissingIndexes::kLeaveOut), Not(HasSubstr("its indexes")));
  EXPECT_EQ(value_read_back("SELECT COUNT(*) FROM chatload_indexes"), "2");
  EXPECT_THAT(apply_schema(admin(), mapping::chat_mapping()),
              HasSubstr("chat_messages: the index `site_id` is built\n"));
  EXPECT_THAT(shown(), AllOf(HasSubstr("KEY `site_id`"), HasSubstr("KEY `timestamp`")));
  EXPECT_THAT(apply_schema(admin(), mapping::chat_mapping(), MissingIndexes::kLeaveOut), EndsWith(left_out))
      << "it has no rows";
}

TEST_F(SchemaTest, IndexesOfATableWithRowsStay) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().update("INSERT INTO chat_messages (id, `from`, site_id, timestamp) VALUES ('1', '', '', '2016-11-22')");
  EXPECT_THAT(apply_schema(admin(), mapping::chat_mapping(), MissingIndexes::kLeaveOut),
              EndsWith("chat_messages: its indexes `site_id`, `timestamp` stay, because it has rows\n"));
  EXPECT_THAT(shown(), HasSubstr("KEY `site_id`"));
}

TEST_F(SchemaTest, IndexesStayWhileALoadHasTheTableForItself) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  mysql::Session load = connect();
  ASSERT_TRUE(mysql::get_lock(load, table::table_lock_name(load, "chat_messages")));
  EXPECT_THAT(apply_schema(admin(), mapping::chat_mapping(), MissingIndexes::kLeaveOut),
              HasSubstr("stay, because a load that runs"));
  EXPECT_THAT(shown(), HasSubstr("KEY `site_id`"));
}

TEST_F(SchemaTest, ApplyWithoutThePrivilegeSaysWhatIsMissing) {
  const Account account(admin(), "chatload_reader", "secret", endpoint().database);
  admin().execute("REVOKE CREATE ON " + endpoint().database + ".* FROM chatload_reader@'%'");
  mysql::Session session = mysql::Session::connect(account.endpoint(endpoint(), "secret"), 0);
  const auto failure = failure_of<DatabaseError>([&] { (void)apply_schema(session, mapping::chat_mapping()); });
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->what(), AllOf(HasSubstr("`chat_messages`"), HasSubstr("may CREATE")));
}

TEST_F(SchemaTest, CheckHasNothingToSayAboutTheShippedTable) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  EXPECT_EQ(check_schema(admin(), mapping::chat_mapping()), "chat_messages: can be loaded\nledger: can be used\n");
}

TEST_F(SchemaTest, CheckNotesWhatCostsSpeed) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().execute(
      "ALTER TABLE chat_messages DROP KEY site_id, DROP KEY timestamp, ADD UNIQUE KEY (type, site_id), "
      "MODIFY id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL");
  EXPECT_THAT(check_schema(admin(), mapping::chat_mapping()),
              AllOf(HasSubstr("utf8mb4_bin"), HasSubstr("unique key"), HasSubstr("column `site_id`"),
                    HasSubstr("column `timestamp`")));
}

TEST_F(SchemaTest, CheckOfAMissingTableNamesTheCommand) {
  const auto failure = failure_of<DatabaseError>([&] { (void)check_schema(admin(), mapping::chat_mapping()); });
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->what(), HasSubstr("`chatload schema apply`"));
}

TEST_F(SchemaTest, ADatabaseWithoutALedgerIsToldTheCommand) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().execute("DROP TABLE chatload_migrations");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("there is no ledger yet"), HasSubstr("`chatload schema apply`")));
}

TEST_F(SchemaTest, ALedgerThatLacksAMigrationIsToldTheCommand) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().update("DELETE FROM chatload_migrations WHERE number = 2");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("lacks migration 2 (ledger)"), HasSubstr("`chatload schema apply`")));
}

TEST_F(SchemaTest, ALedgerOfANewerChatloadIsLeftToThatOne) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().update("INSERT INTO chatload_migrations VALUES (9, 'later', UTC_TIMESTAMP(6))");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("a newer chatload, whose migration 9 (later)"), HasSubstr(CHATLOAD_VERSION)));
  const auto failure = failure_of<DatabaseError>([&] { (void)apply_schema(admin(), mapping::chat_mapping()); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->what(), refusal());
}

TEST_F(SchemaTest, ALedgerWithAnotherMigrationOfThatNumberIsRefused) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().update("UPDATE chatload_migrations SET name = 'another' WHERE number = 2");
  EXPECT_THAT(refusal(), HasSubstr("2 (another)"));
}

TEST_F(SchemaTest, ALedgerTableThatIsGoneOrHasNoTransactionsIsNamed) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().execute("ALTER TABLE chatload_ranges ENGINE = MyISAM");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("`chatload_ranges` is of the engine MyISAM"), HasSubstr("ENGINE = InnoDB")));
  admin().execute("DROP TABLE chatload_ranges");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("`chatload_ranges` is missing"), HasSubstr("`chatload schema apply`")));
}

TEST_F(SchemaTest, CheckNamesALedgerColumnThatIsGoneOrAnother) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().execute("ALTER TABLE chatload_rejects MODIFY detail VARCHAR(10)");
  EXPECT_THAT(refusal_of_check(), HasSubstr("`chatload_rejects` lacks the column `detail` of type text"));
  admin().execute("ALTER TABLE chatload_loads DROP COLUMN owner");
  EXPECT_THAT(refusal_of_check(), HasSubstr("`chatload_loads` lacks the column `owner`"));
}

TEST_F(SchemaTest, CheckNamesAUniqueKeyOfTheLedgerThatIsGone) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().execute("ALTER TABLE chatload_sources DROP KEY source_key, ADD KEY source_key (source_key)");
  EXPECT_THAT(refusal_of_check(),
              HasSubstr("`chatload_sources` lacks the unique key (target_table,source_key,attempt)"));
  (void)apply_schema(admin(), mapping::chat_mapping());
  admin().execute("ALTER TABLE chatload_sources ADD UNIQUE KEY (target_table, source_key, attempt)");
  admin().execute("ALTER TABLE chatload_ranges DROP PRIMARY KEY, ADD PRIMARY KEY (load_id, range_number)");
  EXPECT_THAT(refusal_of_check(), HasSubstr("`chatload_ranges` lacks the unique key (load_id,source,range_number)"));
}

TEST_F(SchemaTest, ALoaderThatMayNotReadTheMigrationsIsToldOfTheGrants) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  const Account account(admin(), "chatload_loader", "secret", endpoint().database);
  admin().execute("REVOKE ALL ON " + endpoint().database + ".* FROM chatload_loader@'%'");
  admin().execute("GRANT SELECT ON " + endpoint().database + ".chat_messages TO chatload_loader@'%'");
  mysql::Session session = mysql::Session::connect(account.endpoint(endpoint(), "secret"), 0);
  const auto failure = failure_of<DatabaseError>([&] { require_ledger(session); });
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->what(), AllOf(HasSubstr("`chatload_migrations`"), HasSubstr("denied"), HasSubstr("grants")));
}

TEST_F(SchemaTest, TheDocumentedGrantsAreEnoughForALoadersQuestions) {
  (void)apply_schema(admin(), mapping::chat_mapping());
  const std::string database = endpoint().database;
  const Account account(admin(), "chatload_loader", "secret", database);
  admin().execute("REVOKE ALL ON " + database + ".* FROM chatload_loader@'%'");
  admin().execute("GRANT SELECT, INSERT, UPDATE ON " + database + ".chat_messages TO chatload_loader@'%'");
  for (const char* table : {"chatload_loads", "chatload_ranges", "chatload_rejects", "chatload_indexes",
                            "chatload_sources", "chatload_fences", "chatload_references"}) {
    admin().execute("GRANT SELECT, INSERT, UPDATE, DELETE ON " + database + "." + table + " TO chatload_loader@'%'");
  }
  admin().execute("GRANT SELECT ON " + database + ".chatload_migrations TO chatload_loader@'%'");
  mysql::Session session = mysql::Session::connect(account.endpoint(endpoint(), "secret"), 0);
  EXPECT_NO_THROW(require_ledger(session));
  EXPECT_THAT(check_schema(session, mapping::chat_mapping()), EndsWith("ledger: can be used\n"));
}

}  // namespace
}  // namespace chatload::ledger
