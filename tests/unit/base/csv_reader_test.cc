#include "base/csv_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace chatload {
namespace {

// "line: field|field", a quoted field in quotes; or what is wrong.
std::vector<std::string> records_of(std::string_view text, std::size_t at_once = 1'000'000, char separator = ',') {
  CsvReader csv(
      [&](std::span<char> out) {
        const std::size_t bytes = std::min({out.size(), text.size(), at_once});
        std::copy_n(text.begin(), bytes, out.begin());
        text.remove_prefix(bytes);
        return bytes;
      },
      separator, 20);
  std::vector<std::string> records;
  std::vector<CsvField> fields;
  try {
    while (csv.next(fields)) {
      std::string record = std::to_string(csv.line()) + ":";
      for (const CsvField& field : fields) {
        record += (record.back() == ':' ? " " : "|") + (field.is_quoted ? '"' + field.text + '"' : field.text);
      }
      records.push_back(record);
    }
  } catch (const CsvError& error) {
    records.push_back("line " + std::to_string(error.line()) + ": " + error.what());
  }
  return records;
}

using Texts = std::vector<std::string>;

TEST(CsvReader, ReadsFieldsAndQuotedFields) {
  EXPECT_EQ(records_of("a,b\nc,\n"), Texts({"1: a|b", "2: c|"}));
  EXPECT_EQ(records_of("a,\"b,\"\"c\"\"\nd\"\ne,\"\""), Texts({"1: a|\"b,\"c\"\nd\"", "3: e|\"\""}));
  EXPECT_EQ(records_of("a\tb,c\n", 9, '\t'), Texts({"1: a|b,c"}));
}

TEST(CsvReader, LineEndsAreOfEitherKindAndEmptyLinesAreNoRecords) {
  EXPECT_EQ(records_of("\xef\xbb\xbf"
                       "a\r\n\r\n\nb\r,c\r"),
            Texts({"1: a", "4: b\r|c"}));
  EXPECT_EQ(records_of(""), Texts());
  EXPECT_EQ(records_of("\n\n"), Texts());
}

TEST(CsvReader, HowMuchIsReadAtOnceShowsInNothing) {
  const std::string text =
      "\xef\xbb\xbf"
      "x,y\r\n\"1\r\n2\",\"\"\"\"\r\nz\r,\r\n";
  for (const std::size_t at_once : {1U, 2U, 3U, 7U}) EXPECT_EQ(records_of(text, at_once), records_of(text)) << at_once;
}

TEST(CsvReader, WhatIsNoCsvIsSaidWithItsLine) {
  EXPECT_EQ(records_of("a\nb,\"c\n\n").back(), "line 2: a quoted field does not end");
  EXPECT_EQ(records_of("a\nb\"c\n").back(), "line 2: a quote is inside of a field that does not begin with one");
  EXPECT_EQ(records_of("a\nb,\"123456789012345678\"\n").size(), 2U);
  EXPECT_EQ(records_of("a\nb,\"1234567\n9012345678901\"\n").back(),
            "line 2: a record is too long, or a quoted field does not end");
  EXPECT_EQ(records_of("\"a\"b\n").back(), "line 1: there is more after a closing quote");
}

}  // namespace
}  // namespace chatload
