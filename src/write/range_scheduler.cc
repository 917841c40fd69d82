// Ranges in flight are few (pipeline/memory_plan.h), so comparing a new one with all of them is cheap: a merge of two
// lists of hashes is microseconds, where a range's INSERTs are a tenth of a second and more.
#include "write/range_scheduler.h"

#include <algorithm>
#include <cassert>

namespace chatload::write {

void RangeScheduler::admit(WriteJob& job) {
  {
    const std::lock_guard lock(mutex_);
    assert(!closed_);
    assert(in_flight_.empty() || in_flight_.back().job->parsed.range.number < job.parsed.range.number);
    Entry entry{&job, false, {}};
    WriteOrder& order = job.order;
    is_contested_.assign(job.parsed.rows.rows(), false);
    for (const Entry& lower : in_flight_) {
      bool shares = false;
      for_each_shared_hash(order.key_hashes, lower.job->order.key_hashes, [&](const KeyHash& key) {
        is_contested_[key.row] = true;
        shares = true;
      });
      if (shares) entry.awaited.push_back(lower.job);
    }
    if (!entry.awaited.empty()) {
      const auto contested = std::stable_partition(order.rows.begin(), order.rows.end(),
                                                   [&](std::uint32_t row) { return !is_contested_[row]; });
      order.contested_begin = static_cast<std::size_t>(contested - order.rows.begin());
    }
    in_flight_.push_back(std::move(entry));
  }
  changed_.notify_all();
}

WriteJob* RangeScheduler::take() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto entry = std::find_if(in_flight_.begin(), in_flight_.end(), [](const Entry& e) { return !e.taken; });
    if (entry != in_flight_.end()) {
      entry->taken = true;
      return entry->job;
    }
    if (closed_) return nullptr;
    changed_.wait(lock);
  }
}

bool RangeScheduler::is_contested(const WriteJob& job) {
  const std::lock_guard lock(mutex_);
  return has_to_wait(job);
}

void RangeScheduler::await_contested(const WriteJob& job) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !has_to_wait(job); });
}

bool RangeScheduler::await_contested_with_locks(const WriteJob& job, std::uint64_t reports_before) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !has_to_wait(job) || reports_ != reports_before; });
  return !has_to_wait(job);
}

bool RangeScheduler::has_to_wait(const WriteJob& job) const {
  const auto is_own = [&](const Entry& entry) { return entry.job == &job; };
  const auto own = std::find_if(in_flight_.begin(), in_flight_.end(), is_own);
  assert(own != in_flight_.end());
  return !own->awaited.empty();
}

std::uint64_t RangeScheduler::lock_reports() {
  const std::lock_guard lock(mutex_);
  return reports_;
}

void RangeScheduler::report_locked() {
  {
    const std::lock_guard lock(mutex_);
    ++reports_;
  }
  changed_.notify_all();
}

void RangeScheduler::finish(const WriteJob& job) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(in_flight_, [&](const Entry& entry) { return entry.job == &job; });
    for (Entry& entry : in_flight_) std::erase(entry.awaited, &job);
  }
  changed_.notify_all();
}

void RangeScheduler::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace chatload::write
