#include "split/record_splitter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/byte_order_mark.h"
#include "base/errors.h"
#include "base/json_scalar.h"
#include "base/quantity.h"

namespace chatload::split {
namespace {

constexpr std::size_t kRecordStepBytes = 16 * kKiB;
constexpr std::string_view kTooLong = "a record is longer than --max-line, which can be raised";

// What begins a byte order mark, too.
bool ends_word(char c) {
  return is_json_space(c) || std::string_view(",]}{[\":\x1e\xef").find(c) != std::string_view::npos;
}

}  // namespace

RecordSplitter::RecordSplitter(inflate::DecodedStream& stream, SplitLimits limits, const RecordForm& form,
                               std::string name)
    : stream_(stream),
      limits_(limits),
      is_array_(form.kind == RecordForm::Kind::kElements),
      has_outer_(!form.outer.empty()),
      records_max_(limits.bytes_a_record == 0 ? kRecordsMax : std::min(kRecordsMax, limits.records_max())),
      name_(std::move(name)),
      envelope_(form),
      place_(is_array_ ? Place::kEnvelope : Place::kBetween) {
  assert(!form.is_lines());
}

std::optional<Range> RecordSplitter::next(PaddedBuffer buffer) {
  assert(buffer.capacity() >= limits_.buffer_bytes());
  buffer.truncate(0);
  Range range{.number = begin_.number, .begin = begin_.offset, .bytes = std::move(buffer), .records = {}};
  range.records.emplace();
  PaddedBuffer& bytes = range.bytes;
  const std::size_t capacity = limits_.buffer_bytes();
  bytes.assign(carry_);
  carry_.clear();
  at_ = 0;
  is_outer_new_ = has_outer_;
  for (;;) {
    scan(range, bytes.size());
    if (is_full(range)) break;
    if (at_ == capacity) {
      if (is_in_record()) put_record_back();
      break;
    }
    const std::size_t wanted = bytes.size() < limits_.range_bytes
                                   ? std::min(kReadBytesMax, limits_.range_bytes - bytes.size())
                                   : std::min(kRecordStepBytes, capacity - bytes.size());
    const std::size_t read_bytes = ended_ ? 0 : stream_.read(bytes.free_space().first(wanted));
    bytes.advance(read_bytes);
    if (read_bytes > 0) continue;
    ended_ = true;
    if (!stream_.stopped()) end(range);
    if (bytes.size() == 0) return std::nullopt;
    break;
  }
  carry_.assign(bytes.view().text().substr(at_));
  bytes.truncate(at_);
  begin_.number += 1;
  begin_.offset += at_;
  return range;
}

bool RecordSplitter::is_full(const Range& range) const {
  if (range.records->empty() || is_in_record()) return false;
  return at_ >= limits_.range_bytes || range.records->size() == records_max_;
}

// The record at hand is the next range's, which has room for it.
void RecordSplitter::put_record_back() {
  if (record_begin_ == 0) fail(0, kTooLong);
  at_ = record_begin_;
  place_ = place_before_;
  scanner_ = {};
}

// From at_ on, until the range is full or all is scanned.
void RecordSplitter::scan(Range& range, std::size_t size) {
  const std::string_view text = range.bytes.view().text().substr(0, size);
  while (at_ < size && !is_full(range)) {
    if (is_in_record()) {
      scan_record(range, text);
    } else if (place_ == Place::kEnvelope) {
      const std::size_t end = range.records->empty() ? size : std::min(size, limits_.range_bytes);
      const Envelope::Step step = envelope_.read(text.substr(at_, end - at_));
      at_ += step.bytes;
      if (!step.fault.empty()) fail(at_, step.fault);
      if (step.is_at_array) begin_array();
    } else if (take_between(text[at_])) {
      ++at_;
    } else {
      begin_record(text[at_]);
    }
  }
}

void RecordSplitter::begin_array() {
  place_ = Place::kFirst;
  if (!has_outer_) return;
  outer_ = envelope_.outer_values(0);
  is_outer_new_ = true;
}

// False where a record begins with it.
bool RecordSplitter::take_between(char c) {
  if (place_ == Place::kBetween && (mark_bytes_ > 0 || c == kByteOrderMark.front())) {
    if (c != kByteOrderMark[mark_bytes_]) fail(at_, "a JSON value is missing");
    mark_bytes_ = (mark_bytes_ + 1) % kByteOrderMark.size();
    return true;
  }
  if (is_json_space(c) || (place_ == Place::kBetween && (c == kJsonRecordSeparator || c == '\0'))) return true;
  if ((place_ == Place::kFirst || place_ == Place::kBehind) && c == ']') {
    envelope_.leave_array();
    place_ = Place::kEnvelope;
    return true;
  }
  if (place_ != Place::kBehind) return false;
  if (c != ',') fail(at_, "a comma or ']' is missing behind a record");
  place_ = Place::kNext;
  return true;
}

void RecordSplitter::begin_record(char c) {
  record_begin_ = at_;
  place_before_ = place_;
  if (c == '{' || c == '[') {
    place_ = Place::kContainer;
  } else if (c == '"') {
    place_ = Place::kText;
    ++at_;
  } else if (ends_word(c)) {
    fail(at_, "a JSON value is missing");
  } else {
    place_ = Place::kWord;
  }
}

void RecordSplitter::scan_record(Range& range, std::string_view text) {
  if (place_ == Place::kContainer) {
    const ValueScanner::Step step = scanner_.scan(text.substr(at_));
    at_ += step.bytes;
    if (step.is_bad_string) fail(at_, "a string has a control character, or does not end");
    if (step.has_ended) end_record(range);
    return;
  }
  for (; at_ < text.size() && is_in_record(); ++at_) {
    const char c = text[at_];
    if (place_ == Place::kWord) {
      if (!ends_word(c)) continue;
      return end_record(range);
    }
    if (static_cast<unsigned char>(c) < 0x20) fail(at_, "a string has a control character, or does not end");
    if (place_ == Place::kEscapedText) {
      place_ = Place::kText;
    } else if (c == '\\') {
      place_ = Place::kEscapedText;
    } else if (c == '"') {
      ++at_;
      return end_record(range);
    }
  }
}

// It ends in front of at_.
void RecordSplitter::end_record(Range& range) {
  const std::size_t bytes = at_ - record_begin_;
  if (bytes > limits_.line_bytes_max) fail(record_begin_, kTooLong);
  if (std::exchange(is_outer_new_, false)) {
    outer_.first_record = static_cast<std::uint32_t>(range.records->size());
    range.outer.push_back(outer_);
  }
  range.records->push_back({static_cast<std::uint32_t>(record_begin_), static_cast<std::uint32_t>(bytes)});
  place_ = is_array_ ? Place::kBehind : Place::kBetween;
}

// The stream has ended.
void RecordSplitter::end(Range& range) {
  if (place_ == Place::kWord && !is_array_) end_record(range);
  if (is_in_record()) fail(record_begin_, "a record does not end");
  if (mark_bytes_ > 0) fail(at_, "a JSON value is missing");
  if (!is_array_) return;
  const std::string fault = place_ == Place::kEnvelope ? envelope_.fault_at_end() : "the array of records does not end";
  if (!fault.empty()) fail(at_, fault);
}

void RecordSplitter::fail(std::size_t at, std::string_view what) const {
  throw CorruptInputError(
      fmt::format("{}: {}, at byte {} of the text.", name_, what, format_count(begin_.offset.value() + at)));
}

}  // namespace chatload::split
