#include "write/statement_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mapping/mapping_file.h"
#include "mysql/sql_time.h"
#include "write/record_stream.h"

namespace chatload::write {
namespace {

using namespace std::string_view_literals;

constexpr std::int64_t kNoon = 1'479'816'000'000'000;

mapping::Mapping two_columns() {
  return mapping::parse_mapping(R"(
      table = "t"
      primary_key = ["id"]
      [[column]]
      name = "id"
      sql = "VARCHAR(255) NOT NULL"
      [[column]]
      name = "at"
      sql = "TIMESTAMP NOT NULL"
  )",
                                "t.toml");
}

parse::RowBatch three_rows() {
  parse::RowBatch rows;
  rows.layout = {.columns = 2, .key_cell = 0};
  for (const std::string_view id : {"a"sv, "b"sv, "c"sv}) {
    rows.cells.push_back(parse::Cell::text(id));
    rows.cells.push_back(parse::Cell::time(kNoon));
    rows.lines.push_back({});
  }
  return rows;
}

TEST(StatementBuilder, SkipUpdatesTheKeyToItself) {
  std::string sql;
  const std::vector<std::uint32_t> order{2, 0};
  EXPECT_EQ(StatementBuilder(two_columns(), OnDuplicate::kSkip, mysql::Server::kMysql)
                .build(three_rows(), order, {.rows_max = 10, .bytes_max = 1'000}, sql),
            2U);
  EXPECT_EQ(sql,
            "INSERT INTO `t` (`id`,`at`) VALUES ('c','2016-11-22 12:00:00'),('a','2016-11-22 12:00:00')"
            " ON DUPLICATE KEY UPDATE `id`=`id`");
}

TEST(StatementBuilder, RowThatMeetsAnotherKeyFailsWhereItMay) {
  std::string sql;
  const std::vector<std::uint32_t> order{0};
  const StatementLimits limits{.rows_max = 10, .bytes_max = 1'000};
  const InsertGuards guards{.own_key_only = true};
  ASSERT_EQ(StatementBuilder(two_columns(), OnDuplicate::kSkip, mysql::Server::kMysql, guards)
                .build(three_rows(), order, limits, sql),
            1U);
  EXPECT_TRUE(
      sql.ends_with(" AS `new` ON DUPLICATE KEY UPDATE `id`=IF(`t`.`id` <=> `new`.`id`,`t`.`id`,"
                    "EXP(20201129+LENGTH(`t`.`id`)))"))
      << sql;
  ASSERT_EQ(StatementBuilder(two_columns(), OnDuplicate::kReplace, mysql::Server::kMariadb, guards)
                .build(three_rows(), order, limits, sql),
            1U);
  EXPECT_TRUE(
      sql.ends_with(" ON DUPLICATE KEY UPDATE `id`=IF(`t`.`id` <=> VALUES(`id`),VALUES(`id`),"
                    "EXP(20201129+LENGTH(`t`.`id`))),`at`=VALUES(`at`)"))
      << sql;
}

TEST(StatementBuilder, ReplaceSpeaksEachServersDialect) {
  std::string sql;
  const std::vector<std::uint32_t> order{0};
  const StatementLimits limits{.rows_max = 10, .bytes_max = 1'000};
  ASSERT_EQ(StatementBuilder(two_columns(), OnDuplicate::kReplace, mysql::Server::kMysql)
                .build(three_rows(), order, limits, sql),
            1U);
  EXPECT_TRUE(sql.ends_with(" AS `new` ON DUPLICATE KEY UPDATE `id`=`new`.`id`,`at`=`new`.`at`")) << sql;
  ASSERT_EQ(StatementBuilder(two_columns(), OnDuplicate::kReplace, mysql::Server::kMariadb)
                .build(three_rows(), order, limits, sql),
            1U);
  EXPECT_TRUE(sql.ends_with(" ON DUPLICATE KEY UPDATE `id`=VALUES(`id`),`at`=VALUES(`at`)")) << sql;
}

TEST(StatementBuilder, StatementEndsAtEitherLimit) {
  const StatementBuilder builder(two_columns(), OnDuplicate::kFail, mysql::Server::kMysql);
  const std::vector<std::uint32_t> order{0, 1, 2};
  std::string sql;
  EXPECT_EQ(builder.build(three_rows(), order, {.rows_max = 2, .bytes_max = 1'000}, sql), 2U);
  const std::size_t two_rows_bytes = sql.size();
  EXPECT_EQ(builder.build(three_rows(), order, {.rows_max = 10, .bytes_max = two_rows_bytes}, sql), 2U);
  EXPECT_EQ(builder.build(three_rows(), order, {.rows_max = 10, .bytes_max = two_rows_bytes - 1}, sql), 1U);
  EXPECT_EQ(builder.build(three_rows(), order, {.rows_max = 10, .bytes_max = 20}, sql), 0U);
}

TEST(StatementBuilder, StatementsGrowWithTheRoundTrip) {
  using std::chrono::microseconds;
  EXPECT_EQ(rows_of_statement(microseconds(0)), 1'000U);
  EXPECT_EQ(rows_of_statement(microseconds(2'000)), 1'000U);
  EXPECT_EQ(rows_of_statement(microseconds(10'000)), 5'000U);
  EXPECT_EQ(rows_of_statement(microseconds(1'000'000)), 10'000U);
}

TEST(StatementBuilder, TimeIsWrittenInUtc) {
  EXPECT_EQ(mysql::time_text(1'000'000), "1970-01-01 00:00:01");
  EXPECT_EQ(mysql::time_text(951'826'211'000'000), "2000-02-29 12:10:11");
  EXPECT_EQ(mysql::time_text(2'147'483'647'000'000), "2038-01-19 03:14:07");
}

TEST(StatementBuilder, TimeHasAFractionWhereThereIsOneAndMayBeBefore1970) {
  EXPECT_EQ(mysql::time_text(1'000'001), "1970-01-01 00:00:01.000001");
  EXPECT_EQ(mysql::time_text(-1), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(mysql::time_text(-30'610'224'000'000'000), "1000-01-01 00:00:00");
}

TEST(StatementBuilder, EachKindOfCellIsWrittenAsTheServerReadsIt) {
  const StatementBuilder builder(two_columns(), OnDuplicate::kFail, mysql::Server::kMysql);
  parse::RowBatch rows;
  rows.layout = {.columns = 2, .key_cell = 0};
  rows.cells = {parse::Cell::bytes("\0\xff"sv), parse::Cell(), parse::Cell::text(""), parse::Cell::time(kNoon + 1)};
  rows.lines.resize(2);
  const std::vector<std::uint32_t> order{0, 1};
  std::string sql;
  ASSERT_EQ(builder.build(rows, order, {.rows_max = 9, .bytes_max = 1'000}, sql), 2U);
  EXPECT_EQ(sql, "INSERT INTO `t` (`id`,`at`) VALUES (X'00FF',NULL),('','2016-11-22 12:00:00.000001')");
  std::string memory;
  RecordStream records(builder, rows, order, memory);
  std::array<char, 100> text{};
  EXPECT_EQ(std::string(text.data(), records.read(text)), "00FF\t\\N\n\t2016-11-22 12:00:00.000001\n");
  std::array<mysql::BoundValue, 2> values;
  std::string times;
  builder.bind(rows.row(0), values, times);
  EXPECT_THAT(values, testing::ElementsAre(mysql::BoundValue("\0\xff"sv), std::nullopt));
  builder.bind(rows.row(1), values, times);
  EXPECT_THAT(values, testing::ElementsAre(mysql::BoundValue(""), mysql::BoundValue("2016-11-22 12:00:00.000001")));
}

TEST(StatementBuilder, RecordIsALineOfFields) {
  const StatementBuilder builder(two_columns(), OnDuplicate::kSkip, mysql::Server::kMysql);
  const parse::RowBatch rows = three_rows();
  const std::array<std::uint32_t, 2> order{0, 2};
  std::string memory;
  RecordStream records(builder, rows, order, memory);
  std::array<char, 5> piece{};
  std::string text;
  while (const std::size_t bytes = records.read(piece)) text.append(piece.data(), bytes);
  EXPECT_EQ(text, "a\t2016-11-22 12:00:00\nc\t2016-11-22 12:00:00\n");
  EXPECT_EQ(builder.load_data(), "LOAD DATA LOCAL INFILE 'rows' INTO TABLE `t` CHARACTER SET utf8mb4 (`id`,`at`)");
}

TEST(StatementBuilder, BoundRowHasAValueForEverySign) {
  const StatementBuilder builder(two_columns(), OnDuplicate::kSkip, mysql::Server::kMariadb);
  EXPECT_EQ(builder.row_insert(), "INSERT INTO `t` (`id`,`at`) VALUES (?,?) ON DUPLICATE KEY UPDATE `id`=`id`");
  std::array<mysql::BoundValue, 2> values;
  std::string times;
  const parse::RowBatch rows = three_rows();
  builder.bind(rows.row(1), values, times);
  EXPECT_THAT(values, testing::ElementsAre(mysql::BoundValue("b"), mysql::BoundValue("2016-11-22 12:00:00")));
}

TEST(StatementBuilder, BoundRowsEndAtEitherLimit) {
  const StatementBuilder builder(two_columns(), OnDuplicate::kSkip, mysql::Server::kMariadb);
  const std::vector<std::uint32_t> order{0, 1, 2};
  constexpr std::size_t kRowBytes = 10 + 1 + 10 + 19;
  EXPECT_EQ(builder.rows_within(three_rows(), order, {.rows_max = 2, .bytes_max = 1'000}), 2U);
  EXPECT_EQ(builder.rows_within(three_rows(), order, {.rows_max = 10, .bytes_max = 2 * kRowBytes}), 2U);
  EXPECT_EQ(builder.rows_within(three_rows(), order, {.rows_max = 10, .bytes_max = 2 * kRowBytes - 1}), 1U);
  EXPECT_EQ(builder.rows_within(three_rows(), order, {.rows_max = 10, .bytes_max = kRowBytes - 1}), 0U);
}

TEST(StatementBuilder, IdentifiersAreQuoted) {
  mapping::Mapping mapping = two_columns();
  mapping.table = "odd`name";
  std::string sql;
  const std::vector<std::uint32_t> order{0};
  ASSERT_EQ(StatementBuilder(mapping, OnDuplicate::kFail, mysql::Server::kMysql)
                .build(three_rows(), order, {.rows_max = 1, .bytes_max = 1'000}, sql),
            1U);
  EXPECT_TRUE(sql.starts_with("INSERT INTO `odd``name` (")) << sql;
}

}  // namespace
}  // namespace chatload::write
