#include "report/timeline.h"

#include <algorithm>
#include <numeric>

namespace chatload::report {
namespace {

void join(TimelineSample& sample, const TimelineSample& next) {
  if (next.watched_seconds() > sample.watched_seconds()) sample.phase = next.phase;
  sample.end = next.end;
  sample.rows += next.rows;
  sample.bytes += next.bytes;
  for (std::size_t wait = 0; wait < kWaitCount; ++wait) sample.waits[wait] += next.waits[wait];
}

}  // namespace

double TimelineSample::watched_seconds() const { return std::accumulate(waits.begin(), waits.end(), 0.0); }

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::kWrite: return "writes";
    case Phase::kSort: return "sorts by key";
    case Phase::kMerge: return "merges sorted runs";
    case Phase::kRecordRanges: return "records ranges";
    case Phase::kWriteSorted: return "writes in key order";
    case Phase::kFetchRefused: return "fetches refused lines";
    case Phase::kBuildIndexes: return "builds indexes";
    case Phase::kCompareBytes: return "compares all bytes";
    case Phase::kCompareLoaded: return "compares what is loaded";
    case Phase::kComparePartial: return "compares a partial load";
    case Phase::kCompareKeys: return "compares keys";
  }
  return "";
}

void Timeline::add(Phase phase, WaitedFor wait, double begin, double end, double rows, double bytes) {
  TimelineSample look{.begin = begin, .end = end, .phase = phase, .rows = rows, .bytes = bytes};
  look.waits[static_cast<std::size_t>(wait)] = end - begin;
  const std::lock_guard lock(mutex_);
  phase_seconds_[static_cast<std::size_t>(phase)] += end - begin;
  wait_seconds_[static_cast<std::size_t>(wait)] += end - begin;
  // Timers are late by a little, so that a sample which is half full takes no more.
  const bool has_room =
      !samples_.empty() && last_phase_ == phase && look.end - samples_.back().begin < 1.5 * sample_seconds_;
  last_phase_ = phase;
  if (has_room) return join(samples_.back(), look);
  samples_.push_back(look);
  if (samples_.size() == kSamplesMax) halve();
}

void Timeline::halve() {
  for (std::size_t i = 0; i < samples_.size() / 2; ++i) {
    samples_[i] = samples_[2 * i];
    join(samples_[i], samples_[2 * i + 1]);
  }
  samples_.resize(samples_.size() / 2);
  sample_seconds_ *= 2;
}

void Timeline::add_retries(std::uint64_t retries) {
  const std::lock_guard lock(mutex_);
  retries_ += retries;
}

std::vector<TimelineSample> Timeline::samples() const {
  const std::lock_guard lock(mutex_);
  return samples_;
}

std::array<double, kPhaseCount> Timeline::phase_seconds() const {
  const std::lock_guard lock(mutex_);
  return phase_seconds_;
}

std::array<double, kWaitCount> Timeline::wait_seconds() const {
  const std::lock_guard lock(mutex_);
  return wait_seconds_;
}

std::uint64_t Timeline::retries() const {
  const std::lock_guard lock(mutex_);
  return retries_;
}

}  // namespace chatload::report
