#include "parse/key_encoder.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping_file.h"

namespace chatload::parse {
namespace {

using namespace std::string_view_literals;

// Keys of columns of these types, all of them in the key.
class Encoder {
 public:
  explicit Encoder(const std::vector<std::string>& types) : mapping_(mapping_of(types)), encoder_(mapping_) {}

  [[nodiscard]] std::string operator()(const std::vector<Cell>& row) {
    TextArena made;
    return std::string(encoder_.encode(row, made).as_text());
  }

 private:
  static mapping::Mapping mapping_of(const std::vector<std::string>& types) {
    std::string names;
    std::string columns;
    for (std::size_t i = 0; i < types.size(); ++i) {
      const std::string name = "c" + std::to_string(i);
      names += (i == 0 ? "\"" : ", \"") + name + '"';
      columns += "[[column]]\nname = \"" + name + "\"\nsql = \"" + types[i] + " NOT NULL\"\n";
    }
    return mapping::parse_mapping("table = \"t\"\nprimary_key = [" + names + "]\n" + columns, "t.toml");
  }

  mapping::Mapping mapping_;
  KeyEncoder encoder_;
};

// Each key is less than the next one.
void expect_ascending(Encoder& encoder, const std::vector<std::vector<Cell>>& rows) {
  for (std::size_t i = 1; i < rows.size(); ++i) EXPECT_LT(encoder(rows[i - 1]), encoder(rows[i])) << i;
}

std::vector<std::vector<Cell>> rows_of(const std::vector<std::string_view>& values) {
  std::vector<std::vector<Cell>> rows;
  for (const std::string_view value : values) rows.push_back({Cell::text(value)});
  return rows;
}

TEST(KeyEncoder, IntegersAreInTheirOrderAndEqualWhateverTheirZeros) {
  Encoder of_signed({"BIGINT"});
  expect_ascending(of_signed, rows_of({"-9223372036854775808", "-256", "-255", "-1", "0", "1", "255", "256",
                                       "9223372036854775807"}));
  EXPECT_EQ(of_signed({Cell::text("007")}), of_signed({Cell::text("7")}));
  EXPECT_EQ(of_signed({Cell::text("-0")}), of_signed({Cell::text("0")}));
  Encoder of_unsigned({"BIGINT UNSIGNED"});
  expect_ascending(of_unsigned,
                   rows_of({"0", "1", "9223372036854775807", "9223372036854775808", "18446744073709551615"}));
}

TEST(KeyEncoder, TimesAreInTheirOrder) {
  Encoder encoder({"DATETIME(6)"});
  expect_ascending(encoder,
                   {{Cell::time(-30'610'224'000'000'000)}, {Cell::time(-1)}, {Cell::time(0)}, {Cell::time(1)}});
}

TEST(KeyEncoder, NoTwoTuplesRunIntoOne) {
  Encoder encoder({"VARCHAR(40)", "VARBINARY(40)", "VARCHAR(40)"});
  const std::vector<std::string_view> texts = {""sv,  "\0"sv,  "\0\0"sv, "\0\1"sv, "\1"sv,
                                               "a"sv, "a\0"sv, "aa"sv,   "ab"sv,   "b"sv};
  std::vector<std::vector<Cell>> rows;
  for (const std::string_view first : texts) {
    for (const std::string_view second : texts) {
      for (const std::string_view third : texts)
        rows.push_back({Cell::text(first), Cell::bytes(second), Cell::text(third)});
    }
  }
  expect_ascending(encoder, rows);
}

TEST(KeyEncoder, PaddedTextsAreEqualWhateverTheSpacesAtTheirEnd) {
  Encoder encoder({"VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", "INT"});
  const auto key = [&](std::string_view text) { return encoder({Cell::text(text), Cell::text("1")}); };
  EXPECT_EQ(key("a"), key("a  "));
  EXPECT_EQ(key(""), key(" "));
  EXPECT_NE(key("a"), key(" a"));
  Encoder alone({"VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"});
  EXPECT_EQ(alone({Cell::text("a b  ")}), "a b");
}

TEST(RowLayout, KeyThatIsAColumnAsItStandsHasNoCellOfItsOwn) {
  EXPECT_EQ(layout_of(mapping::chat_mapping()).cells(), mapping::chat_mapping().columns.size());
  mapping::Mapping mapping = mapping::chat_mapping();
  mapping.key.front().form = mapping::KeyForm::kPadded;
  EXPECT_EQ(layout_of(mapping).cells(), mapping.columns.size() + 1);
  mapping.key.front().form = mapping::KeyForm::kNone;
  EXPECT_FALSE(layout_of(mapping).key_cell);
  mapping.key.clear();
  EXPECT_FALSE(layout_of(mapping).key_cell);
}

}  // namespace
}  // namespace chatload::parse
