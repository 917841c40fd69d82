#include "mapping/mapping_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/errors.h"

namespace chatload::mapping {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

std::string refusal(const std::string& text) {
  try {
    static_cast<void>(parse_mapping(text, "m.toml"));
    return "accepted";
  } catch (const UsageError& error) {
    return error.what();
  }
}

// A mapping that is right, with what is given behind its first three lines.
std::string with(const std::string& columns, const std::string& top = "") {
  return "table = 't'\nprimary_key = ['id']\n" + top + "\n[[column]]\nname = 'id'\nsql = 'VARCHAR(9) NOT NULL'\n" +
         columns;
}

TEST(MappingFile, TheChatLogIsAMapping) {
  const Mapping& chat = chat_mapping();
  EXPECT_EQ(chat.table, "chat_messages");
  EXPECT_THAT(key_names(chat), ElementsAre("id"));
  EXPECT_EQ(chat.columns[chat.kind.value()].name, "type");
  EXPECT_EQ(chat.columns[chat.time.value()].name, "timestamp");
  EXPECT_EQ(chat.only.at(0).column, "type");
  EXPECT_THAT(chat.only.at(0).values, ElementsAre("message", "status"));
  EXPECT_EQ(record_bytes_min(chat),
            std::string(R"({"id":"a","from":"","type":"","site_id":1,"timestamp":1})").size() + 1);
}

// Where ranges end follows from it: with another one, a load that began before cannot go on.
TEST(MappingFile, WhereRecordsMayBeShortForTheirColumnsTheyCountAsSoManyBytes) {
  EXPECT_EQ(bytes_a_record(chat_mapping()), 0U);
  std::string columns;
  for (int column = 0; column < 49; ++column)
    columns += "[[column]]\nname = 'c" + std::to_string(column) + "'\nsql = 'INT'\n";
  EXPECT_EQ(bytes_a_record(parse_mapping(with(columns), "m")), 224U);
}

TEST(MappingFile, APathIsTheColumnsNameUnlessItIsGiven) {
  const Mapping mapping = parse_mapping(with("[[column]]\nname = 'b'\nsql = 'JSON'\npath = 'x.\"a.b\"[2]'\n"), "m");
  EXPECT_EQ(to_string(mapping.columns[0].paths.at(0)), "$.id");
  EXPECT_EQ(to_string(mapping.columns[1].paths.at(0)), "$.x.\"a.b\"[2]");
}

TEST(MappingFile, AQuotedKeyOfAPathHasTheEscapesOfJson) {
  const auto steps = [](const std::string& path) {
    return parse_mapping(with("[[column]]\nname = 'b'\nsql = 'JSON'\npath = '" + path + "'\n"), "m")
        .columns[1]
        .paths.at(0);
  };
  EXPECT_THAT(steps(R"($."\"\\\/\b\f\n\r\t\u0009\u0000\u00E9\ud83d\ude42.[]")").steps,
              ElementsAre(PathStep(std::string("\"\\/\b\f\n\r\t\t\0\xC3\xA9\xF0\x9F\x99\x82.[]", 19))));
  EXPECT_EQ(to_string(steps(R"($."a\tb\u001f".c)")), R"($."a\tb\u001f".c)");
}

TEST(MappingFile, WhereNoTypesAreNeededColumnsHaveTheirPathsWithoutThem) {
  const Mapping mapping = parse_mapping(
      "table = 't'\nprimary_key = ['id']\nindexes = [['at']]\ntime = 'at'\nkind = 'id'\nunknown = 'rest'\n"
      "[[column]]\nname = 'id'\nempty = false\n[[column]]\nname = 'at'\npath = '$.a.t'\ntime = 'epoch_s'\n"
      "[[column]]\nname = 'region'\nlookup = 'r.name'\n[[column]]\nname = 'line'\nmeta = 'line'\n"
      "[[column]]\nname = 'yes'\nvalue = true\n[[column]]\nname = 'rest'\n[[column]]\nname = 'n'\nsql = 'INT'\n"
      "[[column]]\nname = 'data'\ndecode = 'hex'\npath = { a = '$.x', b = '$.y' }\n"
      "[[lookup]]\nname = 'r'\nfile = 'r.csv'\nkey = 'k'\n[[only]]\ncolumn = 'at'\nabove = '2024-05-01'\n",
      "m", std::nullopt, [](const std::string&, const std::string&) { return std::string(); });
  std::vector<std::string> paths;
  for (const Column& column : mapping.columns) {
    for (const Path& path : column.paths) paths.push_back(to_string(path));
  }
  EXPECT_THAT(paths, ElementsAre("$.id", "$.a.t", "$.region", "$.n", "$.x", "$.y"));
}

TEST(MappingFile, WhatIsNullForAllColumnsIsSoForThoseThatCanBe) {
  const Mapping mapping =
      parse_mapping(with("[[column]]\nname = 'b'\nsql = 'INT'\n[[column]]\nname = 'c'\nsql = 'INT'\nrequired = true\n"
                         "[[column]]\nname = 'd'\nsql = 'INT'\nnull_if = ''\n",
                         "null_if = ['-']"),
                    "m");
  EXPECT_THAT(mapping.columns[0].null_if, ElementsAre());
  EXPECT_THAT(mapping.columns[1].null_if, ElementsAre("-"));
  EXPECT_THAT(mapping.columns[2].null_if, ElementsAre());
  EXPECT_THAT(mapping.columns[3].null_if, ElementsAre(""));
}

TEST(MappingFile, TwoFilesThatSayTheSameAreOneMapping) {
  const std::string spaced = "# a comment\n" + with("[[column]]\nname = 'b'\nsql = 'int'\n");
  EXPECT_EQ(outline_of(parse_mapping(spaced, "a")),
            outline_of(parse_mapping(with("[[column]]\nsql = 'INT NULL'\nname = 'b'\npath = '$.b'\n"), "b")));
  EXPECT_NE(outline_of(parse_mapping(spaced, "a")),
            outline_of(parse_mapping(with("[[column]]\nname = 'b'\nsql = 'int'\nrequired = true\n"), "b")));
  const std::string times = "[[column]]\nname = 'b'\nsql = 'DATE'\ntime = ['rfc3339', 'epoch_s']\n";
  EXPECT_NE(outline_of(parse_mapping(with(times), "a")),
            outline_of(parse_mapping(with(times + "accept = 'string'\n"), "b")));
  const std::string text = "[[column]]\nname = 'b'\nsql = 'DATETIME'\ntime = 'rfc3339'\n";
  EXPECT_EQ(outline_of(parse_mapping(with(text), "a")),
            outline_of(parse_mapping(with(text + "accept = 'string'\n"), "b")));
}

struct WrongFile {
  std::string text;
  std::string sentence;
};

TEST(MappingFile, WhatIsWrongIsSaidWithItsPlaceAndWhatIsAllowed) {
  const std::string column = "[[column]]\nname = 'b'\n";
  const std::string lookup = "[[lookup]]\nname = 'r'\nfile = 'r.csv'\nkey = 'k'\n";
  for (const auto& [text, sentence] : std::vector<WrongFile>{
           {"table = ", "m.toml:1:9: "},
           {"", "m.toml:1:1: the mapping lacks `table`."},
           {"table = 7", "m.toml:1:9: a text in quotes is needed here."},
           {"table = ''", "m.toml:1:9: a table's name has 1 to 64 characters and no space at its end."},
           {"table = 't'", "m.toml:1:1: the mapping lacks `column`."},
           {"table = 't'\ncolumn = 'id'", "m.toml:2:10: each is a table of its own: [[column]]."},
           {"tabel = 't'",
            "m.toml:1:1: there is no key 'tabel'; there are table, records, primary_key, indexes, time, "
            "kind, null_if, on_duplicate, unknown, column, lookup, only."},
           {"table = 't'\n[[column]]\nname = 'id'\nsql = 'INT'\n", "m.toml:1:1: the mapping lacks `primary_key`."},
           {"table = 't'\nprimary_key = ['id']\n[[column]]\nname = 'id'\nsql = 'TEXT NOT NULL'\n",
            "m.toml:2:16: TEXT cannot be a part of the primary key."},
           {"table = 't'\nprimary_key = 'id'\n[[column]]\nname = 'id'\nsql = 'INT NOT NULL'\n",
            "m.toml:2:15: primary_key is a list of columns, such as [\"id\"], or [] where there is no key."},
           {"table = 't'\nprimary_key = ['id', 'id']\n[[column]]\nname = 'id'\nsql = 'INT NOT NULL'\n",
            "m.toml:2:22: the column 'id' is in the primary key twice."},
           {"table = 't'\nprimary_key = ['id']\n[[column]]\nname = 'id'\nsql = 'INT NOT NULL DEFAULT 1'\n",
            "m.toml:2:16: the primary key's columns have no DEFAULT."},
           {"table = 't'\nprimary_key = ['a', 'b']\n[[column]]\nname = 'a'\nsql = 'VARCHAR(500) NOT NULL'\n"
            "[[column]]\nname = 'b'\nsql = 'VARCHAR(500) NOT NULL'\n",
            "m.toml:2:21: a key holds up to 3072 bytes, which are 768 characters in utf8mb4."},
           {"table = 't'\nprimary_key = ['id']\n[[column]]\nname = 'id'\nsql = 'VARCHAR(9)'\n",
            "m.toml:2:16: the primary key's columns have to be NOT NULL."},
           {"table = 't'\nprimary_key = ['no']\n[[column]]\nname = 'id'\nsql = 'INT'\n",
            "m.toml:2:16: there is no column 'no'; there are id."},
           {with(column), "m.toml:8:8: the column 'b' needs `sql`, its type: "},
           {with(column + "sql = 'VARCHAR(9'\n"), "m.toml:9:17: ')' is missing here."},
           {with(column + "sql = 'INT'\nname2 = ''\n"),
            "m.toml:10:1: there is no key 'name2' of a column; there are name, sql, path, outer, value, "
            "meta, lookup, time, accept, decode, required, empty, null_if."},
           {with(column + "sql = 'INT'\npath = 'x'\nmeta = 'line'\n"),
            "m.toml:11:8: a column has one of path, outer, value and meta."},
           {with(column + "sql = 'INT'\nmeta = 'row'\n"),
            "m.toml:10:8: there is no meta 'row'; there are source, line, offset, load, loaded_at."},
           {with(column + "sql = 'INT'\nmeta = 'source'\n"),
            "m.toml:10:8: INT does not hold `source`, which is a text."},
           {with(column + "sql = 'DATE'\nmeta = 'loaded_at'\n"),
            "m.toml:10:8: DATE does not hold `loaded_at`, which is a DATETIME or a TIMESTAMP."},
           {with(column + "sql = 'BIGINT'\nmeta = 'line'\nrequired = true\n"),
            "m.toml:11:1: `required` says nothing of a column with meta."},
           {with(column + "sql = 'INT'\nvalue = 5\naccept = 'string'\n"),
            "m.toml:11:1: `accept` says nothing of a column with a value of its own."},
           {with(column + "sql = 'JSON'\nvalue = '{}'\n"), "m.toml:10:9: a JSON column takes no value of its own."},
           {with(column + "sql = 'INT'\nouter = '$.a'\n"),
            "m.toml:10:9: `outer` is for records that are elements of an array, such as records = \"$.Records[*]\"."},
           {with(column + "sql = 'JSON'\nouter = '$.a'\n", "records = '$.a.b[*]'"),
            "m.toml:10:9: `outer` is for values beside the records: this path leads to the array,"},
           {with(column + "sql = 'INT'\n", "unknown = 'b'"),
            "m.toml:7:1: the column that takes unknown fields has to be JSON."},
           {with(column + "sql = 'JSON'\npath = 'c'\n", "unknown = 'b'"),
            "m.toml:10:1: `path` says nothing of a column that takes unknown fields."},
           {with("[[lookup]]\nname = 'r'\nkey = 'k'\n"), "m.toml:7:1: a lookup has a `file` or a `query`."},
           {with("[[lookup]]\nname = 'r.s'\n"), "m.toml:8:8: a lookup's name has no point in it."},
           {with(lookup + "missing = 'keep'\n"), "m.toml:11:11: there is no 'keep'; there are reject, null, filter."},
           {with(column + "sql = 'VARCHAR(9)'\nvalue = true\n"), "m.toml:10:9: a text in quotes is needed here."},
           {with(column + "sql = 'DECIMAL(9,3)'\nvalue = 1.10\n"), "m.toml:10:9: a text in quotes is needed here."},
           {with(column + "sql = 'VARCHAR(9)'\nlookup = 'r.t'\nempty = false\n" + lookup),
            "m.toml:11:9: `empty` says nothing of a column that is looked up."},
           {with(lookup), "m.toml:7:1: no column takes a field of 'r'."},
           {with(lookup + lookup), "m.toml:12:8: the lookup 'r' is there twice."},
           {with(column + "sql = 'INT'\nlookup = 'r'\n" + lookup),
            "m.toml:10:10: a lookup and its field are needed here, such as 'regions.name'."},
           {with(column + "sql = 'INT'\nlookup = 's.t'\n" + lookup), "m.toml:10:10: there is no [[lookup]] 's'."},
           {with(column + "sql = 'JSON'\nlookup = 'r.t'\n" + lookup),
            "m.toml:10:10: a JSON column takes no looked-up value."},
           {with(column + "sql = 'INT NOT NULL'\nlookup = 'r.t'\n" + lookup + "missing = 'null'\n"),
            "m.toml:10:10: what 'r' has no row for becomes NULL, which the column cannot be."},
           {with("", "on_duplicate = 'keep'"), "m.toml:3:16: there is no 'keep'; there are skip, replace, fail."},
           {"table = 't'\nprimary_key = []\non_duplicate = 'skip'\n[[column]]\nname = 'a'\nsql = 'INT'\n",
            "m.toml:3:16: without a primary_key no record is a duplicate."},
           {with("", "unknown = 'c'"), "m.toml:3:11: there is no column 'c'; there are id."},
           {with(column + "sql = 'VARCHAR(9)'\nvalue = 'x'\n", "kind = 'b'"),
            "m.toml:3:8: the column that says the kind has one path for all kinds."},
           {with(column + "sql = 'INT'\npath = '$.a[*]'\n"),
            "m.toml:10:13: an element's index is a number from 0 on, such as [0]."},
           {with(column + "sql = 'INT'\npath = '$.*'\n"),
            "m.toml:10:11: a wildcard names more than one value, where a column has one."},
           {with(column + "sql = 'INT'\npath = { a = '$.x' }\n"),
            "m.toml:10:8: a path by kind needs `kind` at the top, the column that says which."},
           {with(column + "sql = 'INT'\ntime = 'rfc3339'\n"), "m.toml:10:8: INT is no time."},
           {with(column + "sql = 'DATE'\ntime = 'iso'\n"), "m.toml:10:8: there is no time format 'iso'; there are"},
           {with(column + "sql = \"ENUM('a')\"\naccept = 'integer'\n"),
            "m.toml:10:10: ENUM('a') can be made of string, not of 'integer'."},
           {with(column + "sql = 'JSON'\naccept = 'string'\n"), "m.toml:10:10: JSON takes any value as it is."},
           {with(column + "sql = 'INT'\ndecode = 'hex'\n"),
            "m.toml:10:10: only VARBINARY, BINARY and the BLOB types are decoded."},
           {with(column + "sql = 'BLOB'\ndecode = 'rot13'\n"),
            "m.toml:10:10: there is no encoding 'rot13'; there are hex, base64, uuid."},
           {with(column + "sql = 'INT NOT NULL'\nnull_if = '-'\n"), "m.toml:10:11: the column 'b' cannot be NULL."},
           {with(column + "sql = 'TIMESTAMP DEFAULT 0'\n"), "m.toml:9:7: TIMESTAMP takes no DEFAULT here."},
           {"table = 'Chatload_x'", "m.toml:1:9: names that begin with chatload_ are the ledger's."},
           {with("[[column]]\nname = 'ID'\nsql = 'INT'\n"), "m.toml:8:8: the column 'ID' is there twice."},
           {with(column + "sql = 'DATE'\ntime = '%b %d %H:%M:%S'\n"), "m.toml:10:8: there is no time format"},
           {with(column + "sql = 'DATE'\ntime = '%s'\n"), "m.toml:10:8: there is no time format"},
           {with(column + "sql = 'DATE'\ntime = '%Y-%m-%d %Z'\n"), "m.toml:10:8: there is no time format"},
           {with(column + "sql = 'DATE'\naccept = 'integer'\n"),
            "m.toml:10:10: DATE can be made of string, not of 'integer'."},
           {with(column + "sql = 'INT'\nempty = false\n"), "m.toml:10:9: INT is never empty."},
           {with(column + "sql = 'INT'\npath = '$[0]'\n"), "m.toml:10:10: a path is like $.data.message"},
           {with(column + "sql = 'INT'\npath = '$.\"a\\x\"'\n"),
            "m.toml:10:13: a quoted key has the escapes of JSON, "},
           {with(column + "sql = 'INT'\npath = '$.\"\\u00g0\"'\n"),
            "m.toml:10:12: a quoted key has the escapes of JSON"},
           {with(column + "sql = 'INT'\npath = '$.\"a\\ud83d\"'\n"),
            "m.toml:10:13: a quoted key has the escapes of JSON"},
           {with(column + "sql = 'INT'\npath = '$.\"a\\ude42\"'\n"),
            "m.toml:10:13: a quoted key has the escapes of JSON"},
           {with(column + "sql = 'INT'\npath = '$.\"a\\'\n"), "m.toml:10:13: a quoted key has the escapes of JSON"},
           {with(column + "sql = 'INT'\npath = '$.\"a\\\"'\n"), "m.toml:10:15: the key does not end"},
           {with(column + "sql = 'INT'\npath = \"$.\\\"a\\\"[x]\"\n"), "m.toml:10:8: an element's index is a number"},
           {with(column + "sql = 'JSON'\n", "indexes = [['b']]"), "m.toml:3:13: JSON cannot be indexed."},
           {with("", "indexes = [['id', 'id']]"), "m.toml:3:19: the column 'id' is in the index twice."},
           {with("", "indexes = [['id'], ['id']]"),
            "m.toml:3:20: the index would be called 'id', which is too long, or another one's name."},
           {with("[[only]]\ncolumn = 'id'\nin = 'a'\n[[only]]\ncolumn = 'id'\nin = 'b'\n"),
            "m.toml:11:10: there is a condition on 'id' already; list all its values in one."},
           {with(column + "sql = 'BOOLEAN'\n[[only]]\ncolumn = 'b'\nin = ['true', 'yes']\n"),
            "m.toml:12:15: BOOLEAN is never 'yes'; it is true or false."},
           {with(column + "sql = 'INT UNSIGNED'\n[[only]]\ncolumn = 'b'\nin = ['0', '4294967295', '5.0']\n"),
            "m.toml:12:26: INT UNSIGNED is never '5.0'; it is the digits of an integer from 0 to 4294967295."},
           {with(column + "sql = 'TINYINT'\n[[only]]\ncolumn = 'b'\nnot_in = ['-128', '128']\n"),
            "m.toml:12:19: TINYINT is never '128'; it is the digits of an integer from -128 to 127."},
           {with(column + "sql = 'INT'\n[[only]]\ncolumn = 'b'\nin = '-0'\n"), "m.toml:12:6: INT is never '-0'"},
           {with(column + "sql = 'INT'\n[[only]]\ncolumn = 'b'\nin = '007'\n"), "m.toml:12:6: INT is never '007'"},
           {with(column + "sql = 'INT'\naccept = 'string'\n[[only]]\ncolumn = 'b'\nin = ['007', '']\n"),
            "m.toml:13:14: INT is never ''"},
           {with(column + "sql = 'DECIMAL(5,2)'\n[[only]]\ncolumn = 'b'\nin = ['1.50', '1e2', '.5']\n"),
            "m.toml:12:22: DECIMAL(5,2) is never '.5'; it is a number as JSON has it, such as 1.5."},
           {with(column + "sql = 'DOUBLE'\n[[only]]\ncolumn = 'b'\nin = 'x'\n"), "m.toml:12:6: DOUBLE is never 'x'"},
           {with(column + "sql = 'UUID'\n[[only]]\ncolumn = 'b'\nin = '00112233445566778899aabbccddeeff'\n"),
            "m.toml:12:6: UUID is never '00112233445566778899aabbccddeeff'; it is 36 characters, such as 00112233-"},
           {with(column + "sql = 'VARCHAR(9)'\npath = { x = '$.y' }\n", "kind = 'b'"),
            "m.toml:3:8: the column that says the kind has one path for all kinds."},
           {with("[[column]]\nname = 'id'\nsql = 'INT'\n"), "m.toml:8:8: the column 'id' is there twice."},
           {with("", "time = 'id'"),
            "m.toml:3:8: the column that --since and --until compare has to be a DATE, DATETIME or TIMESTAMP."},
           {with("", "records = 'rows'"), "m.toml:3:12: it takes lines, values, or the path of an array with [*]"},
           {with("", "records = '$.a[*].b[*]'"), "m.toml:3:16: an element's index is a number from 0 on, such as [0]."},
           {with("[[only]]\ncolumn = 'id'\n"), "m.toml:7:1: the condition says nothing of its column: there are in,"},
           {with("[[only]]\ncolumn = 'id'\nabove = 5\n"),
            "m.toml:9:9: only numbers and times are in an order here, and 'id' is VARCHAR(9)."},
           {with("[[only]]\ncolumn = 'id'\nis_null = true\n"), "m.toml:9:11: the column 'id' cannot be NULL."},
           {with(column + "sql = 'INT'\n[[only]]\ncolumn = 'b'\nat_most = 'x'\n"),
            "m.toml:12:11: a number is needed here."},
           {with(column + "sql = 'DATE'\n[[only]]\ncolumn = 'b'\nbelow = 'May'\n"),
            "m.toml:12:9: a time is needed here, such as '2024-05-01T12:00:00Z' or '2024-05-01'."},
           {with("[[only]]\ncolumn = 'id'\nin = []\n"), "m.toml:9:6: the list is empty."},
           {with(column + "sql = 'JSON'\n[[only]]\ncolumn = 'b'\nin = 'x'\n"),
            "m.toml:11:10: a condition compares texts and numbers, and 'b' is JSON."},
       }) {
    EXPECT_THAT(refusal(text), StartsWith(sentence)) << text;
  }
}

}  // namespace
}  // namespace chatload::mapping
