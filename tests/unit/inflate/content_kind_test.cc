#include "inflate/content_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "unit/inflate/gzip_text.h"

namespace chatload::inflate {
namespace {

using std::string_literals::operator""s;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int kZlibWindowBits = MAX_WBITS;

// What the whole text is, and the filter that turns it into lines; "a log" where it is none of the kinds.
std::string kind_of(const std::string& text, Compression compression = Compression::kGzip) {
  const auto content = foreign_content(text, /*is_whole=*/true, compression);
  return content ? content->name + ": " + content->filter : "a log";
}

// The same of a text of which this is the beginning.
std::string kind_of_beginning(const std::string& text) {
  const auto content = foreign_content(text, /*is_whole=*/false, Compression::kGzip);
  return content ? content->name + ": " + content->filter : "a log";
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string with_units(const std::string& ascii, std::size_t before, std::size_t after) {
  std::string wide;
  for (const char c : ascii) wide += std::string(before, '\0') + c + std::string(after, '\0');
  return wide;
}

std::string tar_of(const std::string& text) {
  std::string header(512, '\0');
  header.replace(0, 8, "log.json");
  header.replace(257, 5, "ustar");
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  std::string octal(8, '\0');
  std::snprintf(octal.data(), octal.size(), "%06o", sum);
  header.replace(148, 8, octal);
  return header + text;
}

const std::string kObject = R"({"id":"a","type":"message","data":{"message":"x } { [ \" y"}})";

TEST(ForeignContentTest, EachBinaryKindIsKnownByItsMagic) {
  const std::pair<std::string, std::string> cases[] = {
      {"\x28\xb5\x2f\xfd\x04"s, "zstd inside gzip: zstd -dc"},
      {"\xfd\x37\x7a\x58\x5a\x00\x00"s, "compressed with xz: xz -dc"},
      {"BZh91AY&SY\x01"s, "compressed with bzip2: bzip2 -dc"},
      {"BZh9\x17\x72\x45\x38\x50\x90"s, "compressed with bzip2: bzip2 -dc"},
      {"\x1f\x9d\x90"s, "compressed with compress (.Z): gzip -dc"},
      {"\x04\x22\x4d\x18\x64"s, "compressed with lz4: lz4 -dc"},
      {"LZIP\x01"s, "compressed with lzip: lzip -dc"},
      {"PK\x03\x04\x14"s, "a zip archive: "},
      {"7z\xbc\xaf\x27\x1c\x00"s, "a 7z archive: "},
      {"PAR1\x15\x04"s, "a Parquet file: "},
      {"Obj\x01\x04"s, "an Avro file: "},
      {tar_of(kObject + "\n"), "a tar archive: "},
      {compress(kObject), "gzip inside gzip: gzip -dc"},
  };
  for (const auto& [text, kind] : cases) EXPECT_EQ(kind_of(text), kind);
}

TEST(ForeignContentTest, ZlibAndRawDeflateAreKnownByInflatingThem) {
  const std::string lines = sample_lines(2000);
  for (const int level : {1, 6, 9}) {
    EXPECT_THAT(kind_of(compress(lines, level, kZlibWindowBits)), StartsWith("zlib data"));
    EXPECT_THAT(kind_of(compress(lines, level, kRawWindowBits)), StartsWith("raw deflate data"));
    EXPECT_THAT(kind_of_beginning(compress(lines, level, kZlibWindowBits).substr(0, 5000)), StartsWith("zlib data"));
    EXPECT_THAT(kind_of_beginning(compress(lines, level, kRawWindowBits).substr(0, 5000)),
                StartsWith("raw deflate data"));
  }
}

TEST(ForeignContentTest, Utf16AndUtf32AreKnownWithAMarkAndWithout) {
  const std::string line = kObject + "\n";
  EXPECT_EQ(kind_of("\xff\xfe" + with_units(line, 0, 1)), "text in UTF-16LE: iconv -f UTF-16 -t UTF-8");
  EXPECT_EQ(kind_of("\xfe\xff" + with_units(line, 1, 0)), "text in UTF-16BE: iconv -f UTF-16 -t UTF-8");
  EXPECT_EQ(kind_of("\xff\xfe\0\0"s + with_units(line, 0, 3)), "text in UTF-32LE: iconv -f UTF-32 -t UTF-8");
  EXPECT_EQ(kind_of("\0\0\xfe\xff"s + with_units(line, 3, 0)), "text in UTF-32BE: iconv -f UTF-32 -t UTF-8");
  EXPECT_EQ(kind_of(with_units(line, 0, 1)), "text in UTF-16LE: iconv -f UTF-16LE -t UTF-8");
  EXPECT_EQ(kind_of(with_units(line, 1, 0)), "text in UTF-16BE: iconv -f UTF-16BE -t UTF-8");
  EXPECT_EQ(kind_of(with_units(line, 0, 3)), "text in UTF-32LE: iconv -f UTF-32LE -t UTF-8");
  EXPECT_EQ(kind_of(with_units(line, 3, 0)), "text in UTF-32BE: iconv -f UTF-32BE -t UTF-8");
}

TEST(ForeignContentTest, AJsonArrayIsKnownHoweverItIsWritten) {
  const std::string array = "a JSON array: jq -c '.[]'";
  for (const std::string& text :
       {"[" + kObject + "]", "[" + kObject + "," + kObject + "]\n", "[\n" + kObject + "\n]\n",
        "[\n" + kObject + ",\n" + kObject + "\n]\n", "[" + kObject + "\n," + kObject + "\n]\n",
        "\xef\xbb\xbf \r\n[\r\n  " + kObject + "\r\n]\r\n", "[[1,2],[3,4]]"s, "[\n{\n\"id\": 1\n}\n]"s}) {
    EXPECT_EQ(kind_of(text), array) << text;
  }
  EXPECT_EQ(kind_of_beginning("[\n" + repeated(kObject + ",\n", 600)), array);
  EXPECT_EQ(kind_of_beginning("[" + repeated(kObject + ",", 600)), array);
}

TEST(ForeignContentTest, ADocumentOverManyLinesIsKnown) {
  const std::string pretty = "{\n  \"id\": \"a\",\n  \"data\": {\n    \"message\": \"x\"\n  }\n}\n";
  EXPECT_EQ(kind_of(pretty), "JSON with objects spread over many lines: jq -c .");
  EXPECT_EQ(kind_of(pretty + pretty), "JSON with objects spread over many lines: jq -c .");
  EXPECT_EQ(kind_of_beginning(repeated(pretty, 500)), "JSON with objects spread over many lines: jq -c .");
  const std::string rows = "one JSON document over many lines: jq -c '.messages[]'";
  EXPECT_EQ(kind_of("{\"name\": \"a\", \"messages\": [\n" + kObject + "\n]}"), rows);
  EXPECT_EQ(kind_of_beginning("{\n\"n\": [1],\n\"messages\": [\n" + repeated(kObject + ",\n", 600)), rows);
}

TEST(ForeignContentTest, ObjectsWithoutLineEndsAreKnown) {
  const std::string joined = "JSON objects without line ends between them: jq -c .";
  EXPECT_EQ(kind_of(kObject + kObject), joined);
  EXPECT_EQ(kind_of(repeated(kObject, 100) + "\n"), joined);
  EXPECT_EQ(kind_of(repeated(kObject + " ", 100)), joined);
  EXPECT_EQ(kind_of(repeated(kObject + "\r", 100)), joined);
  EXPECT_EQ(kind_of_beginning(repeated(kObject, 1000)), joined);
}

TEST(ForeignContentTest, TextThatIsNoJsonIsKnownByHowItBegins) {
  EXPECT_THAT(kind_of("<!DOCTYPE html>\n<title>404"), StartsWith("an HTML page"));
  EXPECT_THAT(kind_of("\n <html lang=\"en\"><head>"), StartsWith("an HTML page"));
  EXPECT_THAT(kind_of("<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied"), StartsWith("XML or HTML"));
  EXPECT_THAT(kind_of("<Error><Code>NoSuchKey</Code></Error>"), StartsWith("XML or HTML"));
  EXPECT_THAT(kind_of("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
              StartsWith("a Git LFS pointer"));
  EXPECT_EQ(kind_of("H4sIAAAAAAACA6tWykxRslJQSlSqBQAxyZBOCwAAAA=="), "gzip in base64: base64 -d | gzip -dc");
  EXPECT_EQ(kind_of("eyJpZCI6ImEiLCJ0eXBlIjoibWVzc2FnZSJ9\n"), "JSON in base64: base64 -d");
  EXPECT_EQ(kind_of("eyJpZCI6ImEiLCJ0eXBlIjoiYSJ9\neyJpZCI6ImIiLCJ0eXBlIjoiYSJ9\n"),
            "lines in base64: jq -Rr @base64d");
}

TEST(ForeignContentTest, JsonLinesAreNeverTakenForAnythingElse) {
  const std::string cut = kObject.substr(0, 30);
  for (const std::string& text : {
           ""s,
           "\n"s,
           kObject,
           kObject + "\n",
           kObject + "\r\n" + kObject + "\r\n",
           "\xef\xbb\xbf" + kObject + "\n",
           std::string(5000, '\0') + kObject + "\n",
           sample_lines(3000),
           // Lines that no log should have, beside one that it should.
           cut + "\n" + kObject + "\n",
           kObject + kObject + "\n" + kObject + "\n",
           "[\n" + kObject + "\n" + kObject,
           "[" + kObject + "]\n" + kObject + "\n",
           "{\n" + kObject + "\n",
           "{\"id\":\n" + kObject + "\n",
           "<html>\n" + kObject + "\n",
           "<134>Jan 1 syslog\n" + kObject + "\n",
           "H4sI\n" + kObject + "\n",
           "version https://git-lfs.github.com/spec/v1\n" + kObject + "\n",
           "x\x9c\n" + kObject + "\n",
           "\xff\xfe" + kObject + "\n",
           "BZh is no bzip2\n" + kObject,
           "PAR1\n" + kObject,
           // Nothing to say of what is only bad.
           "a line\nanother\n"s,
           "[INFO] 12:00 started\n[INFO] 12:01 stopped\n"s,
           "[1,2]\n[3]\n"s,
           "[]"s,
           "{}"s,
           "x^2 + y^2\n"s,
           "\x1f"s,
           "id,type,from\na,message,b\n"s,
           cut,
       }) {
    EXPECT_EQ(kind_of(text), "a log") << text.substr(0, 100);
    EXPECT_EQ(kind_of_beginning(text), "a log") << text.substr(0, 100);
  }
}

TEST(ForeignContentTest, TheBeginningOfALongLineSaysNothingOfTheNext) {
  for (const std::string& text :
       {kObject + kObject + R"({"id":")" + std::string(70'000, 'x'),
        "[\n" + kObject.substr(0, 20) + std::string(70'000, 'x'), R"({"messages":[)" + repeated(kObject + ",", 2000),
        kObject + kObject + "\n" + kObject + kObject}) {
    EXPECT_EQ(kind_of_beginning(text.substr(0, kContentLookBytes)), "a log") << text.substr(0, 100);
  }
}

TEST(ForeignContentTest, TheSentenceNamesThePlaceAndTheCommand) {
  const auto sentence = [](const std::string& text, const std::string& name, Compression compression) {
    const auto content = foreign_content(text, /*is_whole=*/true, compression);
    return content ? to_sentence(*content, name, text, compression) : "a log";
  };
  EXPECT_EQ(
      sentence("[\n{}\n]\n", "my log.json.gz", Compression::kGzip),
      "my log.json.gz is a JSON array, not JSON lines in UTF-8: unpacked, it begins with \"[\\x0a{}\\x0a]\\x0a\". "
      "Read it with --records '$[*]', or convert it with `zcat 'my log.json.gz' | jq -c '.[]' | gzip > lines.json.gz`, "
      "and load lines.json.gz.");
  EXPECT_THAT(sentence("{}{}", "log.json", Compression::kNone),
              HasSubstr("`jq -c . < log.json | gzip > lines.json.gz`"));
  EXPECT_THAT(sentence(tar_of("x"), "log.tar", Compression::kNone), HasSubstr("`tar -xf log.tar`"));
  EXPECT_THAT(sentence(tar_of("x"), "log.tar.gz", Compression::kGzip), HasSubstr("`tar -xzf log.tar.gz`"));
  EXPECT_THAT(sentence(tar_of("x"), "log.tar.zst", Compression::kZstd), HasSubstr("`tar --zstd -xf log.tar.zst`"));
  EXPECT_THAT(sentence("{}{}", "log.json.zst", Compression::kZstd), HasSubstr("`zstd -dc log.json.zst | jq -c . |"));
  EXPECT_THAT(sentence(compress("{}"), "log.zst", Compression::kZstd), HasSubstr("log.zst is gzip inside zstd"));
  EXPECT_THAT(sentence("{}{}", "standard input", Compression::kGzip),
              AllOf(StartsWith("standard input is JSON objects"), HasSubstr("`zcat FILE | jq -c . |")));
}

}  // namespace
}  // namespace chatload::inflate
