// The feed's ranges → packs.
//
//   full              the next range does not fit, or the pack has a range of the full size, which is then its only one
//   the feed's end    or a stop, or a failure
//   a source failed   of which the pack has a range: nothing of it is to come
//   recorded ranges   and new ones are never in one pack
//   a slow input      no range has come for kPatience
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>

#include "base/padded_buffer.h"
#include "pipeline/loan_pool.h"
#include "pipeline/range_feed.h"
#include "pipeline/range_pack.h"
#include "pipeline/range_sink.h"
#include "report/live_stats.h"
#include "split/line_splitter.h"

namespace chatload::pipeline {

// Single-threaded, but for a thread of its own. Borrows all that it is given.
class Packer {
 public:
  static constexpr std::chrono::milliseconds kPatience{200};  // at least; at most twice as long

  // What a range counts as beside its bytes: what it takes however small it is.
  static constexpr std::size_t kRangeBytes = kKiB;

  // packs: that are not on their way; run() waits for one. owner: of the jobs. send: the pack is full; called one at a
  // time, in the order of the packs.
  Packer(RangeFeed& feed, const RangeSink& sink, split::SplitLimits limits, LoanPool<RangePack>& packs,
         write::JobOwner& owner, report::LiveStats& stats, std::function<void(RangePack&)> send);

  // Reads the feed to its end, or until goes_on() is false; the range that comes then is discarded, as a stop may have
  // cut it short. Throws what the feed throws, once all that was read is sent, and EnvironmentError.
  void run(const std::function<bool()>& goes_on);

 private:
  void read(const std::function<bool()>& goes_on);
  void add(FedRange fed);
  [[nodiscard]] bool has_room(std::size_t bytes, bool is_recorded) const;
  void open(bool is_for_short_ranges);
  void send_open();
  void send_what_waits();

  RangeFeed& feed_;
  const RangeSink& sink_;
  const split::SplitLimits limits_;
  LoanPool<RangePack>& packs_;
  write::JobOwner& owner_;
  report::LiveStats& stats_;
  const std::function<void(RangePack&)> send_;
  PaddedBuffer buffer_;  // for the next range; read() only

  std::mutex mutex_;  // guards all below, and send_
  std::condition_variable ended_;
  bool has_ended_ = false;
  RangePack* open_ = nullptr;   // has a range, and room for more
  std::size_t open_bytes_ = 0;  // of it
  std::uint64_t ranges_ = 0;    // of all packs
  std::uint64_t places_ = 0;    // of packs
  std::exception_ptr failure_;  // of its own thread
};

}  // namespace chatload::pipeline
