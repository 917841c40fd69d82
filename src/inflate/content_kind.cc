// Binary kinds are known by their magic numbers: gzip and zstd (inside one of these two), xz file format §2.1.1.1,
// bzip2 "BZh", the level and the first block's (or the end's) own number, zip APPNOTE §4.3.7, compress(1), lz4 frame
// format, lzip, 7z, Parquet, Avro. tar has none at its beginning; the checksum of its first header (POSIX.1-2001,
// ustar) is as good. zlib (RFC 1950) and raw deflate (RFC 1951) are inflated: text does not survive that.
//
// UTF-16 and UTF-32 are known by their mark, or by the zero bytes of their first characters.
//
// A JSON document is told from JSON lines by its grammar over the whole look (json_shape.h): one line that is broken
// breaks the grammar too, and then nothing is condemned. Text that is no JSON at all (an HTML page, base64, a Git LFS
// pointer) is known by how it begins, and only where no line of the look is an object.
#include "inflate/content_kind.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "base/line_lead.h"
#include "base/shell_word.h"
#include "base/terminal_text.h"
#include "inflate/json_shape.h"

namespace chatload::inflate {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::size_t kShownBytesMax = 40;

struct Magic {
  std::string_view bytes;
  std::string_view name;
  std::string_view filter;
  std::string_view advice = {};
};

constexpr std::array kMagics = {
    Magic{"\xfd\x37\x7a\x58\x5a\x00"sv, "compressed with xz", "xz -dc"},
    Magic{"BZh?1AY&SY"sv, "compressed with bzip2", "bzip2 -dc"},
    Magic{"BZh?\x17\x72\x45\x38\x50\x90"sv, "compressed with bzip2", "bzip2 -dc"},
    Magic{"\x1f\x9d"sv, "compressed with compress (.Z)", "gzip -dc"},
    Magic{"\x04\x22\x4d\x18"sv, "compressed with lz4", "lz4 -dc"},
    Magic{"LZIP\x01"sv, "compressed with lzip", "lzip -dc"},
    Magic{"PK\x03\x04"sv, "a zip archive", "", "Unpack it with `unzip {}`, and load the files that were in it."},
    Magic{"7z\xbc\xaf\x27\x1c"sv, "a 7z archive", "", "Unpack it with `7z x {}`, and load the files that were in it."},
    Magic{"PAR1\x15"sv, "a Parquet file", "",
          "Convert it with DuckDB: COPY (FROM 'FILE') TO 'lines.json' (FORMAT json), and load lines.json."},
    Magic{"Obj\x01"sv, "an Avro file", "",
          "Convert it with `java -jar avro-tools.jar tojson {} | gzip > lines.json.gz`, and load lines.json.gz."},
};

// '?' in a magic stands for any byte.
bool begins_with(std::string_view head, std::string_view magic) {
  return head.size() >= magic.size() && std::equal(magic.begin(), magic.end(), head.begin(),
                                                   [](char want, char have) { return want == '?' || want == have; });
}

// The same for text, whatever the case of its letters.
bool begins_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(), [](char want, char have) {
           return want == (have >= 'A' && have <= 'Z' ? static_cast<char>(have - 'A' + 'a') : have);
         });
}

std::string_view name_of(Compression compression) { return compression == Compression::kZstd ? "zstd" : "gzip"; }

// What writes to standard output what is in the file that is named behind it.
std::string_view unpacker_of(Compression compression) {
  switch (compression) {
    case Compression::kNone: return "cat";
    case Compression::kGzip: return "zcat";
    case Compression::kZstd: return "zstd -dc";
  }
  return "cat";
}

std::optional<ForeignContent> by_magic(std::string_view head, Compression compression) {
  const bool is_unpacked = compression != Compression::kNone;
  if (is_unpacked && head.starts_with("\x1f\x8b\x08"sv)) {
    return ForeignContent{fmt::format("gzip inside {}", name_of(compression)), "gzip -dc", ""};
  }
  if (is_unpacked && head.starts_with("\x28\xb5\x2f\xfd"sv)) {
    return ForeignContent{fmt::format("zstd inside {}", name_of(compression)), "zstd -dc", ""};
  }
  for (const Magic& magic : kMagics) {
    if (!begins_with(head, magic.bytes)) continue;
    std::string advice(magic.advice);
    if (is_unpacked && !advice.empty()) {
      if (const std::size_t at = advice.find("{}"); at != std::string::npos) advice.replace(at, 2, "unpacked");
      advice.insert(0, fmt::format("Take it out of {} with `{} {{}} > unpacked`. ", name_of(compression),
                                   unpacker_of(compression)));
    }
    return ForeignContent{std::string(magic.name), std::string(magic.filter), std::move(advice)};
  }
  return std::nullopt;
}

// The sum of the header's bytes, those of the sum itself taken as spaces, is in it in octal.
bool is_tar(std::string_view head) {
  constexpr std::size_t kHeaderBytes = 512;
  constexpr std::size_t kSumBegin = 148;
  constexpr std::size_t kSumBytes = 8;
  if (head.size() < kHeaderBytes || head[0] == '\0') return false;
  std::string_view digits = head.substr(kSumBegin, kSumBytes);
  digits.remove_prefix(std::min(digits.find_first_not_of(' '), digits.size()));
  unsigned recorded = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), recorded, 8);
  if (error != std::errc() || end == digits.data() + digits.size() || (*end != '\0' && *end != ' ')) return false;
  unsigned sum = kSumBytes * ' ';
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    if (i < kSumBegin || i >= kSumBegin + kSumBytes) sum += static_cast<unsigned char>(head[i]);
  }
  return sum == recorded;
}

// Whether the first characters of the text, in units of so many bytes, are ASCII and nothing but.
bool is_wide_ascii(std::string_view text, std::size_t unit_bytes, bool is_big_endian, std::size_t characters) {
  if (text.size() < characters * unit_bytes) return false;
  for (std::size_t i = 0; i < characters * unit_bytes; ++i) {
    const bool is_low_byte = i % unit_bytes == (is_big_endian ? unit_bytes - 1 : 0);
    const auto byte = static_cast<unsigned char>(text[i]);
    if (is_low_byte ? byte == 0 || byte >= 0x80 : byte != 0) return false;
  }
  return true;
}

std::optional<ForeignContent> by_encoding(std::string_view head) {
  struct Encoding {
    std::string_view mark;
    std::string_view name;
    std::size_t unit_bytes;
    bool is_big_endian;
  };
  // The mark of UTF-16LE begins that of UTF-32LE.
  constexpr std::array kEncodings = {
      Encoding{"\xff\xfe\0\0"sv, "UTF-32LE", 4, false}, Encoding{"\0\0\xfe\xff"sv, "UTF-32BE", 4, true},
      Encoding{"\xff\xfe"sv, "UTF-16LE", 2, false}, Encoding{"\xfe\xff"sv, "UTF-16BE", 2, true}};
  constexpr std::size_t kCharactersWithoutMark = 4;
  for (const Encoding& encoding : kEncodings) {
    const bool has_mark = head.starts_with(encoding.mark);
    const std::string_view text = has_mark ? head.substr(encoding.mark.size()) : head;
    if (!is_wide_ascii(text, encoding.unit_bytes, encoding.is_big_endian, has_mark ? 1 : kCharactersWithoutMark)) {
      continue;
    }
    // With a mark, the name without the byte order makes iconv drop it.
    const std::string_view name = has_mark ? encoding.name.substr(0, encoding.name.size() - 2) : encoding.name;
    return ForeignContent{fmt::format("text in {}", encoding.name), fmt::format("iconv -f {} -t UTF-8", name), ""};
  }
  return std::nullopt;
}

// What zlib makes of the beginning of deflate data, as far as a few KiB go; nothing where it is none.
std::optional<std::string> inflated(std::string_view head, bool is_whole, int window_bits) {
  z_stream stream{};
  if (inflateInit2(&stream, window_bits) != Z_OK) return std::nullopt;
  std::string input(head);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  std::string text;
  std::array<char, 4 * kKiB> buffer{};
  int result = Z_OK;
  while (result == Z_OK && stream.avail_in > 0) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = buffer.size();
    result = ::inflate(&stream, Z_NO_FLUSH);
    if (text.empty()) text.assign(buffer.data(), buffer.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  const bool ends = result == Z_STREAM_END;
  if (!ends && (is_whole || (result != Z_OK && result != Z_BUF_ERROR))) return std::nullopt;
  return text;
}

std::string inflate_filter(std::string_view more_arguments) {
  return fmt::format(
      "python3 -c 'import sys, zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read(){}))'",
      more_arguments);
}

std::string_view without_spaces(std::string_view text) {
  text.remove_prefix(line_lead_bytes(text));
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

std::optional<ForeignContent> by_inflating(std::string_view head, bool is_whole) {
  if (head.size() < 2 || begins_json(head)) return std::nullopt;
  const unsigned header = 256U * static_cast<unsigned char>(head[0]) + static_cast<unsigned char>(head[1]);
  if ((header >> 8 & 0x8f) == 0x08 && header % 31 == 0) {
    const auto text = inflated(head, is_whole, MAX_WBITS);
    if (text && !text->empty()) return ForeignContent{"zlib data without gzip's header", inflate_filter(""), ""};
  }
  const auto text = inflated(head, is_whole, -MAX_WBITS);
  if (!text || !begins_json(*text)) return std::nullopt;
  return ForeignContent{"raw deflate data without gzip's header", inflate_filter(", -15"), ""};
}

// Where the look ends before the text does, that much of one document, or of one line, is no accident.
constexpr std::size_t kLinesOfADocument = 3;
constexpr std::size_t kValuesOfALine = 16;

bool is_plain_key(std::string_view key) {
  return !key.empty() && !(key[0] >= '0' && key[0] <= '9') && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::optional<ForeignContent> by_shape(std::string_view head, bool is_whole) {
  head.remove_prefix(line_lead_bytes(head));
  const JsonShape shape(head);
  if (!shape.is_sound() || shape.object_lines > 0 || (is_whole && !shape.is_closed())) return std::nullopt;
  const bool is_spread = shape.line_ends_inside >= (is_whole ? 1 : kLinesOfADocument);
  if (without_spaces(head).starts_with('[')) {
    const bool is_one = is_whole ? shape.values == 1 : shape.values == 0 && shape.elements >= kValuesOfALine;
    if (shape.elements == 0 || !(is_spread || is_one)) return std::nullopt;
    return ForeignContent{"a JSON array", "jq -c '.[]'", "", "$[*]"};
  }
  if (is_spread) {
    const bool is_one = shape.values == (is_whole ? 1 : 0);
    if (is_one && is_plain_key(shape.rows_key)) {
      return ForeignContent{"one JSON document over many lines", fmt::format("jq -c '.{}[]'", shape.rows_key), "",
                            fmt::format("$.{}[*]", shape.rows_key)};
    }
    return ForeignContent{"JSON with objects spread over many lines", "jq -c .", "", "values"};
  }
  const bool is_joined = shape.joints >= (is_whole ? 1 : kValuesOfALine) && (is_whole || shape.line_ends_between == 0);
  if (!is_joined) return std::nullopt;
  return ForeignContent{"JSON objects without line ends between them", "jq -c .", "", "values"};
}

bool has_object_line(std::string_view head) {
  while (!head.empty()) {
    const std::size_t end = std::min(head.find('\n'), head.size());
    if (JsonShape(head.substr(0, end)).object_lines > 0) return true;
    head.remove_prefix(std::min(end + 1, head.size()));
  }
  return false;
}

// gzip, or JSON that begins with `{"`, "{ ", "{\n", "[{", "[\n".
bool is_base64(std::string_view head) {
  constexpr std::array kBegins = {"H4sI"sv, "eyJ"sv, "eyA"sv, "ewo"sv, "W3s"sv, "Wwo"sv};
  constexpr std::string_view kBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n";
  constexpr std::size_t kBytesMin = 24;
  return head.size() >= kBytesMin && head.find_first_not_of(kBytes) == std::string_view::npos &&
         std::any_of(kBegins.begin(), kBegins.end(), [&](std::string_view begin) { return head.starts_with(begin); });
}

// As base64 of each line by itself is, and base64 that was wrapped is not.
bool has_lines_that_begin_alike(std::string_view head) {
  const std::size_t end = head.find('\n');
  return end != std::string_view::npos && end + 1 < head.size() && head.substr(end + 1, 3) == head.substr(0, 3);
}

std::optional<ForeignContent> by_text(std::string_view head, Compression compression) {
  const std::string_view text = without_spaces(head);
  if (text.starts_with("version https://git-lfs.github.com/spec/")) {
    return ForeignContent{"a Git LFS pointer", "",
                          "Fetch the file with `git lfs pull`, and run the same command again."};
  }
  if (begins_with_word(text, "<!doctype") || begins_with_word(text, "<html")) {
    return ForeignContent{
        "an HTML page, perhaps the error page of a download", "",
        fmt::format("Look at it with `{} {{}}`, and download the file again.", unpacker_of(compression))};
  }
  const bool is_tag =
      text.size() > 1 && text[0] == '<' &&
      (text[1] == '!' || text[1] == '?' || (text[1] >= 'a' && text[1] <= 'z') || (text[1] >= 'A' && text[1] <= 'Z'));
  if (is_tag && text.find('>') != std::string_view::npos) {
    return ForeignContent{
        "XML or HTML, perhaps the error message of a download", "",
        fmt::format("Look at it with `{} {{}}`, and download the file again.", unpacker_of(compression))};
  }
  if (is_base64(text)) {
    if (text.starts_with("H4sI")) return ForeignContent{"gzip in base64", "base64 -d | gzip -dc", ""};
    if (has_lines_that_begin_alike(text)) return ForeignContent{"lines in base64", "jq -Rr @base64d", ""};
    return ForeignContent{"JSON in base64", "base64 -d", ""};
  }
  return std::nullopt;
}

}  // namespace

bool begins_json(std::string_view head) {
  head = without_spaces(head);
  return head.starts_with('{') || head.starts_with('[');
}

std::optional<ForeignContent> foreign_content(std::string_view head, bool is_whole, Compression compression) {
  head = head.substr(0, kContentLookBytes);
  if (auto content = by_magic(head, compression)) return content;
  if (auto content = by_encoding(head)) return content;
  if (begins_json(head)) return by_shape(head, is_whole);
  if (is_tar(head)) {
    return ForeignContent{"a tar archive", "",
                          fmt::format("Unpack it with `tar {} {{}}`, and load the files that were in it.",
                                      compression == Compression::kZstd   ? "--zstd -xf"
                                      : compression == Compression::kGzip ? "-xzf"
                                                                          : "-xf")};
  }
  if (has_object_line(head)) return std::nullopt;
  if (auto content = by_text(head, compression)) return content;
  return by_inflating(head, is_whole);
}

std::string to_sentence(const ForeignContent& content, std::string_view name, std::string_view head,
                        Compression compression) {
  const bool is_unpacked = compression != Compression::kNone;
  const std::string place =
      fmt::format("{}begins with \"{}\"", is_unpacked ? "unpacked, it " : "it ",
                  terminal_text(head.substr(0, std::min(head.size(), kShownBytesMax)), kShownBytesMax));
  std::string advice = content.advice;
  if (!content.filter.empty()) {
    std::string command = content.filter;
    if (is_unpacked) {
      command = fmt::format("{} {{}} | {}", unpacker_of(compression), command);
    } else {
      command.insert(std::min(command.find(" | "), command.size()), " < {}");
    }
    const std::string begin = content.records.empty()
                                  ? "Convert"
                                  : fmt::format("Read it with --records {}, or convert", shell_word(content.records));
    advice = begin + " it with `" + command + " | gzip > lines.json.gz`, and load lines.json.gz.";
  }
  const std::string file = name == "standard input" ? "FILE" : shell_word(name);
  if (const std::size_t at = advice.find("{}"); at != std::string::npos) advice.replace(at, 2, file);
  return fmt::format("{} is {}, not JSON lines in UTF-8: {}. {}", name, content.name, place, advice);
}

}  // namespace chatload::inflate
