// What chatload's writers put into a table stands there as it was, says another client.
#include "db/read_back.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "db/batch_writer_fixture.h"

namespace chatload::write {
namespace {

using ::testing::ElementsAre;

class ReadBackTest : public DatabaseTest {};

TEST_F(ReadBackTest, BothProtocolsGiveEveryByteNullsAndMicroseconds) {
  const std::string query =
      "SELECT X'00610062FF', CONVERT(X'F09F988000' USING utf8mb4), CAST('2026-02-03 04:05:06.000045' AS DATETIME(6)),"
      " NULL, '', 18446744073709551615, -5, 1.50, @@time_zone, @@character_set_client";
  const auto is_exact = ElementsAre(ElementsAre(std::string("\0a\0b\xFF", 5), std::string("\xF0\x9F\x98\x80\0", 5),
                                                "2026-02-03 04:05:06.000045", std::nullopt, "", "18446744073709551615",
                                                "-5", "1.50", "+00:00", "utf8mb4"));
  EXPECT_THAT(read_back().query(query), is_exact);
  EXPECT_THAT(read_back().query_prepared(query), is_exact);
}

// What is easily changed on its way: the marks of SQL and of LOAD DATA, the ends of UTF-8's ranges, every ASCII
// character.
std::vector<std::string> awkward_parts() {
  std::vector<std::string> parts = {"\\N", "\\", "\\\\", "\\0", "\\n", "NULL", "''", "\\'", "');--", "/*!", "?", "%s"};
  for (const char* part :
       {"\r\n", "\t\n", "\xEF\xBB\xBF", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xE2\x80\xA8", "\xE2\x80\xAE",
        "e\xCC\x81", "\xC3\xA9", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"}) {
    parts.emplace_back(part);
  }
  for (int byte = 0; byte < 128; ++byte) parts.emplace_back(1, static_cast<char>(byte));
  return parts;
}

// Each of the parts alone, doubled and at either end of a text, and chains of them.
std::vector<std::string> awkward_texts() {
  const std::vector<std::string> parts = awkward_parts();
  std::vector<std::string> texts = {""};
  for (const std::string& part : parts) {
    for (const std::string& text : {part, part + part, part + "x", "x" + part, "x" + part + "x"}) texts.push_back(text);
  }
  constexpr std::size_t kChains = 2'000;
  constexpr std::size_t kPartsMax = 10;  // 50 characters, which is what the shortest column takes
  std::mt19937 random(19);               // NOLINT(cert-msc51-cpp): the same texts each time
  for (std::size_t made = 0; made < kChains; ++made) {
    std::string& text = texts.emplace_back();
    for (std::size_t left = random() % kPartsMax; left > 0; --left) text += parts[random() % parts.size()];
  }
  return texts;
}

std::string repeated(const std::string& part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

struct Moment {
  std::int64_t epoch_seconds;
  const char* text;
};
constexpr std::array<Moment, 6> kMoments = {
    Moment{1, "1970-01-01 00:00:01"},       {59, "1970-01-01 00:00:59"},
    {951'782'399, "2000-02-28 23:59:59"},   {951'782'400, "2000-02-29 00:00:00"},
    {1'479'816'000, "2016-11-22 12:00:00"}, {2'147'483'647, "2038-01-19 03:14:07"}};

// Rows that have each of those texts in each column, and the longest that the columns take.
std::vector<Message> awkward_messages() {
  const std::vector<std::string> texts = awkward_texts();
  const auto text = [&](std::size_t number) { return texts[number % texts.size()]; };
  std::vector<Message> messages;
  std::map<std::string, int> seen;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const bool is_id = seen[texts[i]]++ == 0 && !texts[i].empty();
    const std::string id = is_id ? texts[i] : texts[i] + "#" + std::to_string(i);
    messages.push_back(
        {text(i + 1), id, text(i + 2), text(i + 3), text(i + 5), kMoments.at(i % kMoments.size()).epoch_seconds});
  }
  for (const char* character : {"\xF4\x8F\xBF\xBF", "'", "\\", "\t"}) {
    const std::string longest = repeated(character, 255);
    const std::string shorter = repeated(character, 50);
    messages.push_back({shorter, longest, longest, shorter, longest, kMoments[0].epoch_seconds});
  }
  return messages;
}

std::vector<mysql::Row> rows_of(const std::vector<Message>& messages) {
  std::map<std::int64_t, std::string> times;
  for (const Moment& moment : kMoments) times[moment.epoch_seconds] = moment.text;
  std::vector<mysql::Row> rows;
  for (const Message& message : messages) {
    const std::string& time = times.at(message.timestamp);
    rows.push_back({message.id, message.type, message.from, message.site_id, message.data, time});
  }
  return rows;
}

// The first row that tells one table from the other, in any order of rows; empty if none does.
std::string difference(std::vector<mysql::Row> found, std::vector<mysql::Row> expected) {
  std::sort(found.begin(), found.end());
  std::sort(expected.begin(), expected.end());
  const auto [in_found, in_expected] = std::mismatch(found.begin(), found.end(), expected.begin(), expected.end());
  if (in_found == found.end() && in_expected == expected.end()) return "";
  const auto shown = [](auto row, auto end) { return row == end ? "no row" : ::testing::PrintToString(*row); };
  return "found " + shown(in_found, found.end()) + ", expected " + shown(in_expected, expected.end());
}

class EveryValueTest : public BatchWriterTest, public ::testing::WithParamInterface<RowTransport> {
 protected:
  void SetUp() override {
    BatchWriterTest::SetUp();
    transport_ = GetParam();
    if (transport_ == RowTransport::kBound && is_mysql()) GTEST_SKIP() << "MySQL has no statement for an array of rows";
    if (transport_ == RowTransport::kLoadData) local_infile_.emplace(admin(), "local_infile", "1");
  }
  void TearDown() override {
    local_infile_.reset();
    BatchWriterTest::TearDown();
  }

  // Whether it is the transport asked for that carried the rows.
  bool used_transport(mysql::Session& session) {
    const bool loads = session.query("SHOW SESSION STATUS LIKE 'Com_load'").at(0).at(1) != "0";
    const bool prepares = session.query("SHOW SESSION STATUS LIKE 'Com_stmt_prepare'").at(0).at(1) != "0";
    return loads == (transport_ == RowTransport::kLoadData) && prepares == (transport_ == RowTransport::kBound);
  }

  std::optional<GlobalVariable> local_infile_;
};

TEST_P(EveryValueTest, ArrivesAsItIs) {
  constexpr std::ptrdiff_t kRowsOfRange = 1'000;
  const std::vector<Message> messages = awkward_messages();
  ASSERT_GT(messages.size(), 2'500U);
  mysql::Session session = connect(transport_ == RowTransport::kLoadData);
  for (auto begin = messages.begin(); begin != messages.end();) {
    const auto end = begin + std::min(kRowsOfRange, messages.end() - begin);
    OwnPack pack(1);
    fill_messages(pack.ranges[0], {begin, end});
    write(session, pack, OnDuplicate::kSkip);
    ASSERT_TRUE(pack.is_committed());
    begin = end;
  }
  EXPECT_TRUE(used_transport(session));

  const std::string columns = "SELECT id, type, `from`, site_id, data, timestamp FROM chat_messages";
  EXPECT_EQ(difference(read_back().query(columns), rows_of(messages)), "");
  EXPECT_EQ(difference(read_back().query_prepared(columns), rows_of(messages)), "");
  EXPECT_EQ(value_read_back("SELECT CONCAT_WS(' ', SUM(inserted), SUM(duplicate + rejected)) FROM chatload_ranges"),
            std::to_string(messages.size()) + " 0");
}

std::string name_of(const ::testing::TestParamInfo<RowTransport>& transport) {
  return std::array{"Text", "Bound", "LoadData"}.at(static_cast<std::size_t>(transport.param));
}

INSTANTIATE_TEST_SUITE_P(Transports, EveryValueTest,
                         ::testing::Values(RowTransport::kText, RowTransport::kBound, RowTransport::kLoadData),
                         name_of);

}  // namespace
}  // namespace chatload::write
