// The rule that keeps lines of one id in file order while ranges are written in parallel.
//
// Ranges come in packs, each for one transaction. Packs are admitted and handed out in file order. A row is contested
// if a lower pack that is still in flight has a row of the same key. A writer sends the other rows of its pack at once,
// then waits until the lower packs that it shares keys with are finished, then sends the contested rows, in the same
// transaction. Rows whose key an earlier row of the pack has are sent with the contested ones (write_order.cc):
//
//        pack 7   ├─ rows ─────────────────────┤ commit
//        pack 8   ├─ rows ───────────────────────┤ wait ├─ late rows ─┤ commit
//
// So no two transactions in flight ever touch the same key, and what is serialised is the repeated ids alone. All lower
// packs are parsed by the time a pack is admitted, and the lowest in flight waits for nobody. A hash collision makes
// a row wait without need; it never lets one go too early.
//
// A pack that waits holds the locks of the rows that it has sent. Where distinct ids meet in one lock all the same (a
// trigger that counts, the gap beside an id that is in the table already), a lower pack may run into them, which the
// server cannot see as a deadlock. The writer of that pack says so (report_locked), and those that wait give way: they
// roll back, and wait without a transaction from then on. The same where a lower pack may not begin for a while
// (base/pause.h).
//
// On a lock failure, the number of concurrent transactions is halved. After a number of commits one more is allowed;
// each halving doubles that number. The lowest pack in flight may always go, so that what is serialised in the end
// continues without failures.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <vector>

#include "write/write_job.h"

namespace chatload::write {

// Thread-safe. Its length is bounded by the packs in flight, which the pipeline bounds.
class RangeScheduler {
 public:
  // writers: that begin transactions, each for one pack at a time.
  explicit RangeScheduler(std::size_t writers = std::numeric_limits<std::size_t>::max());

  // Admits the next pack in file order and makes its contested rows late ones. The pack outlives its finish().
  void admit(Pack& pack);

  // The lowest pack that was not handed out yet; waits for one. Null after close(), once all were handed out.
  [[nodiscard]] Pack* take();

  // Whether a lower pack that contests rows of this one is not finished.
  [[nodiscard]] bool is_contested(const Pack& pack);

  // Waits until it is not.
  void await_contested(const Pack& pack);

  // The same for a pack that holds locks, taken when lock_reports() was `reports_before`. False as soon as there are
  // more reports: roll back then, and wait without locks.
  [[nodiscard]] bool await_contested_with_locks(const Pack& pack, std::uint64_t reports_before);

  // Waits until the pack is one of the lowest, as many as may be in a transaction at once. Call before each, without
  // locks.
  void await_turn(const Pack& pack);

  // How many those are.
  [[nodiscard]] std::size_t at_once();

  // A transaction that was begun when lock_reports() was `reports_before` met a deadlock or a lock wait.
  void report_locked(std::uint64_t reports_before);

  // A pack is not begun for now, although others may wait for it with locks: makes them give way.
  void report_paused();
  [[nodiscard]] std::uint64_t lock_reports();

  // The pack is committed, or given up.
  void finish(const Pack& pack);

  // Nothing more will be admitted.
  void close();

 private:
  // REQUIRES: mutex_ is held.
  [[nodiscard]] bool has_to_wait(const Pack& pack) const;

  struct Entry {
    Pack* pack;
    bool taken;
    std::vector<const Pack*> awaited;  // lower packs in flight that share a key with this one
  };

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::deque<Entry> in_flight_;     // admitted and not finished, in file order
  std::vector<bool> is_contested_;  // a row each; scratch of admit()
  std::uint64_t reports_ = 0;       // of locks met, and of pauses
  const std::size_t writers_;
  std::size_t allowed_ = writers_;     // at once; at least 1
  std::uint64_t commits_ = 0;          // since allowed_ changed
  std::uint64_t commits_needed_ = 16;  // for one more
  bool closed_ = false;
};

}  // namespace chatload::write
