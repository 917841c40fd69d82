// A line is put together from six members, each JSON text of its own: "id":…, "type":…, and so on. A form replaces one
// member, leaves it out, or wraps the whole; the tables below list the forms.
#include "odd_line.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <iterator>

namespace chatload::bench {

namespace {

constexpr std::size_t kMembers = 6;
enum Member : std::size_t { kId, kType, kFrom, kSite, kTimestamp, kData };

using Members = std::array<std::string, kMembers>;

constexpr std::array<std::string_view, kMembers> kKeys = {"id", "type", "from", "site_id", "timestamp", "data"};

struct Replacement {
  Member member;
  std::string_view json;
};

// wrong_type, null_field, missing_field of the inner key, empty_id, bad_timestamp, timestamp_out_of_range, and what is
// no JSON at all.
constexpr Replacement kBadValues[] = {
    {kType, "7"},
    {kType, "[\"message\"]"},
    {kId, "12"},
    {kId, "{}"},
    {kFrom, "true"},
    {kFrom, "[]"},
    {kSite, "1.5"},
    {kSite, "false"},
    {kSite, "3e0"},
    {kData, "\"hello\""},
    {kData, "[]"},
    {kData, "{\"message\":5}"},
    {kData, "{\"message\":{\"message\":\"hello\"}}"},
    {kTimestamp, "true"},
    {kTimestamp, "[1479816000]"},
    {kTimestamp, "{}"},
    {kType, "null"},
    {kId, "null"},
    {kFrom, "null"},
    {kSite, "null"},
    {kData, "null"},
    {kData, "{\"message\":null}"},
    {kTimestamp, "null"},
    {kData, "{}"},
    {kData, "{\"status\":\"online\"}"},
    {kId, "\"\""},
    {kTimestamp, "1479816000.5"},
    {kTimestamp, "1.479816e9"},
    {kTimestamp, "\"yesterday\""},
    {kTimestamp, "\"\""},
    {kTimestamp, "\" 1479816000\""},
    {kTimestamp, "\"+1479816000\""},
    {kTimestamp, "\"1479816000.0\""},
    {kTimestamp, "\"2016-11-22 12:00:00\""},
    {kTimestamp, "0"},
    {kTimestamp, "-1"},
    {kTimestamp, "2147483648"},
    {kTimestamp, "\"0\""},
    {kTimestamp, "\"2147483648\""},
    {kTimestamp, "1479816000000"},
    {kTimestamp, "123456789012345678901234567890"},
    {kTimestamp, "\"-99999999999999999999\""},
    {kTimestamp, "01479816000"},
    {kTimestamp, "NaN"},
    {kTimestamp, "-Infinity"},
    {kTimestamp, "+1479816000"},
    {kFrom, "'visitor1'"},
    {kFrom, "\"a\tb\""},
    {kFrom, "\"\\x41\""},
    {kFrom, "\"\\u12g4\""},
    {kData, "{\"message\":\"\\ud83d\"}"},
    {kData, "{\"message\":\"\\ude00\\ud83d\"}"},
    {kData, "{\"message\":\"hello\",}"},
    {kData, "{\"message\":\"hello\""},
    {kData, "{\"message\":\"\xff\"}"},
    {kData, "{\"message\":\"caf\xc3\"}"},
    {kData, "{\"message\":\"\xc0\x80\"}"},
    {kData, "{\"message\":\"\xed\xa0\x80\"}"},
    {kData, "{\"message\":\"\xf4\x90\x80\x80\"}"},
    {kData, "{\"message\":\"\xf0\x9f\x98\"}"},
    {kFrom, "\"\x80\""},
};

// Loaded as they are: limits, U+0000, integers and decimal strings, keys that the row does not need.
constexpr Replacement kGoodValues[] = {
    {kTimestamp, "1"},
    {kTimestamp, "2147483647"},
    {kTimestamp, "\"1\""},
    {kTimestamp, "\"0000000000000000000000001479816000\""},
    {kSite, "0"},
    {kSite, "-0"},
    {kSite, "-17"},
    {kSite, "123456789012345678901234567890"},
    {kSite, "\"\""},
    {kSite, "\"01\""},
    {kFrom, "\"\""},
    {kFrom, "\"O'Brien; DROP TABLE chat_messages; -- \\\\\""},
    {kFrom, "\"tab\\tnul\\u0000end\""},
    {kFrom, "\"trailing \""},
    {kData, "{\"message\":\"\"}"},
    {kData, "{\"message\":\"\\u0000\"}"},
    {kData, "{\"message\":\"\\\\N\"}"},
    {kData, "{\"message\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u001a\"}"},
    {kData, "{\"message\":\"\xf4\x8f\xbf\xbf \xef\xbf\xbf \xef\xbb\xbf\"}"},
    {kData, "{\"message\":\"first\",\"message\":\"second\"}"},
    {kData, "{\"seen\":1e999999,\"message\":\"huge exponent ignored\"}"},
    {kData, "{\"seen\":-98765432109876543210987654321.5e-7,\"message\":\"long number ignored\"}"},
    {kData, "{\"status\":7,\"message\":\"other key of any type\"}"},
    {kData, "{ \"mess\\u0061ge\" : \"escaped key\" }"},
    {kData, "{\"tags\":[[[[[[[[[[]]]]]]]]]],\"message\":\"nested\"}"},
    {kData, "{\"message\":\"\x7f\"}"},
};

constexpr std::string_view kNotObjects[] = {"[]",   "\"text\"",         "1479816000", "null",
                                            "true", "[{\"id\":\"a\"}]", "-1.5e3"};
constexpr std::string_view kTails[] = {"}", " x", "{}", ",", "\xef\xbb\xbf", "null"};

Members sound_members(const SoundLine& line) {
  return {fmt::format("\"{}\"", line.id),
          "\"message\"",
          fmt::format("\"visitor{}\"", line.person),
          fmt::format("\"{}\"", line.site),
          fmt::format("{}", line.timestamp_seconds),
          "{\"message\":\"hello there\"}"};
}

std::string object_of(const Members& members, std::size_t left_out = kMembers) {
  std::string object = "{";
  for (std::size_t i = 0; i < kMembers; ++i) {
    if (i == left_out) continue;
    if (object.size() > 1) object += ',';
    object += fmt::format("\"{}\":{}", kKeys[i], members[i]);
  }
  return object + "}";
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

// Characters count, not bytes: half of these are of three bytes a character.
std::string text_of_length(std::size_t characters, bool is_ascii) {
  return '"' + repeated(is_ascii ? "x" : "語", characters) + '"';
}

void make_too_long(Members& members, SplitMix64& random) {
  const bool is_ascii = random.once_in(2);
  switch (random.below(5)) {
    case 0: members[kId] = text_of_length(256, is_ascii); break;
    case 1: members[kFrom] = text_of_length(256, is_ascii); break;
    case 2: members[kSite] = text_of_length(51, is_ascii); break;
    case 3: members[kSite] = repeated("7", 51); break;
    default: members[kData] = "{\"message\":" + text_of_length(256, is_ascii) + "}";
  }
}

void make_just_fit(Members& members, SplitMix64& random) {
  const bool is_ascii = random.once_in(2);
  switch (random.below(4)) {
    case 0: members[kFrom] = text_of_length(255, is_ascii); break;
    case 1: members[kSite] = text_of_length(50, is_ascii); break;
    case 2: members[kSite] = repeated("7", 50); break;
    default: members[kData] = "{\"message\":" + text_of_length(255, is_ascii) + "}";
  }
}

}  // namespace

void append_malformed(const SoundLine& line, SplitMix64& random, std::string& out) {
  Members members = sound_members(line);
  switch (random.below(10)) {
    case 0: out += kNotObjects[random.below(std::size(kNotObjects))]; return;
    case 1: out += object_of(members, random.below(kMembers)); return;
    case 2:
      make_too_long(members, random);
      out += object_of(members);
      return;
    case 3: {
      const std::string whole = object_of(members);
      out += whole.substr(0, 1 + random.below(whole.size() - 1));
      return;
    }
    case 4:
      out += object_of(members);
      out += kTails[random.below(std::size(kTails))];
      return;
    case 5:
      if (random.once_in(20)) {  // 1,025 levels with the root and "data"
        members[kData] =
            fmt::format("{{\"message\":\"deep\",\"deep\":{}{}}}", repeated("[", 1023), repeated("]", 1023));
        out += object_of(members);
        return;
      }
      [[fallthrough]];
    default: {
      const Replacement& bad = kBadValues[random.below(std::size(kBadValues))];
      members[bad.member] = bad.json;
      out += object_of(members);
    }
  }
}

void append_odd(const SoundLine& line, SplitMix64& random, std::string& out) {
  Members members = sound_members(line);
  switch (random.below(8)) {
    case 0:
      make_just_fit(members, random);
      out += object_of(members);
      return;
    case 1:  // a repeated key takes its first value, whatever comes later
      out += object_of(members);
      out.pop_back();
      out += ",\"timestamp\":\"never\",\"id\":null,\"type\":\"typing\",\"data\":[]}";
      return;
    case 2: {  // 1,024 levels
      members[kData] = fmt::format("{{\"message\":\"deep\",\"deep\":{}{}}}", repeated("[", 1022), repeated("]", 1022));
      out += object_of(members);
      return;
    }
    case 3:
      out += fmt::format(
          " {{ \"data\" : {} ,\t\"timestamp\":{}, \"site_id\":{},\r\"from\":{} , \"type\":{}, \"id\":{} }} \r",
          members[kData], members[kTimestamp], members[kSite], members[kFrom], members[kType], members[kId]);
      return;
    case 4: out += object_of(members) + '\r'; return;
    default: {
      const Replacement& good = kGoodValues[random.below(std::size(kGoodValues))];
      members[good.member] = good.json;
      out += object_of(members);
    }
  }
}

void append_blank(SplitMix64& random, std::string& out) {
  constexpr std::string_view kBlanks[] = {"", " ", "\t  ", "\r", " \r"};
  out += kBlanks[random.below(std::size(kBlanks))];
}

}  // namespace chatload::bench
