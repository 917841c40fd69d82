// Packs in flight are few (pipeline/memory_plan.h), so comparing a new one with all of them is cheap: a merge of two
// lists of hashes is microseconds, where a pack's INSERTs are a tenth of a second and more.
//
// Backing off pays where every row meets one lock: 60,000 lines through a trigger that counts them, ranges of 1 MiB, 8
// connections, MySQL, on a busy machine: 14.7 and 15.2 s without, 9.9 and 8.6 s with it (one connection: 3.2 to 5.1 s);
// each step down costs the server's lock wait of 2 s. Where nothing is locked nothing is reported, and nothing changes.
#include "write/range_scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/log.h"

namespace chatload::write {
namespace {

constexpr std::uint64_t kCommitsNeededMax = 1'024;

}  // namespace

RangeScheduler::RangeScheduler(std::size_t writers) : writers_(writers) {}

void RangeScheduler::admit(Pack& pack) {
  {
    const std::lock_guard lock(mutex_);
    assert(!closed_);
    Entry entry{&pack, false, {}};
    is_contested_.assign(pack.rows, false);
    for (const Entry& lower : in_flight_) {
      bool shares = false;
      for_each_shared_hash(pack.key_hashes, lower.pack->key_hashes, [&](const KeyHash& key) {
        is_contested_[key.row] = true;
        shares = true;
      });
      if (shares) entry.awaited.push_back(lower.pack);
    }
    // The rows that are late already stay behind those that become it here: an earlier row of the same key is either.
    if (!entry.awaited.empty()) make_late(pack, is_contested_);
    in_flight_.push_back(std::move(entry));
  }
  changed_.notify_all();
}

Pack* RangeScheduler::take() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto entry = std::find_if(in_flight_.begin(), in_flight_.end(), [](const Entry& e) { return !e.taken; });
    if (entry != in_flight_.end()) {
      entry->taken = true;
      return entry->pack;
    }
    if (closed_) return nullptr;
    changed_.wait(lock);
  }
}

bool RangeScheduler::is_contested(const Pack& pack) {
  const std::lock_guard lock(mutex_);
  return has_to_wait(pack);
}

void RangeScheduler::await_contested(const Pack& pack) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !has_to_wait(pack); });
}

bool RangeScheduler::await_contested_with_locks(const Pack& pack, std::uint64_t reports_before) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !has_to_wait(pack) || reports_ != reports_before; });
  return !has_to_wait(pack);
}

bool RangeScheduler::has_to_wait(const Pack& pack) const {
  const auto is_own = [&](const Entry& entry) { return entry.pack == &pack; };
  const auto own = std::find_if(in_flight_.begin(), in_flight_.end(), is_own);
  assert(own != in_flight_.end());
  return !own->awaited.empty();
}

std::uint64_t RangeScheduler::lock_reports() {
  const std::lock_guard lock(mutex_);
  return reports_;
}

void RangeScheduler::await_turn(const Pack& pack) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    const auto end =
        in_flight_.size() <= allowed_ ? in_flight_.end() : in_flight_.begin() + static_cast<std::ptrdiff_t>(allowed_);
    return std::any_of(in_flight_.begin(), end, [&](const Entry& entry) { return entry.pack == &pack; });
  });
}

std::size_t RangeScheduler::at_once() {
  const std::lock_guard lock(mutex_);
  return allowed_;
}

// Transactions that were begun before a report ran into the same, and tell nothing new.
void RangeScheduler::report_locked(std::uint64_t reports_before) {
  {
    const std::lock_guard lock(mutex_);
    const std::size_t begun = std::min({allowed_, writers_, in_flight_.size()});
    if (reports_ == reports_before && begun > 1) {
      allowed_ = begun / 2;
      commits_ = 0;
      commits_needed_ = std::min(2 * commits_needed_, kCommitsNeededMax);
      log_info(fmt::format("{} of {} connections write at once for now, because of lock waits.", allowed_, writers_));
    }
    ++reports_;
  }
  changed_.notify_all();
}

void RangeScheduler::report_paused() {
  {
    const std::lock_guard lock(mutex_);
    ++reports_;
  }
  changed_.notify_all();
}

void RangeScheduler::finish(const Pack& pack) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(in_flight_, [&](const Entry& entry) { return entry.pack == &pack; });
    for (Entry& entry : in_flight_) std::erase(entry.awaited, &pack);
    if (pack.is_committed() && allowed_ < writers_ && ++commits_ == commits_needed_) {
      ++allowed_;
      commits_ = 0;
      if (allowed_ == writers_) log_info(fmt::format("All {} connections write at once again.", writers_));
    }
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
