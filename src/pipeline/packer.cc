// A range is read into a buffer for ranges of the full size. Such a range keeps that buffer, and the next one is read
// into the buffer of the pack that takes it: nothing is copied, and nothing allocated but at first. A shorter range,
// the last of its source, is copied into a buffer of its size, so that many of them take no more memory than one of the
// full size; what its pack kept for that is freed first.
#include "pipeline/packer.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

#include "base/errors.h"

namespace chatload::pipeline {
namespace {

// As many as would be kept of a range of the full size.
std::size_t rejects_max(std::size_t bytes, std::size_t range_bytes) {
  return std::clamp<std::size_t>(parse::ParsedRange::kRejectsMax * bytes / range_bytes, 1,
                                 parse::ParsedRange::kRejectsMax);
}

// A range's bytes, or those that its records count as.
std::size_t counted_bytes(const split::Range& range, const split::SplitLimits& limits) {
  const std::size_t held_bytes = range.bytes.size();
  return limits.bytes_a_record == 0 ? held_bytes : std::max(held_bytes, range.count_lines() * limits.bytes_a_record);
}

// What a range takes for the places of records that are no lines.
std::size_t bytes_beside(const split::Range& range) {
  if (!range.records) return 0;
  std::size_t bytes = range.records->capacity() * sizeof(split::RecordSpan);
  for (const split::OuterValues& outer : range.outer)
    bytes += sizeof(outer) + outer.json.size() + outer.is_misplaced.size();
  return bytes;
}

}  // namespace

Packer::Packer(RangeFeed& feed, const RangeSink& sink, split::SplitLimits limits, LoanPool<RangePack>& packs,
               write::JobOwner& owner, report::LiveStats& stats, std::function<void(RangePack&)> send)
    : feed_(feed), sink_(sink), limits_(limits), packs_(packs), owner_(owner), stats_(stats), send_(std::move(send)) {}

void Packer::run(const std::function<bool()>& goes_on) {
  std::jthread patience;
  try {
    patience = std::jthread([this] { send_what_waits(); });
  } catch (const std::system_error& error) {
    throw EnvironmentError(fmt::format("No thread can be started to read with ({}).", error.what()));
  }
  const auto end = [this] {
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    ended_.notify_one();
    if (open_ != nullptr) send_open();
  };
  try {
    read(goes_on);
  } catch (...) {
    end();
    throw;
  }
  end();
  patience.join();
  if (failure_) std::rethrow_exception(failure_);
}

void Packer::read(const std::function<bool()>& goes_on) {
  while (goes_on()) {
    if (buffer_.capacity() < limits_.buffer_bytes()) buffer_ = PaddedBuffer(limits_.buffer_bytes());
    std::optional<FedRange> fed = feed_.next(std::move(buffer_));
    stats_.source_read = feed_.compressed_bytes();
    if (!fed || !goes_on()) return;
    add(std::move(*fed));
  }
}

void Packer::add(FedRange fed) {
  const bool is_short = fed.range.length_bytes() < limits_.range_bytes;
  const std::size_t bytes =
      counted_bytes(fed.range, limits_) + kRangeBytes + fed.account->facts.name.size() + bytes_beside(fed.range);
  const bool is_recorded = sink_.is_recorded({fed.account->ordinal, fed.range.number});
  stats_.bytes_decompressed += fed.range.length_bytes();
  PaddedBuffer copy;
  if (is_short) {
    copy = PaddedBuffer(fed.range.bytes.size());
    copy.assign(fed.range.bytes.view().text());
  }
  const std::lock_guard lock(mutex_);
  if (open_ != nullptr && !(is_short && has_room(bytes, is_recorded))) send_open();
  if (open_ == nullptr) open(is_short);
  RangeJob& range = is_short ? open_->ranges.emplace_back() : open_->ranges.front();
  range.account = fed.account;
  range.parsed.source = &fed.account->facts;
  range.parsed.lines_before = fed.lines_before;
  range.parsed.rejects_max = rejects_max(fed.range.bytes.size(), limits_.range_bytes);
  buffer_ = std::exchange(range.parsed.range, std::move(fed.range)).bytes;
  if (is_short) buffer_ = std::exchange(range.parsed.range.bytes, std::move(copy));
  range.source = fed.account->ordinal;
  range.is_given_up = &fed.account->is_given_up;
  range.compressed_end = fed.compressed_end;
  range.is_recorded = is_recorded;
  range.owner = &owner_;
  open_->jobs.push_back(&range);
  open_bytes_ += bytes;
  ++ranges_;
  if (!is_short || open_bytes_ >= limits_.range_bytes) send_open();
}

bool Packer::has_room(std::size_t bytes, bool is_recorded) const {
  return open_bytes_ + bytes <= limits_.range_bytes && open_->is_recorded() == is_recorded &&
         !open_->ranges.back().account->failure;
}

void Packer::open(bool is_for_short_ranges) {
  open_ = &packs_.acquire();
  open_->jobs.clear();
  open_->ranges.resize(is_for_short_ranges ? 0 : 1);
  open_bytes_ = 0;
}

void Packer::send_open() {
  open_->place = places_++;
  ++stats_.packs_split;
  send_(*std::exchange(open_, nullptr));
}

// Looks only now and then, so that no range has to wake it.
void Packer::send_what_waits() {
  std::unique_lock lock(mutex_);
  for (std::uint64_t before = 0; !ended_.wait_for(lock, kPatience, [this] { return has_ended_; }); before = ranges_) {
    if (open_ == nullptr || ranges_ != before) continue;
    try {
      send_open();
    } catch (...) {
      failure_ = std::current_exception();
      return;
    }
  }
}

}  // namespace chatload::pipeline
