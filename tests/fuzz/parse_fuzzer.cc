// Any bytes → the parser: nothing crashes, the counts add up, ranges do not matter, and what is JSON is what simdjson's
// DOM says it is, wherever the DOM follows RFC 8259 (it does not for numbers beyond 64 bits or doubles, for surrogates
// without a partner, and for deep nesting).
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../unit/parse/parse_text.h"
#include "mapping/mapping_file.h"

namespace {

using namespace chatload;
using namespace chatload::parse;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool has_long_number(std::string_view line) {
  std::size_t digits = 0;
  bool in_exponent = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (is_digit(line[i])) {
      if (++digits > (in_exponent ? 2u : 15u)) return true;
      continue;
    }
    if (line[i] == '+' || line[i] == '-') continue;
    in_exponent = (line[i] | 0x20) == 'e';
    digits = 0;
  }
  return false;
}

bool dom_follows_the_rfc(std::string_view line) {
  std::size_t containers = 0;
  for (const char c : line) containers += c == '{' || c == '[' ? 1u : 0u;
  return containers < 1000 && !has_long_number(line) && line.find("\\ud") == std::string_view::npos &&
         line.find("\\uD") == std::string_view::npos;
}

// What a line became, wherever it lay: its bytes, and its row or the reason.
struct Result {
  std::uint64_t begin;
  std::string outcome;
  bool operator==(const Result&) const = default;
};

std::string row_text(std::span<const Cell> row) {
  std::string text = "row";
  for (const Cell& cell : row) {
    text += '\x1f';
    text += cell.is_borrowed() ? std::string(cell.as_text()) : std::to_string(cell.as_microseconds());
  }
  return text;
}

void check_line_with_dom(std::string_view line, const RejectedLine* reject, std::span<const Cell> row) {
  if (!dom_follows_the_rfc(line)) return;
  static simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::error_code error = parser.parse(simdjson::padded_string(line)).get(root);
  const bool is_utf8 = simdjson::validate_utf8(line.data(), line.size());
  const bool is_bad_utf8 = reject != nullptr && reject->reason == RejectReason::kInvalidUtf8;
  const bool is_bad_json = reject != nullptr && reject->reason == RejectReason::kInvalidJson;
  require(is_bad_utf8 == !is_utf8, "UTF-8 is judged otherwise");
  require(is_utf8 && !is_bad_json ? error == simdjson::SUCCESS : error != simdjson::SUCCESS,
          "JSON is judged otherwise");
  if (row.empty()) return;
  require(root["id"].get_string().value_unsafe() == row[0].as_text(), "another id");
  require(root["from"].get_string().value_unsafe() == row[1].as_text(), "another from");
}

// A line that is no JSON text has its fault, no other line has one.
void check_fault(std::string_view line, const RejectedLine& reject) {
  const bool is_bad_utf8 = reject.reason == RejectReason::kInvalidUtf8;
  const bool is_bad_json = reject.reason == RejectReason::kInvalidJson;
  require((reject.fault.kind == LineFaultKind::kNone) == (!is_bad_utf8 && !is_bad_json), "a fault too many or too few");
  require((reject.fault.kind == LineFaultKind::kNotUtf8) == is_bad_utf8, "another kind of fault");
  require(reject.fault.at_bytes <= line.size(), "a fault past the line's end");
  if (!is_bad_utf8 && !is_bad_json) require(find_json_fault(line) == LineFault{}, "a fault in a line that is JSON");
}

// Parses text as one range at `begin` and appends what became of its lines.
void parse_one_range(RangeParser& parser, std::string_view text, std::uint64_t begin, std::uint32_t line_bytes_max,
                     bool ask_dom, std::vector<Result>& results) {
  ParsedRange parsed;
  parsed.range = make_range(text, ByteOffset(begin));
  parser.parse(parsed);
  const ParseCounts& counts = parsed.counts;
  const auto newlines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  require(counts.lines == newlines + (text.empty() || text.ends_with('\n') ? 0 : 1), "wrong number of lines");
  require(counts.lines == counts.valid + counts.filtered + counts.blank + counts.rejected(), "counts do not add up");
  require(counts.valid == parsed.rows.rows() && counts.rejected() == parsed.rejects.size(), "counts of other rows");

  const std::string_view held = parsed.range.bytes.view().text();
  for (std::size_t i = 0; i < parsed.rows.rows(); ++i) {
    const LineSpan span = parsed.rows.lines[i];
    results.push_back({begin + span.begin_bytes, row_text(parsed.rows.row(i))});
    const std::string_view line = held.substr(span.begin_bytes, span.size_bytes);
    if (ask_dom) check_line_with_dom(line, nullptr, parsed.rows.row(i));
    require(find_json_fault(line) == LineFault{}, "a fault in a good line");
  }
  for (const RejectedLine& reject : parsed.rejects) {
    require(reject.line.size_bytes <= line_bytes_max, "a reject longer than a line may be");
    results.push_back({begin + reject.line.begin_bytes, std::string(to_string(reject.reason)) + ' ' +
                                                            std::to_string(reject.field) + ' ' +
                                                            std::to_string(reject.line.size_bytes)});
    if (reject.reason == RejectReason::kLineTooLong) continue;
    const std::string_view line = held.substr(reject.line.begin_bytes, reject.line.size_bytes);
    if (ask_dom) check_line_with_dom(line, &reject, {});
    check_fault(line, reject);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t choice = data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::uint32_t line_bytes_max = choice & 1 ? 40 : kTestLineBytesMax;
  const std::size_t range_bytes = std::size_t{1} << (choice >> 1 & 15);
  static const mapping::Mapping mapping = mapping::chat_mapping();
  const RowFilter filter = choice & 64 ? RowFilter() : filter_of(mapping);
  RangeParser parser(mapping, filter, line_bytes_max);

  std::vector<Result> whole;
  parse_one_range(parser, text, 0, line_bytes_max, true, whole);

  std::vector<Result> in_ranges;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t newline = text.find('\n', begin + range_bytes);
    const std::size_t end = newline == std::string_view::npos ? text.size() : newline + 1;
    parse_one_range(parser, text.substr(begin, end - begin), begin, line_bytes_max, false, in_ranges);
    begin = end;
  }
  const auto by_place = [](const Result& a, const Result& b) { return a.begin < b.begin; };
  std::sort(whole.begin(), whole.end(), by_place);
  std::sort(in_ranges.begin(), in_ranges.end(), by_place);
  require(whole == in_ranges, "ranges matter");
  return 0;
}
