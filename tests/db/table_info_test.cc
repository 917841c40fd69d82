#include "table/table_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "db/database_fixture.h"
#include "mapping/mapping_file.h"
#include "table/transaction_limits.h"

namespace chatload::table {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t kUnlimited = mapping::SqlType::kNoLimit;

class TableInfoTest : public DatabaseTest {
 protected:
  // The shipped table, altered.
  void create(const std::string& alteration = "") {
    make_tables();
    if (!alteration.empty()) admin().execute("ALTER TABLE chat_messages " + alteration);
  }

  TableInfo inspect(OnDuplicate mode = OnDuplicate::kSkip) { return inspect_table(admin(), mapping_, mode); }

  std::string refusal(OnDuplicate mode = OnDuplicate::kSkip) {
    const auto failure = failure_of<DatabaseError>([&] { (void)inspect(mode); });
    return failure ? failure->what() : "accepted";
  }

  [[nodiscard]] mapping::SqlType limits(const std::string& column) const {
    return mapping_.columns.at(mapping_.column_of(column).value()).type;
  }

  mapping::Mapping mapping_ = mapping::chat_mapping();
};

TEST_F(TableInfoTest, AServerThatIsNoClusterDoesNotLimitTransactions) {
  EXPECT_EQ(read_transaction_limits(admin()).names, "");
}

TEST_F(TableInfoTest, TheShippedTableIsWrittenInParallel) {
  create();
  const TableInfo info = inspect(OnDuplicate::kReplace);
  EXPECT_TRUE(info.is_key_exact);
  EXPECT_FALSE(info.has_loose_ids);
  EXPECT_FALSE(info.has_other_unique_key);
  EXPECT_TRUE(info.can_write_in_parallel());
  EXPECT_EQ(info.key_collation, is_mysql() ? "utf8mb4_0900_bin" : "utf8mb4_nopad_bin");
  EXPECT_EQ(limits("id").characters_max, 255U);
  EXPECT_EQ(limits("site_id").characters_max, 50U);
  EXPECT_EQ(limits("site_id").bytes_max, kUnlimited);
}

TEST_F(TableInfoTest, LimitsFollowTheColumns) {
  create(
      "MODIFY data MEDIUMTEXT, MODIFY site_id VARCHAR(7) CHARACTER SET latin1 NOT NULL, MODIFY type VARBINARY(9), "
      "MODIFY `from` TINYTEXT CHARACTER SET latin1 NOT NULL, MODIFY timestamp DATETIME NOT NULL");
  (void)inspect();
  EXPECT_EQ(limits("data").characters_max, kUnlimited);
  EXPECT_EQ(limits("data").bytes_max, 16'777'215U);
  EXPECT_EQ(limits("site_id").characters_max, 7U);
  EXPECT_EQ(limits("site_id").bytes_max, kUnlimited) << "latin1's bytes are not UTF-8's";
  EXPECT_EQ(limits("type").bytes_max, 9U);
  EXPECT_EQ(limits("from").characters_max, 255U);
  EXPECT_EQ(limits("from").bytes_max, kUnlimited);
}

TEST_F(TableInfoTest, AKeyThatPadsIsExactAndOneThatFoldsCaseIsNot) {
  create("MODIFY id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL");
  EXPECT_TRUE(inspect().is_key_exact) << "pads";
  EXPECT_TRUE(inspect().has_loose_ids) << "pads";
  EXPECT_EQ(mapping_.key.front().form, mapping::KeyForm::kPadded);
  admin().execute("ALTER TABLE chat_messages MODIFY id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE " +
                  std::string(is_mysql() ? "utf8mb4_0900_ai_ci" : "utf8mb4_general_nopad_ci") + " NOT NULL");
  EXPECT_FALSE(inspect().is_key_exact) << "folds case";
  EXPECT_TRUE(inspect().has_loose_ids) << "folds case";
  EXPECT_FALSE(inspect().can_write_in_parallel());
}

TEST_F(TableInfoTest, ABinaryStringAsKeyIsBytes) {
  create("MODIFY id VARBINARY(255) NOT NULL");
  EXPECT_FALSE(inspect().has_loose_ids);
  EXPECT_EQ(limits("id").bytes_max, 255U);
}

TEST_F(TableInfoTest, AnotherUniqueKeyIsSeenAndRefusedForReplaceOnly) {
  create("ADD UNIQUE KEY (site_id, timestamp)");
  EXPECT_TRUE(inspect().has_other_unique_key);
  EXPECT_FALSE(inspect().can_write_in_parallel());
  EXPECT_EQ(refusal(OnDuplicate::kFail), "accepted");
  EXPECT_THAT(refusal(OnDuplicate::kReplace), AllOf(HasSubstr("unique key"), HasSubstr("--on-duplicate replace")));
}

TEST_F(TableInfoTest, AMissingTableNamesTheCommandThatCreatesIt) {
  EXPECT_THAT(refusal(), AllOf(HasSubstr("`chat_messages` does not exist"), HasSubstr("`chatload schema apply`")));
}

TEST_F(TableInfoTest, AViewIsNotATable) {
  create("RENAME TO other");
  admin().execute("CREATE VIEW chat_messages AS SELECT * FROM other");
  EXPECT_THAT(refusal(), HasSubstr("is a view"));
}

TEST_F(TableInfoTest, AnotherEngineIsRefused) {
  create("MODIFY id VARCHAR(100) NOT NULL, ENGINE = MyISAM");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("MyISAM"), HasSubstr("InnoDB is needed")));
}

TEST_F(TableInfoTest, APrimaryKeyOtherThanTheWholeOfIdIsRefused) {
  const std::string said = "primary key is not the whole of `id`";
  create("DROP PRIMARY KEY");
  EXPECT_THAT(refusal(), HasSubstr(said));
  admin().execute("ALTER TABLE chat_messages ADD PRIMARY KEY (id(10))");
  EXPECT_THAT(refusal(), HasSubstr(said));
  admin().execute("ALTER TABLE chat_messages DROP PRIMARY KEY, ADD PRIMARY KEY (id, site_id)");
  EXPECT_THAT(refusal(), HasSubstr(said));
  admin().execute("ALTER TABLE chat_messages DROP PRIMARY KEY, ADD PRIMARY KEY (id)");
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(TableInfoTest, EverythingThatIsWrongWithTheColumnsIsSaidAtOnce) {
  create(
      "DROP COLUMN type, MODIFY site_id INT NOT NULL, MODIFY data BINARY(20), MODIFY timestamp BIGINT NOT NULL, "
      "ADD COLUMN extra INT NOT NULL");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("no column `type`"), HasSubstr("`site_id` is int"),
                               HasSubstr("`data` is binary(20), which pads with zeros"),
                               HasSubstr("`timestamp` is bigint"), HasSubstr("`extra`"), HasSubstr("ALTER TABLE")));
}

TEST_F(TableInfoTest, AColumnsNameIsComparedExactly) {
  create("CHANGE type TYPE VARCHAR(50)");
  EXPECT_THAT(refusal(), HasSubstr("no column `type`"));
}

TEST_F(TableInfoTest, AGeneratedColumnTakesNoField) {
  create("DROP COLUMN data, ADD COLUMN data VARCHAR(255) GENERATED ALWAYS AS (CONCAT(type, '!')) STORED");
  EXPECT_THAT(refusal(), HasSubstr("`data` is generated"));
}

TEST_F(TableInfoTest, OtherColumnsAreNoMatterIfTheServerCanFillThem) {
  create(
      "ADD COLUMN a INT, ADD COLUMN b INT NOT NULL DEFAULT 7, ADD COLUMN c INT NOT NULL AUTO_INCREMENT, ADD KEY (c), "
      "ADD COLUMN d VARCHAR(60) GENERATED ALWAYS AS (CONCAT(site_id, '!')) STORED, "
      "ADD COLUMN e TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, ADD COLUMN f VARCHAR(9) NOT NULL DEFAULT "
      "(UPPER('x'))");
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(TableInfoTest, ATableWhoseNameNeedsQuotesIsFound) {
  create("RENAME TO `it's a ``table```");
  mapping_.table = "it's a `table`";
  EXPECT_EQ(refusal(), "accepted");
}

}  // namespace
}  // namespace chatload::table
