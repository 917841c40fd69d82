// Over 400 lines: the walk over a block's tokens, whose steps share the parser's state.
//
// A range's lines are indexed block by block: one run of simdjson's first stage over as many whole lines as fit
// kBlockBytes, then a walk over each line's tokens that checks the grammar and remembers what the mapped keys hold.
// Where a block cannot be indexed, because some line is not UTF-8 or has a broken string, its lines are indexed one by
// one, so that the fault stays with its line: what a line becomes depends on no other.
//
// Chosen by measurement against simdjson's own ways, one document a line. GB/s on one core (AVX-512, the other core
// busy; median of five), where ours makes rows by the whole contract, while the rivals only find and keep six texts:
//
//                                       ours   DOM   On-Demand
//   180 bytes a line, nothing ignored    1.6   1.5      0.7
//   220 bytes a line, two keys ignored   1.7   1.6      0.7
//   ... and an escape in every line      1.4   1.5      0.7
//   ... and every hundredth line broken  1.6   1.6      0.7
//
// On-Demand is fast where it skips, and the contract lets it skip nothing. The DOM would need a second look at long
// numbers, and a guard for surrogates. kBlockBytes: from 8 to 64 KiB good lines are parsed equally fast, and the
// smaller the block, the fewer of them are held up by a bad one.
//
//   chatload_bench --benchmark_filter=Parse
#include "parse/range_parser.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_scalar.h"
#include "base/line_lead.h"
#include "parse/cell_reader.h"
#include "parse/key_encoder.h"
#include "parse/key_tree.h"
#include "parse/line_fault.h"
#include "parse/line_walker.h"
#include "parse/lookup_reader.h"
#include "parse/origin_reader.h"
#include "parse/token_index.h"

namespace chatload::parse {
namespace {

constexpr std::size_t kBlockBytes = 8 * kKiB;
constexpr std::size_t kBlockLinesMax = 1024;

// Whether a line that begins with c may have a lead (base/line_lead.h).
bool may_be_lead(char c) { return c == '\0' || c == kByteOrderMark[0]; }

}  // namespace

class RangeParser::Impl {
 public:
  Impl(const mapping::Mapping& mapping, const RowFilter& filter, std::uint32_t line_bytes_max, bool lists_filtered)
      : mapping_(mapping),
        sieve_(mapping, filter),
        record_bytes_min_(record_bytes_min(mapping)),
        may_have_short_records_(bytes_a_record(mapping) > 0),
        line_bytes_max_(line_bytes_max),
        lists_filtered_(lists_filtered),
        tree_(mapping_),
        walker_(tree_, mapping_.rejects_unknown || has_origin(mapping_, mapping::Origin::kUnknown)),
        origins_(mapping_, tree_, walker_),
        lookups_(mapping_),
        layout_(layout_of(mapping_)),
        row_(layout_.cells()) {
    assert(layout_.columns < kNoField);
    for (std::size_t column = 0; column < layout_.columns; ++column) plain_texts_.push_back(plain_text(column));
    if (layout_.has_own_key_cell()) key_.emplace(mapping_);
    block_.reserve(kBlockLinesMax);
  }

  void parse(ParsedRange& parsed);
  void parse_first_rejects(ParsedRange& parsed);
  void parse_more_rejects(ParsedRange& parsed);

 private:
  struct Verdict {
    enum Kind : std::uint8_t { kValid, kFiltered, kRejected } kind;
    RejectReason reason = RejectReason::kInvalidJson;
    std::size_t field = kNoField;
  };

  // What most values are: a string that is a text as it is, where its length says that it fits; where that says
  // nothing, or the column takes no such texts, read_cell() does. It stands beside the others', unlike what a column
  // has.
  struct PlainText {
    NodeId node = kIgnored;  // of all records; kIgnored where it depends on their kind
    std::uint32_t bytes_min = 1;
    std::uint32_t bytes_max = 0;
  };

  PlainText plain_text(std::size_t column) const;
  void parse_rejects(ParsedRange& parsed, std::size_t begin, std::uint32_t line_index);
  void parse_records(std::uint32_t index);
  void parse_lines(std::size_t begin, std::uint32_t line_index);
  void parse_block();
  void parse_line(const LineSpan& line, PaddedView block, const std::uint32_t*& token);
  void parse_line_alone(const LineSpan& line);
  Verdict read_row(const LineSpan& line);
  std::optional<Verdict> read_kind(const LineSpan& line, std::string_view& kind);
  std::optional<RejectReason> read_column(std::size_t column, const LineSpan& line, std::string_view kind);
  std::optional<RejectReason> read_absent(const mapping::Column& column, NodeId node, Cell& cell);
  RejectReason missing_reason(NodeId node) const;
  void append_row(const LineSpan& line);
  void filter_out(const LineSpan& line);
  void reject(const LineSpan& line, RejectReason reason, std::size_t field = kNoField);
  LineFault fault_of(const LineSpan& line, RejectReason reason) const;
  // Where text stands that a row needs and its line does not have.
  TextArena& made() { return only_rejects_ ? scratch_ : parsed_->rows.unescaped; }
  std::size_t held_at(const LineSpan& line) const { return parsed_->range.held_at(line.begin_bytes); }
  PaddedView part(const LineSpan& line) const { return bytes_.part(held_at(line), line.size_bytes); }

  const mapping::Mapping mapping_;
  const RowSieve sieve_;
  const std::size_t record_bytes_min_;
  const bool may_have_short_records_;
  const std::uint32_t line_bytes_max_;
  const bool lists_filtered_;
  const KeyTree tree_;
  TokenIndex index_;
  LineWalker walker_;
  OriginReader origins_;
  LookupReader lookups_;

  ParsedRange* parsed_ = nullptr;  // while parse() runs, and the rest too
  bool only_rejects_ = false;      // rows are not kept, and parsing ends when the rejects are full
  PaddedView bytes_;
  std::vector<LineSpan> block_;           // consecutive lines, none too long, not parsed yet
  const char* next_backslash_ = nullptr;  // none lies in the block between the line being parsed and this
  std::vector<PlainText> plain_texts_;    // by column
  const RowLayout layout_;
  std::vector<Cell> row_;
  std::optional<KeyEncoder> key_;  // where the key has a cell of its own
  TextArena scratch_;              // what is made of a record's values while only rejects are asked for
  TextArena range_scratch_;        // and of what holds for some records
};

void RangeParser::Impl::parse(ParsedRange& parsed) {
  parsed_ = &parsed;
  only_rejects_ = false;
  parsed.rows.clear();
  parsed.rows.layout = layout_;
  parsed.filtered.clear();
  parsed.rejects.clear();
  parsed.has_more_rejects = false;
  parsed.has_earlier_rejects = false;
  parsed.counts = {};
  bytes_ = parsed.range.bytes.view();
  origins_.begin(parsed, parsed.rows.unescaped);
  // Room for the densest rows: what is not used is never touched, and nothing is copied while rows are added.
  std::size_t rows_max = bytes_.size() / record_bytes_min_ + 1;
  if (may_have_short_records_ || parsed.range.records) {
    rows_max = std::min<std::size_t>(rows_max, parsed.range.count_lines());
  }
  parsed.rows.cells.reserve(rows_max * layout_.cells());
  parsed.rows.lines.reserve(rows_max);

  parsed.range.records ? parse_records(0) : parse_lines(0, 0);
}

void RangeParser::Impl::parse_first_rejects(ParsedRange& parsed) { parse_rejects(parsed, 0, 0); }

void RangeParser::Impl::parse_more_rejects(ParsedRange& parsed) {
  const LineSpan last = parsed.rejects.back().line;
  if (parsed.range.records) return parse_rejects(parsed, 0, last.line_index + 1);
  const std::string_view text = parsed.range.bytes.view().text();
  // There are more, so the last one ends in a newline.
  const std::size_t end = parsed.range.held_at(last.begin_bytes) + last.size_bytes;
  parse_rejects(parsed, text.find('\n', end) + 1, last.line_index + 1);
}

void RangeParser::Impl::parse_rejects(ParsedRange& parsed, std::size_t begin, std::uint32_t line_index) {
  parsed_ = &parsed;
  only_rejects_ = true;
  bytes_ = parsed.range.bytes.view();
  range_scratch_.clear();
  origins_.begin(parsed, range_scratch_);
  const ParseCounts counts = parsed.counts;
  parsed.rejects.clear();
  parsed.has_more_rejects = false;
  parsed.has_earlier_rejects = line_index > 0;
  parsed.range.records ? parse_records(line_index) : parse_lines(begin, line_index);
  parsed.counts = counts;
}

// Objects and arrays with nothing but commas and white space between them share a block: each ends outside of a string,
// so that none touches another's tokens. Any other record is parsed alone.
void RangeParser::Impl::parse_records(std::uint32_t index) {
  const std::vector<split::RecordSpan>& records = *parsed_->range.records;
  const std::string_view text = bytes_.text();
  const auto is_plain = [](char c) { return c == ',' || is_json_space(c); };
  block_.clear();  // a parse that threw may have left some
  for (; index < records.size() && !(only_rejects_ && parsed_->has_more_rejects); ++index) {
    const split::RecordSpan& record = records[index];
    const bool is_container = text[record.begin] == '{' || text[record.begin] == '[';
    if (!block_.empty()) {
      const std::size_t end = block_.back().begin_bytes + block_.back().size_bytes;
      const std::string_view between = text.substr(end, record.begin - end);
      const bool is_full = block_.size() == kBlockLinesMax ||
                           record.begin + record.size_bytes - block_.front().begin_bytes > kBlockBytes;
      if (is_full || !is_container || !std::all_of(between.begin(), between.end(), is_plain)) parse_block();
    }
    block_.push_back({index, record.size_bytes, record.begin});
    ++parsed_->counts.lines;
    if (!is_container) parse_block();
  }
  parse_block();
}

void RangeParser::Impl::parse_lines(std::size_t begin, std::uint32_t line_index) {
  const std::string_view text = bytes_.text();
  block_.clear();  // a parse that threw may have left some
  std::size_t block_begin = begin;
  for (; begin < text.size() && !(only_rejects_ && parsed_->has_more_rejects); ++line_index) {
    const void* const newline = std::memchr(text.data() + begin, '\n', text.size() - begin);
    const bool has_newline = newline != nullptr;
    std::size_t end =
        has_newline ? static_cast<std::size_t>(static_cast<const char*>(newline) - text.data()) : text.size();
    const std::size_t next_begin = end + (has_newline ? 1 : 0);
    if (has_newline && end > begin && text[end - 1] == '\r') --end;
    const bool has_lead = end > begin && may_be_lead(text[begin]);
    if (has_lead) begin += line_lead_bytes(text.substr(begin, end - begin));
    const bool is_cut = next_begin == text.size() && parsed_->range.drained_bytes > 0;
    const bool is_too_long = is_cut || end - begin > line_bytes_max_;

    // A block holds nothing but lines: a lead in it would be read as tokens.
    if (is_too_long || has_lead || block_.size() == kBlockLinesMax || next_begin - block_begin > kBlockBytes) {
      parse_block();
      block_begin = begin;
    }
    const auto size_bytes = static_cast<std::uint32_t>(std::min<std::size_t>(end - begin, line_bytes_max_));
    const LineSpan line{line_index, size_bytes, parsed_->range.begin_of(begin)};
    ++parsed_->counts.lines;
    if (is_too_long) {
      reject(line, RejectReason::kLineTooLong);
      block_begin = next_begin;
    } else {
      block_.push_back(line);
    }
    begin = next_begin;
  }
  parse_block();
}

void RangeParser::Impl::parse_block() {
  if (block_.empty()) return;
  const std::size_t begin = held_at(block_.front());
  const std::size_t end = held_at(block_.back()) + block_.back().size_bytes;
  const PaddedView block = bytes_.part(begin, end - begin);
  if (index_.index(block)) {
    const std::uint32_t* token = index_.tokens();
    next_backslash_ = block.text().data();
    for (const LineSpan& line : block_) parse_line(line, block, token);
  } else {
    for (const LineSpan& line : block_) parse_line_alone(line);
  }
  block_.clear();
}

void RangeParser::Impl::parse_line_alone(const LineSpan& line) {
  const PaddedView block = part(line);
  if (is_blank(block.text())) {
    ++parsed_->counts.blank;
  } else if (index_.index(block)) {
    const std::uint32_t* token = index_.tokens();
    next_backslash_ = block.text().data();
    parse_line(line, block, token);
  } else {
    reject(line, is_utf8(block.text()) ? RejectReason::kInvalidJson : RejectReason::kInvalidUtf8);
  }
}

// Leaves `token` at or before the first token of the next line.
void RangeParser::Impl::parse_line(const LineSpan& line, PaddedView block, const std::uint32_t*& token) {
  const std::string_view text = part(line).text();
  if (is_blank(text)) {
    ++parsed_->counts.blank;
    return;
  }
  const char* const block_end = block.text().data() + block.size();
  while (block.text().data() + *token < text.data()) ++token;
  if (next_backslash_ <= text.data()) {
    const auto* found = std::memchr(text.data(), '\\', static_cast<std::size_t>(block_end - text.data()));
    next_backslash_ = found != nullptr ? static_cast<const char*>(found) : block_end;
  }
  const WalkedLine walked = walker_.walk({block.text().data(), token, text, next_backslash_});
  token = walked.next_token;
  if (walked.shape == LineShape::kInvalid) return reject(line, RejectReason::kInvalidJson);
  if (walked.shape == LineShape::kOtherJson) return reject(line, RejectReason::kNotAnObject);

  const Verdict verdict = read_row(line);
  switch (verdict.kind) {
    case Verdict::kValid: return append_row(line);
    case Verdict::kFiltered: return filter_out(line);
    case Verdict::kRejected: return reject(line, verdict.reason, verdict.field);
  }
}

RangeParser::Impl::PlainText RangeParser::Impl::plain_text(std::size_t index) const {
  const mapping::Column& column = mapping_.columns[index];
  const bool has_one_path = column.paths.size() == 1 && column.paths.front().when.empty();
  PlainText plain{.node = has_one_path ? tree_.node(index, "") : kIgnored};
  if (!column.type.is_text() || column.type.is_fixed || column.lookup || (column.accepts & mapping::kStrings) == 0 ||
      !column.null_if.empty())
    return plain;
  plain.bytes_min = column.may_be_empty ? 0 : 1;
  const std::uint64_t most = std::min(column.type.characters_max, column.type.bytes_max);
  plain.bytes_max = static_cast<std::uint32_t>(std::min<std::uint64_t>(most, UINT32_MAX));
  return plain;
}

RangeParser::Impl::Verdict RangeParser::Impl::read_row(const LineSpan& line) {
  scratch_.clear();
  lookups_.begin();
  std::string_view kind;
  if (mapping_.kind) {
    if (const std::optional<Verdict> verdict = read_kind(line, kind)) return *verdict;
  }
  for (std::size_t column = 0; column < layout_.columns; ++column) {
    if (column == mapping_.kind) continue;
    if (const auto reason = read_column(column, line, kind)) return {Verdict::kRejected, *reason, column};
  }
  if (mapping_.rejects_unknown && !walker_.unmapped().empty()) {
    return {Verdict::kRejected, RejectReason::kUnknownField};
  }
  return {!lookups_.is_filtered() && sieve_.passes_rest(row_) ? Verdict::kValid : Verdict::kFiltered};
}

// A record is filtered by its kind whatever else is wrong with it, and so is one whose kind the column cannot hold.
std::optional<RangeParser::Impl::Verdict> RangeParser::Impl::read_kind(const LineSpan& line, std::string_view& kind) {
  const std::size_t column = *mapping_.kind;
  const auto reason = read_column(column, line, "");
  const bool is_known = !reason || *reason == RejectReason::kTooLong || *reason == RejectReason::kEmptyId;
  if (!is_known) return Verdict{Verdict::kRejected, *reason, column};
  if (row_[column].is_borrowed()) kind = row_[column].as_text();
  if (lookups_.is_filtered() || !sieve_.passes_kind(row_)) return Verdict{Verdict::kFiltered};
  if (reason) return Verdict{Verdict::kRejected, *reason, column};
  return std::nullopt;
}

std::optional<RejectReason> RangeParser::Impl::read_column(std::size_t index, const LineSpan& line,
                                                           std::string_view kind) {
  const PlainText& plain = plain_texts_[index];
  const NodeId node = plain.node != kIgnored ? plain.node : tree_.node(index, kind);
  const JsonValue& value = walker_.at(node);
  if (value.kind == JsonKind::kString && value.text.size() >= plain.bytes_min && value.text.size() <= plain.bytes_max) {
    row_[index] = Cell::text(value.text);
    return std::nullopt;
  }
  const mapping::Column& column = mapping_.columns[index];
  if (column.origin != mapping::Origin::kRecord) return origins_.read(index, line, made(), row_[index]);
  if (value.kind == JsonKind::kMissing) return read_absent(column, node, row_[index]);
  if (value.kind == JsonKind::kNull) return read_null(column, row_[index]);
  if (column.lookup) return lookups_.read(index, value, made(), row_[index]);
  return read_cell(column, value, made(), row_[index]);
}

std::optional<RejectReason> RangeParser::Impl::read_absent(const mapping::Column& column, NodeId node, Cell& cell) {
  // Where no path is for the record's kind, nothing is missing.
  const bool is_of_no_path = node == kIgnored;
  const RejectReason reason = is_of_no_path ? RejectReason::kMissingField : missing_reason(node);
  if (reason == RejectReason::kNullField) return read_null(column, cell);
  if (reason != RejectReason::kMissingField) return reason;
  if (column.is_required && !is_of_no_path) return reason;
  return read_missing(column, made(), cell);
}

// A value is missing too where what should hold it is neither object nor array; then that is what is wrong.
RejectReason RangeParser::Impl::missing_reason(NodeId node) const {
  NodeId parent = tree_.parent(node);
  while (walker_.at(parent).kind == JsonKind::kMissing) {
    node = parent;
    parent = tree_.parent(node);
  }
  const JsonKind kind = walker_.at(parent).kind;
  if (kind == JsonKind::kNull) return RejectReason::kNullField;
  const JsonKind holder = tree_.is_element(node) ? JsonKind::kArray : JsonKind::kObject;
  return kind == holder ? RejectReason::kMissingField : RejectReason::kWrongType;
}

void RangeParser::Impl::append_row(const LineSpan& line) {
  if (only_rejects_) return;
  RowBatch& rows = parsed_->rows;
  for (Cell& cell : std::span(row_).first(layout_.columns)) {
    if (!cell.is_borrowed()) continue;
    const std::string_view text = cell.as_text();
    if (walker_.owns(text) || origins_.owns(text)) cell = cell.moved_to(rows.unescaped.store(text));
  }
  if (key_) row_.back() = key_->encode(row_, rows.unescaped);
  rows.cells.insert(rows.cells.end(), row_.begin(), row_.end());
  rows.lines.push_back(line);
  ++parsed_->counts.valid;
}

void RangeParser::Impl::filter_out(const LineSpan& line) {
  ++parsed_->counts.filtered;
  if (lists_filtered_ && !only_rejects_) parsed_->filtered.push_back(line);
}

void RangeParser::Impl::reject(const LineSpan& line, RejectReason reason, std::size_t field) {
  if (parsed_->rejects.size() < parsed_->rejects_max) {
    parsed_->rejects.push_back({line, fault_of(line, reason), reason, static_cast<std::uint8_t>(field)});
  } else {
    parsed_->has_more_rejects = true;
  }
  ++parsed_->counts.rejected_by_reason[static_cast<std::size_t>(reason)];
}

// The second look at a line that is bad: here, where it runs in parallel, and for the rejects that are kept.
LineFault RangeParser::Impl::fault_of(const LineSpan& line, RejectReason reason) const {
  if (reason == RejectReason::kInvalidJson) return find_json_fault(part(line).text());
  if (reason == RejectReason::kInvalidUtf8) return find_utf8_fault(part(line).text());
  if (reason == RejectReason::kUnknownField) {
    const std::ptrdiff_t at_bytes = walker_.unmapped().front().text.data() - part(line).text().data();
    return {LineFaultKind::kUnknownField, static_cast<std::uint32_t>(at_bytes)};
  }
  return {};
}

RangeParser::RangeParser(const mapping::Mapping& mapping, const RowFilter& filter, std::uint32_t line_bytes_max,
                         bool lists_filtered)
    : impl_(std::make_unique<Impl>(mapping, filter, line_bytes_max, lists_filtered)) {}
RangeParser::RangeParser(RangeParser&&) noexcept = default;
RangeParser& RangeParser::operator=(RangeParser&&) noexcept = default;
RangeParser::~RangeParser() = default;

std::size_t RangeParser::memory_bytes_max(std::uint32_t line_bytes_max) {
  const std::size_t block_bytes_max = std::max<std::size_t>(kBlockBytes, line_bytes_max);
  return TokenIndex::memory_bytes(block_bytes_max) + LineWalker::memory_bytes(line_bytes_max) +
         kBlockLinesMax * sizeof(LineSpan);
}

void RangeParser::parse(ParsedRange& parsed) { impl_->parse(parsed); }
void RangeParser::parse_first_rejects(ParsedRange& parsed) { impl_->parse_first_rejects(parsed); }
void RangeParser::parse_more_rejects(ParsedRange& parsed) { impl_->parse_more_rejects(parsed); }

void count_lines(ParsedRange& parsed) {
  parsed.rows.clear();
  parsed.rejects.clear();
  parsed.has_more_rejects = false;
  parsed.has_earlier_rejects = false;
  parsed.counts = {};
  parsed.counts.lines = parsed.range.count_lines();
}

}  // namespace chatload::parse
