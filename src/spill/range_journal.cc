// A record is a Head, then a RangeEntry, or a RejectHead and the raw line: as they are in memory, since none but this
// process ever reads them.
#include "spill/range_journal.h"

#include <cstring>
#include <span>
#include <type_traits>

namespace chatload::spill {
namespace {

// A group is one transaction: about 5,000 ranges without rejects, or 4,000 rejected lines of 250 bytes.
constexpr std::size_t kGroupBytes = std::size_t{1024} * 1024;

enum class Kind : std::uint32_t { kRange, kReject };

struct Head {
  Kind kind;
  std::uint32_t bytes;  // behind the head
};

struct RejectHead {
  LineNumber line;
  ByteOffset offset;
  parse::RejectReason reason;
  std::uint8_t field;
  parse::LineFault fault;
  std::uint64_t cut_bytes;
};

static_assert(std::is_trivially_copyable_v<RangeEntry> && std::is_trivially_copyable_v<RejectHead>);

template <typename Value>
void append(std::string& record, const Value& value) {
  record.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename Value>
Value take(std::string_view& bytes) {
  Value value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

Kind kind_of(std::string_view bytes) { return take<Head>(bytes).kind; }

// The record in front, without its head.
std::string_view take_record(std::string_view& bytes) {
  const Head head = take<Head>(bytes);
  const std::string_view record = bytes.substr(0, head.bytes);
  bytes.remove_prefix(head.bytes);
  return record;
}

}  // namespace

RangeJournal::RangeJournal(const std::filesystem::path& dir)
    : writer_(std::make_shared<SpillFile>(dir), bytes_on_disk_, /*plain_bytes=*/0) {}

void RangeJournal::add_range(const RangeEntry& range) {
  if (group_bytes_ >= kGroupBytes) end_group();
  record_.clear();
  append(record_, Head{Kind::kRange, sizeof range});
  append(record_, range);
  add_record();
  if (!range.is_recorded) ++new_ranges_;
}

void RangeJournal::add_reject(const parse::RawReject& reject) {
  record_.clear();
  append(record_, Head{Kind::kReject, static_cast<std::uint32_t>(sizeof(RejectHead) + reject.raw.size())});
  append(record_, RejectHead{reject.line, reject.offset, reject.reason, reject.field, reject.fault, reject.cut_bytes});
  record_ += reject.raw;
  add_record();
  ++new_rejects_;
}

void RangeJournal::add_record() {
  writer_.add(record_);
  group_bytes_ += record_.size();
}

void RangeJournal::finish() {
  if (group_bytes_ > 0 && !is_broken_) end_group();
}

void RangeJournal::end_group() {
  groups_.push_back(writer_.finish());
  group_bytes_ = 0;
}

RangeJournalReader::RangeJournalReader(const Run& group)
    : blocks_(group), scratch_(std::make_unique_for_overwrite<char[]>(BlockReader::scratch_bytes())) {}

std::optional<RangeEntry> RangeJournalReader::next_range() {
  while (next_reject()) {
  }
  if (!find_record()) return std::nullopt;
  std::string_view record = take_record(block_);
  const auto range = take<RangeEntry>(record);
  source_ = range.key.source;
  return range;
}

std::optional<parse::RawReject> RangeJournalReader::next_reject() {
  if (!find_record() || kind_of(block_) != Kind::kReject) return std::nullopt;
  std::string_view record = take_record(block_);
  const auto head = take<RejectHead>(record);
  return parse::RawReject{source_, head.line, head.offset, head.reason, head.field, head.fault, head.cut_bytes, record};
}

// False at the end.
bool RangeJournalReader::find_record() {
  if (block_.empty() && !blocks_.at_end()) block_ = blocks_.next({scratch_.get(), BlockReader::scratch_bytes()});
  return !block_.empty();
}

}  // namespace chatload::spill
