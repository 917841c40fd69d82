// Text → a parsed range, for the tests and the fuzzer of the parser.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "mapping/mapping_file.h"
#include "parse/range_parser.h"
#include "parse/row_filter.h"

namespace chatload::parse {

inline constexpr std::uint32_t kTestLineBytesMax = 1 << 20;

inline split::Range make_range(std::string_view text, ByteOffset begin = ByteOffset(0),
                               std::uint64_t drained_bytes = 0) {
  split::Range range;
  range.begin = begin;
  range.drained_bytes = drained_bytes;
  range.bytes = PaddedBuffer(text.size());
  if (!text.empty()) std::memcpy(range.bytes.free_space().data(), text.data(), text.size());
  // What stands behind the text must not matter: brackets that would close it are the worst that could.
  std::memset(range.bytes.free_space().data() + text.size(), '}', kPaddingBytes);
  range.bytes.advance(text.size());
  return range;
}

inline ParsedRange parse_text(std::string_view text, const mapping::Mapping& mapping = mapping::chat_mapping(),
                              const RowFilter& filter = filter_of(mapping::chat_mapping()),
                              std::uint32_t line_bytes_max = kTestLineBytesMax) {
  ParsedRange parsed;
  parsed.range = make_range(text);
  RangeParser(mapping, filter, line_bytes_max).parse(parsed);
  return parsed;
}

// One line's outcome as a word: "valid", "filtered", "blank", or the reason with the field's column: "null_field from".
inline std::string outcome_of(std::string_view line, const mapping::Mapping& mapping = mapping::chat_mapping(),
                              const RowFilter& filter = filter_of(mapping::chat_mapping()),
                              std::uint32_t line_bytes_max = kTestLineBytesMax) {
  const ParsedRange parsed = parse_text(line, mapping, filter, line_bytes_max);
  if (parsed.counts.lines != 1) return std::to_string(parsed.counts.lines) + " lines";
  if (parsed.counts.valid == 1) return "valid";
  if (parsed.counts.filtered == 1) return "filtered";
  if (parsed.counts.blank == 1) return "blank";
  const RejectedLine& reject = parsed.rejects.at(0);
  std::string outcome(to_string(reject.reason));
  if (reject.field != kNoField) outcome += ' ' + mapping.columns[reject.field].name;
  return outcome;
}

// A valid line whose members are given or, where empty, the usual ones; `extra` stands in front of the closing brace.
struct LineParts {
  std::string id = R"("id":"a1")";
  std::string type = R"("type":"message")";
  std::string from = R"("from":"visitor12")";
  std::string site_id = R"("site_id":"3")";
  std::string timestamp = R"("timestamp":1479816000)";
  std::string data = R"("data":{"message":"hello"})";
  std::string extra = "";

  [[nodiscard]] std::string text() const {
    std::string line = "{";
    for (const std::string& member : {id, type, from, site_id, timestamp, data, extra}) {
      if (member.empty()) continue;
      if (line.size() > 1) line += ',';
      line += member;
    }
    return line + '}';
  }
};

inline std::string line_with_ignored(std::string_view value) {
  return LineParts{.extra = "\"ignored\":" + std::string(value)}.text();
}

}  // namespace chatload::parse
