#include "pipeline/stop_watchdog.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/errors.h"

namespace chatload::pipeline {
namespace {

// Of the five seconds that a stop may take.
constexpr std::chrono::milliseconds kStopDeadline{4'500};
// How late a stop may be noticed.
constexpr std::chrono::milliseconds kPoll{100};

}  // namespace

StopWatchdog::StopWatchdog(const StopSignal& stop) : stop_(stop), thread_([this] { watch(); }) {}

StopWatchdog::~StopWatchdog() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  ending_.notify_one();
  thread_.join();
}

void StopWatchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!stop_.requested()) {
    if (ending_.wait_for(lock, kPoll, [this] { return ends_; })) return;
  }
  if (ending_.wait_for(lock, kStopDeadline, [this] { return ends_; })) return;
  spdlog::error(
      "Stopped by a signal, without waiting any longer for what did not end in time; what is committed stands in the "
      "ledger: run the same command again to finish.");
  std::fflush(nullptr);
  std::_Exit(static_cast<int>(ExitCode::kInterrupted));
}

}  // namespace chatload::pipeline
