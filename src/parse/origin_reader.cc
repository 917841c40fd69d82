#include "parse/origin_reader.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "base/json_text.h"
#include "parse/cell_reader.h"

namespace chatload::parse {
namespace {

using mapping::Column;
using mapping::Origin;

using Fault = std::optional<RejectReason>;

// Of the object that has the outer values.
mapping::Mapping places_of(const RecordForm& records) {
  mapping::Mapping places;
  for (std::size_t place = 0; place < records.outer.size(); ++place) {
    Column column;
    column.paths.push_back({.when = "", .steps = {std::to_string(place)}});
    places.columns.push_back(std::move(column));
  }
  return places;
}

Fault read_number(const Column& column, std::string_view digits, TextArena& made, Cell& cell) {
  JsonValue value;
  value.kind = JsonKind::kInteger;
  value.text = digits;
  return read_cell(column, value, made, cell);
}

// The members of nested objects stand in objects of the same keys.
std::string object_of(std::span<const UnmappedMember> members, const KeyTree& tree) {
  std::string json = "{";
  std::vector<NodeId> open = {kRoot};
  const auto begin_member = [&] {
    if (json.back() != '{') json += ',';
  };
  for (const UnmappedMember& member : members) {
    std::vector<NodeId> wanted;
    for (NodeId node = member.holder; node != kIgnored; node = tree.parent(node)) wanted.insert(wanted.begin(), node);
    const auto [in_open, in_wanted] = std::mismatch(open.begin(), open.end(), wanted.begin(), wanted.end());
    json.append(static_cast<std::size_t>(open.end() - in_open), '}');
    open.erase(in_open, open.end());
    for (auto node = in_wanted; node != wanted.end(); ++node) {
      begin_member();
      append_json_string(json, tree.key(*node));
      json += ":{";
      open.push_back(*node);
    }
    begin_member();
    json += member.text;
  }
  return json.append(open.size(), '}');
}

}  // namespace

OriginReader::OriginReader(const mapping::Mapping& mapping, const KeyTree& tree, const LineWalker& record)
    : mapping_(mapping),
      tree_(tree),
      record_(record),
      held_(mapping.columns.size()),
      outer_tree_(places_of(mapping.records)),
      outer_walker_(outer_tree_) {
  if (has_origin(mapping, Origin::kLine) || has_origin(mapping, Origin::kOffset)) {
    digits_.resize(mapping.columns.size() * kDigitsMax);
  }
  for (std::size_t column = 0; column < mapping.columns.size(); ++column) {
    switch (mapping.columns[column].origin) {
      case Origin::kDocument: outer_.push_back(column); break;
      case Origin::kConstant:
      case Origin::kSource:
      case Origin::kLoad:
      case Origin::kLoadedAt: of_source_.push_back({column, taking_given_texts(mapping.columns[column])}); break;
      default: break;
    }
  }
}

void OriginReader::begin(const ParsedRange& parsed, TextArena& made) {
  static const SourceFacts kUnknown;
  parsed_ = &parsed;
  made_ = &made;
  documents_read_ = 0;
  for (const OfSource& one : of_source_) hold(one, parsed.source != nullptr ? *parsed.source : kUnknown);
}

void OriginReader::hold(const OfSource& of_source, const SourceFacts& facts) {
  const Column& column = of_source.column;
  Held& held = held_[of_source.index];
  held.reason = std::nullopt;
  if (column.origin == Origin::kLoadedAt) {
    held.cell = Cell::time(rounded_down(column.type, facts.loaded_at_microseconds));
  } else if (column.origin == Origin::kLoad) {
    held.reason = read_number(column, made_->store(std::to_string(facts.load)), *made_, held.cell);
  } else {
    const std::string_view text = column.origin == Origin::kSource ? facts.name : column.constant;
    held.reason = read_given_text(column, made_->store(text), *made_, held.cell);
  }
}

Fault OriginReader::read(std::size_t index, const LineSpan& line, TextArena& made, Cell& cell) {
  const Column& column = mapping_.columns[index];
  switch (column.origin) {
    case Origin::kLine:
      return read_number(column, digits_of(index, parsed_->lines_before + line.line_index + 1), made, cell);
    case Origin::kOffset:
      return read_number(column, digits_of(index, parsed_->range.begin.value() + line.begin_bytes), made, cell);
    case Origin::kUnknown: return read_unknown(column, made, cell);
    case Origin::kDocument: read_document(line.line_index); break;
    default: break;
  }
  cell = held_[index].cell;
  return held_[index].reason;
}

std::string_view OriginReader::digits_of(std::size_t column, std::uint64_t number) {
  char* const begin = digits_.data() + column * kDigitsMax;
  const auto written = std::to_chars(begin, begin + kDigitsMax, number);
  return {begin, static_cast<std::size_t>(written.ptr - begin)};
}

// The one that is around the record.
void OriginReader::read_document(std::uint32_t record) {
  const std::vector<split::OuterValues>& outer = parsed_->range.outer;
  const std::size_t before = documents_read_;
  while (documents_read_ < outer.size() && outer[documents_read_].first_record <= record) ++documents_read_;
  if (documents_read_ == before) return;
  const std::vector<bool>& is_misplaced = outer[documents_read_ - 1].is_misplaced;
  const std::string_view json = outer[documents_read_ - 1].json;
  if (document_.capacity() < json.size()) document_ = PaddedBuffer(json.size());
  document_.assign(json);
  const PaddedView view = document_.view();
  const char* const text = view.text().data();
  const char* const backslash = text + std::min(json.find('\\'), json.size());
  const bool is_utf8 = outer_index_.index(view);
  const bool is_read =
      is_utf8 && outer_walker_.walk({text, outer_index_.tokens(), view.text(), backslash}).shape == LineShape::kObject;
  for (std::size_t place = 0; place < outer_.size(); ++place) {
    Held& held = held_[outer_[place]];
    held.reason = is_utf8 ? RejectReason::kInvalidJson : RejectReason::kInvalidUtf8;
    if (!is_read) continue;
    held.reason = RejectReason::kWrongType;
    if (place < is_misplaced.size() && is_misplaced[place]) continue;
    const JsonValue& value = outer_walker_.at(outer_tree_.node(place, ""));
    held.reason = read_outer(mapping_.columns[outer_[place]], value, held.cell);
  }
}

Fault OriginReader::read_outer(const Column& column, const JsonValue& value, Cell& cell) {
  if (value.kind == JsonKind::kNull) return read_null(column, cell);
  if (value.kind == JsonKind::kMissing) {
    return column.is_required ? RejectReason::kMissingField : read_missing(column, *made_, cell);
  }
  const Fault fault = read_cell(column, value, *made_, cell);
  if (!fault && cell.is_borrowed()) cell = cell.moved_to(made_->store(cell.as_text()));
  return fault;
}

Fault OriginReader::read_unknown(const Column& column, TextArena& made, Cell& cell) const {
  const std::span<const UnmappedMember> members = record_.unmapped();
  if (members.empty() && column.type.is_nullable) {
    cell = Cell();
    return std::nullopt;
  }
  JsonValue value;
  value.kind = JsonKind::kObject;
  value.text = made.store(object_of(members, tree_));
  return read_cell(column, value, made, cell);
}

}  // namespace chatload::parse
