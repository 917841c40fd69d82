#include "mysql/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <new>
#include <span>
#include <string_view>
#include <thread>

#include "db/database_fixture.h"
#include "mysql/sql_text.h"

namespace chatload::mysql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SessionTest : public DatabaseTest {};

TEST_F(SessionTest, AStatementThatTheTransactionDoesNotOutliveHasFailed) {
  Session session = connect();
  session.execute("START TRANSACTION");
  const auto failure = failure_of<StatementError>([&] { session.update("CREATE TABLE ends_it (id INT)"); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(classify(*failure), ErrorClass::kRetry);
  EXPECT_NO_THROW(session.update("CREATE TABLE outside (id INT)"));
}

TEST_F(SessionTest, TheSessionIsPinnedWhateverTheServersDefaults) {
  const std::string isolation = is_mysql() ? "transaction_isolation" : "tx_isolation";
  const std::string access = is_mysql() ? "transaction_read_only" : "tx_read_only";
  const GlobalVariable mode(admin(), "sql_mode", "'ANSI_QUOTES'");
  const GlobalVariable zone(admin(), "time_zone", "'+05:30'");
  const GlobalVariable level(admin(), isolation, "'SERIALIZABLE'");
  const GlobalVariable read_only(admin(), access, "1");
  const GlobalVariable autocommit(admin(), "autocommit", "0");
  const GlobalVariable charset(admin(), "character_set_connection", "latin1");
  const GlobalVariable idle(admin(), "wait_timeout", "7");
  const GlobalVariable completion(admin(), "completion_type", "'RELEASE'");
  const GlobalVariable rows(admin(), "sql_select_limit", "1");

  Session session = connect();
  EXPECT_THAT(
      session
          .query("SELECT @@sql_mode, @@time_zone, @@" + isolation + ", @@" + access +
                 ", @@autocommit, @@character_set_client, @@character_set_connection, @@character_set_results, "
                 "@@collation_connection, @@wait_timeout, @@completion_type, @@foreign_key_checks, @@unique_checks, "
                 "@@sql_safe_updates, @@sql_select_limit")
          .at(0),
      ElementsAre("STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
                  "+00:00", "READ-COMMITTED", "0", "1", "utf8mb4", "utf8mb4", "utf8mb4", "utf8mb4_bin", "28800",
                  "NO_CHAIN", "1", "1", "0", "18446744073709551615"));
}

TEST_F(SessionTest, MysqlEndsNoQueryForItsTime) {
  if (!is_mysql()) GTEST_SKIP() << "MariaDB calls it max_statement_time";
  const GlobalVariable time(admin(), "max_execution_time", "1000");
  Session session = connect();
  EXPECT_EQ(value(session, "SELECT @@max_execution_time"), "0");
}

TEST_F(SessionTest, MariadbChecksConstraints) {
  if (is_mysql()) GTEST_SKIP() << "MySQL always does";
  const GlobalVariable checks(admin(), "check_constraint_checks", "0");
  Session session = connect();
  EXPECT_EQ(value(session, "SELECT @@check_constraint_checks"), "1");
}

TEST_F(SessionTest, MariadbEndsNoTransactionThatWaits) {
  if (is_mysql()) GTEST_SKIP() << "MySQL has no such timeouts";
  const GlobalVariable idle(admin(), "idle_transaction_timeout", "7");
  const GlobalVariable idle_write(admin(), "idle_write_transaction_timeout", "7");
  Session session = connect();
  EXPECT_THAT(
      session.query("SELECT @@idle_transaction_timeout, @@idle_write_transaction_timeout, @@max_statement_time = 0")
          .at(0),
      ElementsAre("0", "0", "1"));
}

TEST_F(SessionTest, TheServerIsDescribed) {
  const GlobalVariable packet(admin(), "max_allowed_packet", "8388608");
  const Session session = connect();
  EXPECT_EQ(session.server().packet_bytes_max, 8388608U);
  EXPECT_EQ(session.server().version, value(admin(), "SELECT VERSION()"));
  EXPECT_FALSE(session.server().read_only);
  EXPECT_NE(session.connection_id(), connect().connection_id());
}

TEST_F(SessionTest, AReadOnlyServerSaysSoAndRefusesWrites) {
  admin().execute("CREATE TABLE t (id INT PRIMARY KEY)");
  const Account account(admin(), "chatload_reader", "secret", endpoint().database);
  const GlobalVariable read_only(admin(), "read_only", "1");
  Session session = Session::connect(account.endpoint(endpoint(), "secret"), 0);
  EXPECT_TRUE(session.server().read_only);
  const auto refused = failure_of<StatementError>([&] { session.update("INSERT INTO t VALUES (1)"); });
  ASSERT_TRUE(refused);
  EXPECT_EQ(classify(*refused), ErrorClass::kReadOnly) << refused->what();
}

// INSERT … ON DUPLICATE KEY UPDATE on a table that holds ('b', 'old') and ('c', 'same').
class DuplicatesTest : public SessionTest {
 protected:
  void SetUp() override {
    SessionTest::SetUp();
    if (HasFatalFailure()) return;
    admin().execute("CREATE TABLE t (id VARCHAR(20) PRIMARY KEY, data VARCHAR(20)) ENGINE = InnoDB");
    admin().execute("INSERT INTO t VALUES ('b', 'old'), ('c', 'same')");
  }

  StatementResult skip(const std::string& rows) {
    return admin().update("INSERT INTO t (id, data) VALUES " + rows + " ON DUPLICATE KEY UPDATE `id` = `id`");
  }
  StatementResult replace(const std::string& rows) {
    const std::string update = is_mysql() ? " AS new ON DUPLICATE KEY UPDATE `id` = new.`id`, `data` = new.`data`"
                                          : " ON DUPLICATE KEY UPDATE `id` = VALUES(`id`), `data` = VALUES(`data`)";
    return admin().update("INSERT INTO t (id, data) VALUES " + rows + update);
  }
};

MATCHER_P3(Did, affected, changed, warnings, "") {
  *result_listener << arg.affected_rows << " affected, " << arg.changed_rows << " changed, " << arg.warnings
                   << " warnings";
  return arg.affected_rows == std::uint64_t(affected) && arg.changed_rows == std::uint64_t(changed) &&
         arg.warnings == std::uint64_t(warnings);
}

TEST_F(DuplicatesTest, SkipCountsInsertedRowsOnlyInOneStatement) {
  EXPECT_THAT(skip("('a', 'x'), ('b', 'new'), ('c', 'same'), ('d', 'y')"), Did(2, 0, 0));
}

TEST_F(DuplicatesTest, FiguresAreReadWhateverTheServersLanguage) {
  const GlobalVariable language(admin(), "lc_messages", "'de_DE'");
  Session session = connect();
  const std::string skip = "INSERT INTO t (id, data) VALUES ('a', 'x'), ('b', 'new'), ('d', 'y')";
  EXPECT_THAT(session.update(skip + " ON DUPLICATE KEY UPDATE `id` = `id`"), Did(2, 0, 0));
}

TEST_F(DuplicatesTest, SkipCountsInsertedRowsOnlyRowByRow) {
  EXPECT_THAT(skip("('a', 'x')"), Did(1, 0, 0));
  EXPECT_THAT(skip("('b', 'new')"), Did(0, 0, 0));
  EXPECT_THAT(skip("('c', 'same')"), Did(0, 0, 0));
  EXPECT_EQ(value_read_back("SELECT data FROM t WHERE id = 'b'"), "old");
}

TEST_F(DuplicatesTest, ReplaceCountsAChangedRowTwiceAndAnIdenticalOneNotAtAll) {
  EXPECT_THAT(replace("('a', 'x'), ('b', 'new'), ('c', 'same'), ('d', 'y')"), Did(4, 1, 0));
  EXPECT_EQ(value_read_back("SELECT data FROM t WHERE id = 'b'"), "new");
}

TEST_F(DuplicatesTest, ReplaceCountsAlikeRowByRow) {
  EXPECT_THAT(replace("('a', 'x')"), Did(1, 0, 0));
  EXPECT_THAT(replace("('b', 'new')"), Did(2, 1, 0));
  EXPECT_THAT(replace("('c', 'same')"), Did(0, 0, 0));
}

TEST_F(DuplicatesTest, WarningsOfAOneRowStatementAreCountedAndNamed) {
  admin().execute("SET SESSION sql_mode = ''");
  EXPECT_THAT(skip("('e', 'longer than twenty characters')"), Did(1, 0, 1));
  EXPECT_THAT(admin().warnings(), ElementsAre(HasSubstr("1265 ")));
}

TEST_F(DuplicatesTest, WarningsOfAMultiRowStatementAreCounted) {
  admin().execute("SET SESSION sql_mode = ''");
  EXPECT_THAT(skip("('e', 'longer than twenty characters'), ('f', 'x')"), Did(2, 0, 1));
}

TEST_F(DuplicatesTest, AnUpdatesChangedRowsAreCounted) {
  EXPECT_THAT(admin().update("UPDATE t SET data = 'same'"), Did(1, 1, 0));
  EXPECT_THAT(admin().update("DELETE FROM t WHERE id = 'b'"), Did(1, 0, 0));
}

TEST_F(SessionTest, EveryByteOfAnIdentifierAndALiteralArrivesAsItIs) {
  const std::string name = "we`ird \\ 'name\"";
  std::string text;
  for (int byte = 0; byte < 128; ++byte) text += static_cast<char>(byte);
  text += "\xF0\x9F\x98\x80 \xE4\xB8\xAD";
  admin().execute("CREATE TABLE " + quote_identifier(name) + " (c TEXT)");
  admin().update("INSERT INTO " + quote_identifier(name) + " VALUES (" + quote_text(text) + ")");
  EXPECT_EQ(value_read_back("SELECT c FROM " + quote_identifier(name)), text);
}

TEST_F(SessionTest, AStatementOfTwentyMebibytesArrivesWhole) {
  const GlobalVariable packet(admin(), "max_allowed_packet", "67108864");
  Session session = connect();
  session.execute("CREATE TABLE t (c LONGTEXT)");
  std::string text(20 * 1024 * 1024, 'x');
  for (std::size_t i = 0; i < text.size(); i += 1000) text[i] = static_cast<char>(i / 1000 % 128);
  EXPECT_THAT(session.update("INSERT INTO t VALUES (" + quote_text(text) + ")"), Did(1, 0, 0));
  EXPECT_TRUE(value(session, "SELECT c FROM t") == text);
}

TEST_F(SessionTest, NullIsNotTheEmptyText) {
  EXPECT_THAT(admin().query("SELECT NULL, ''").at(0), ElementsAre(std::nullopt, ""));
}

TEST_F(SessionTest, ALocalFileIsNeverSentWhetherOrNotLoadDataIsAllowed) {
  const GlobalVariable local(admin(), "local_infile", "1");
  admin().execute("CREATE TABLE t (c TEXT)");
  for (const bool may_load_data : {false, true}) {
    SCOPED_TRACE(may_load_data);
    Session session = connect(may_load_data);
    EXPECT_TRUE(
        failure_of<StatementError>([&] { session.execute("LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE t"); }));
    EXPECT_EQ(value_read_back("SELECT COUNT(*) FROM t"), "0");
  }
}

TEST_F(SessionTest, LoadDataSendsItsTextWhateverFileIsAskedFor) {
  const GlobalVariable local(admin(), "local_infile", "1");
  Session session = connect(/*may_load_data=*/true);
  session.execute("CREATE TABLE t (c VARCHAR(9) PRIMARY KEY)");
  std::string_view rest = "from memory\nb\nb\n";
  const auto text = [&](std::span<char> out) {
    const std::size_t bytes = rest.copy(out.data(), std::min<std::size_t>(out.size(), 4));
    rest.remove_prefix(bytes);
    return bytes;
  };
  const LoadDataResult did = session.load_data("LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE t", text);
  EXPECT_THAT((std::array{did.records, did.skipped, did.deleted, did.warnings}), ElementsAre(3, 1, 0, 2));
  EXPECT_THAT(read_back().query("SELECT c FROM t ORDER BY c"), ElementsAre(ElementsAre("b"), ElementsAre("from memo")));
}

TEST_F(SessionTest, WhatTheTextOfLoadDataThrowsComesOutAndNothingIsLoaded) {
  const GlobalVariable local(admin(), "local_infile", "1");
  Session session = connect(/*may_load_data=*/true);
  session.execute("CREATE TABLE t (c VARCHAR(9) PRIMARY KEY) ENGINE = InnoDB");
  session.execute("START TRANSACTION");
  EXPECT_THROW(session.load_data("LOAD DATA LOCAL INFILE 'x' INTO TABLE t",
                                 [sent = 0](std::span<char> out) mutable -> std::size_t {
                                   if (sent++ > 0) throw std::bad_alloc();
                                   return std::string_view("first\n").copy(out.data(), out.size());
                                 }),
               std::bad_alloc);
  session.execute("ROLLBACK");
  EXPECT_EQ(value_read_back("SELECT COUNT(*) FROM t"), "0");
}

class BoundRowsTest : public DuplicatesTest {
 protected:
  void SetUp() override {
    DuplicatesTest::SetUp();
    if (is_mysql()) GTEST_SKIP() << "MySQL has no statement for an array of rows";
  }

  StatementResult bound(const std::string& sql, const std::vector<std::array<std::string, 2>>& rows) {
    return admin().update_rows(sql, rows.size(), [&](std::size_t row, std::span<BoundValue> values) {
      std::copy(rows[row].begin(), rows[row].end(), values.begin());
    });
  }

  const std::string insert_ = "INSERT INTO t (id, data) VALUES (?, ?)";
  const std::string skip_ = insert_ + " ON DUPLICATE KEY UPDATE id = id";
  const std::string replace_ = insert_ + " ON DUPLICATE KEY UPDATE id = VALUES(id), data = VALUES(data)";
};

TEST_F(BoundRowsTest, SkipAndReplaceCountAsInOneStatement) {
  EXPECT_THAT(bound(skip_, {{"a", "x"}, {"b", "new"}, {"c", "same"}, {"d", "y"}}), Did(2, 0, 0));
  EXPECT_THAT(bound(replace_, {{"a", "x"}, {"b", "new"}, {"e", "z"}}), Did(3, 1, 0));
  EXPECT_EQ(value_read_back("SELECT GROUP_CONCAT(id, data ORDER BY id) FROM t"), "ax,bnew,csame,dy,ez");
}

TEST_F(BoundRowsTest, OneRowCountsAlike) {
  EXPECT_THAT(bound(skip_, {{"a", "x"}}), Did(1, 0, 0));
  EXPECT_THAT(bound(skip_, {{"b", "new"}}), Did(0, 0, 0));
  EXPECT_THAT(bound(replace_, {{"b", "new"}}), Did(2, 1, 0));
  EXPECT_THAT(bound(replace_, {{"c", "same"}}), Did(0, 0, 0));
}

TEST_F(BoundRowsTest, ARefusedRowUndoesTheWholeStatement) {
  const auto refused = failure_of<StatementError>([&] {
    bound(skip_, {{"a", "x"}, {"d", "longer than twenty characters"}, {"e", "y"}});
  });
  ASSERT_TRUE(refused);
  EXPECT_EQ(classify(*refused), ErrorClass::kRefused) << refused->what();
  EXPECT_EQ(value_read_back("SELECT COUNT(*) FROM t"), "2");
}

TEST_F(BoundRowsTest, EveryByteArrivesAsItIs) {
  admin().execute("ALTER TABLE t MODIFY data TEXT");
  std::string text;
  for (int byte = 0; byte < 128; ++byte) text += static_cast<char>(byte);
  text += "\xF0\x9F\x98\x80";
  bound(insert_, {{"a", text}, {"d", ""}});
  EXPECT_EQ(value_read_back("SELECT data FROM t WHERE id = 'a'"), text);
  EXPECT_EQ(value_read_back("SELECT data FROM t WHERE id = 'd'"), "");
}

TEST_F(BoundRowsTest, NullIsNoEmptyText) {
  admin().execute("ALTER TABLE t MODIFY data VARBINARY(20)");
  const std::vector<std::vector<BoundValue>> rows = {{"a", std::nullopt}, {"d", ""}, {"e", "\xFF\x80"}};
  admin().update_rows(insert_, rows.size(), [&](std::size_t row, std::span<BoundValue> values) {
    std::copy(rows[row].begin(), rows[row].end(), values.begin());
  });
  EXPECT_EQ(value_read_back("SELECT GROUP_CONCAT(id, ' ', IFNULL(HEX(data), 'NULL') ORDER BY id) FROM t"
                            " WHERE id IN ('a', 'd', 'e')"),
            "a NULL,d ,e FF80");
}

TEST_F(BoundRowsTest, AStatementMayFollowAnotherOne) {
  EXPECT_THAT(bound(skip_, {{"a", "x"}}), Did(1, 0, 0));
  EXPECT_THAT(bound(replace_, {{"a", "y"}, {"b", "z"}}), Did(4, 2, 0));
  EXPECT_THAT(bound(skip_, {{"a", "x"}, {"f", "x"}}), Did(1, 0, 0));
  EXPECT_EQ(value_read_back("SELECT GROUP_CONCAT(id, data ORDER BY id) FROM t"), "ay,bz,csame,fx");
}

TEST_F(SessionTest, AReplyThatTakesTooLongLosesTheConnection) {
  Session session = Session::connect(endpoint(), 1);
  const auto lost = failure_of<StatementError>([&] { (void)session.query("SELECT SLEEP(30)"); });
  ASSERT_TRUE(lost);
  EXPECT_EQ(classify(*lost), ErrorClass::kConnectionLost) << lost->what();
}

TEST_F(SessionTest, AThreadOfItsOwnMayUseASession) {
  Session session = connect();
  std::string seen;
  std::thread([&] {
    const ClientThread client_thread;
    seen = value(session, "SELECT 7");
  }).join();
  EXPECT_EQ(seen, "7");
}

}  // namespace
}  // namespace chatload::mysql
