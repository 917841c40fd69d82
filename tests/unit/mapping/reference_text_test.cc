#include "mapping/reference_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping.h"
#include "mapping/mapping_file.h"

namespace chatload::mapping {
namespace {

using testing::ElementsAre;

using Row = std::vector<ReferenceTable::Value>;

std::string text_of(const std::vector<Row>& rows) {
  ReferenceTable table(rows.front().size() - 1);
  for (const Row& row : rows) table.add(*row.front(), std::span(row).subspan(1), 1);
  EXPECT_FALSE(table.complete());
  std::string text;
  table.write_text([&](std::string_view part) { text += part; });
  EXPECT_EQ(table.text_bytes(), text.size());
  return text;
}

struct ReadBack {
  std::vector<std::vector<std::string>> rows;
  bool is_whole;
};

ReadBack read(std::size_t fields, std::string_view text, std::size_t part_bytes) {
  ReadBack read;
  ReferenceText reader(fields, [&](std::string_view key, std::span<const ReferenceTable::Value> values) {
    std::vector<std::string> row = {std::string(key)};
    for (const ReferenceTable::Value value : values) row.emplace_back(value.value_or("NULL"));
    read.rows.push_back(std::move(row));
  });
  for (; !text.empty(); text.remove_prefix(std::min(part_bytes, text.size()))) reader.add(text.substr(0, part_bytes));
  read.is_whole = reader.is_whole();
  return read;
}

TEST(ReferenceText, GivesEachRowByItsKeyHoweverTheTextIsCut) {
  const std::string text = text_of({{"b", "1:2", std::nullopt}, {"", "", "-:"}, {"a", std::string(1000, 'x'), "y"}});
  EXPECT_TRUE(text.starts_with("0:0:2:-:1:a1000:xxx")) << text.substr(0, 40);
  for (const std::size_t part_bytes : {std::size_t{1}, std::size_t{7}, text.size()}) {
    const ReadBack back = read(2, text, part_bytes);
    EXPECT_TRUE(back.is_whole);
    EXPECT_THAT(back.rows, ElementsAre(ElementsAre("", "", "-:"), ElementsAre("a", std::string(1000, 'x'), "y"),
                                       ElementsAre("b", "1:2", "NULL")));
  }
}

TEST(ReferenceText, IsTheSameInAnyOrderOfTheRows) {
  EXPECT_EQ(text_of({{"a", "1"}, {"b", "2"}}), text_of({{"b", "2"}, {"a", "1"}}));
}

TEST(ReferenceText, TellsNullFromEmpty) { EXPECT_NE(text_of({{"a", ""}}), text_of({{"a", std::nullopt}})); }

TEST(ReferenceText, CutShortOrDamagedIsNotWhole) {
  const std::string text = text_of({{"key", "value"}, {"other", "one"}});
  EXPECT_TRUE(read(1, text, text.size()).is_whole);
  for (std::size_t size = 1; size < text.size(); ++size) {
    const std::size_t row_bytes = std::string_view("3:key5:value").size();
    EXPECT_EQ(read(1, text.substr(0, size), size).is_whole, size == row_bytes) << size;
  }
  for (const std::string_view damaged : {"-:1:a", "x:1:a", "1x:a1:b", ":1:a", "99999999999:a", "2:a"}) {
    EXPECT_FALSE(read(1, damaged, damaged.size()).is_whole) << damaged;
  }
}

// A load that is written is still told from others by it.
TEST(Lookup, SaysTheDigestOfDataThatWasLetGoOf) {
  Mapping mapping = chat_mapping();
  mapping.lookups.emplace_back().name = "regions";
  const auto table = std::make_shared<ReferenceTable>(0);
  table->add("a", {}, 1);
  EXPECT_FALSE(table->complete());
  const auto before = outline_of(mapping);
  mapping.lookups.front().take(table);
  const auto outline = outline_of(mapping);
  EXPECT_NE(outline, before);
  mapping.lookups.front().table.reset();
  EXPECT_EQ(outline_of(mapping), outline);
}

}  // namespace
}  // namespace chatload::mapping
