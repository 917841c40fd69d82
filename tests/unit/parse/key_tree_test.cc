#include "parse/key_tree.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "unit/parse/chat_lines.h"

namespace chatload::parse {
namespace {

TEST(KeyTree, DataIsJudgedAlongItsPath) {
  expect_outcomes({
      {LineParts{.data = ""}.text(), "missing_field data"},
      {LineParts{.data = R"("data":null)"}.text(), "null_field data"},
      {LineParts{.data = R"("data":"hello")"}.text(), "wrong_type data"},
      {LineParts{.data = R"("data":[{"message":"m"}])"}.text(), "wrong_type data"},
      {LineParts{.data = R"("data":{})"}.text(), "missing_field data"},
      {LineParts{.data = R"("data":{"status":"s"})"}.text(), "missing_field data"},
      {LineParts{.data = R"("data":{"message":null})"}.text(), "null_field data"},
      {LineParts{.data = R"("data":{"message":5})"}.text(), "wrong_type data"},
      {LineParts{.data = R"("data":{"message":{"message":"m"}})"}.text(), "wrong_type data"},
      {LineParts{.data = R"("data":{"message":""})"}.text(), "valid"},
      {LineParts{.data = R"("message":"at the root")"}.text(), "missing_field data"},
  });
}

TEST(KeyTree, FirstOccurrenceOfAKeyCounts) {
  EXPECT_EQ(cell(parse_text(LineParts{.id = R"("id":"first","id":"second")"}.text()), kId), "first");
  EXPECT_EQ(cell(parse_text(with_message(R"("first","message":"second")")), kData), "first");
  expect_outcomes({
      {LineParts{.id = R"("id":null,"id":"second")"}.text(), "null_field id"},
      {LineParts{.data = R"("data":{},"data":{"message":"m"})"}.text(), "missing_field data"},
      {LineParts{.data = R"("data":1,"data":{"message":"m"})"}.text(), "wrong_type data"},
      {LineParts{.data = R"("data":{"message":"m"},"data":1)"}.text(), "valid"},
      {LineParts{.id = R"("id":"a","id":01)"}.text(), "invalid_json"},
  });
}

TEST(KeyTree, KeysCompareAfterUnescaping) {
  EXPECT_EQ(cell(parse_text(LineParts{.id = R"("\u0069d":"a1")"}.text()), kId), "a1");
  EXPECT_EQ(cell(parse_text(LineParts{.data = R"("d\u0061ta":{"\u006dessage":"m"})"}.text()), kData), "m");
  EXPECT_EQ(cell(parse_text(LineParts{.id = R"("id":"first","\u0069\u0064":"second")"}.text()), kId), "first");
  EXPECT_EQ(outcome_of(LineParts{.id = R"("\\u0069d":"a1")"}.text()), "missing_field id");
}

TEST(KeyTree, KeysThatOnlyBeginOrEndAlikeAreOthers) {
  for (const char* key : {"i", "id ", "idx", "ID", "id\\u0000", "", "timestamp", "from_"}) {
    EXPECT_EQ(outcome_of(LineParts{.id = "\"" + std::string(key) + "\":\"a1\""}.text()), "missing_field id") << key;
  }
  EXPECT_EQ(outcome_of(LineParts{.timestamp = R"("timestamq":1)"}.text()), "missing_field timestamp");
  EXPECT_EQ(outcome_of(LineParts{.timestamp = R"("timestamp2":1)"}.text()), "missing_field timestamp");
}

TEST(KeyTree, AnotherTableIsAnotherMapping) {
  const mapping::Mapping visits = mapping::parse_mapping(R"toml(
      table = "visits"
      primary_key = ["visit_number"]
      kind = "kind"
      time = "at"
      [[column]]
      name = "kind"
      sql = "VARCHAR(20)"
      path = "$.meta.kind"
      [[column]]
      name = "at"
      sql = "TIMESTAMP"
      path = "meta.at"
      time = "epoch_s"
      [[column]]
      name = "visit_number"
      sql = "VARCHAR(20) NOT NULL"
      path = "n"
      accept = "integer"
      [[column]]
      name = "second"
      sql = "VARCHAR(20)"
      path = '$.list[1]."a key"'
  )toml",
                                                         "visits.toml");
  const RowFilter filter{.only = {{"kind", {"visit"}}}};
  const ParsedRange parsed =
      parse_text(R"({"n":17,"meta":{"at":99,"kind":"visit"},"list":[{"a key":"a"},{"a key":"b"}]})", visits, filter);
  ASSERT_EQ(parsed.rows.rows(), 1u);
  EXPECT_EQ(parsed.rows.row(0)[0].as_text(), "visit");
  EXPECT_EQ(parsed.rows.row(0)[1].as_microseconds(), 99'000'000);
  EXPECT_EQ(parsed.rows.row(0)[2].as_text(), "17");
  EXPECT_EQ(parsed.rows.row(0)[3].as_text(), "b");
}

}  // namespace
}  // namespace chatload::parse
