// A run that a signal stopped ends in time, whatever it waits for.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/stop_signal.h"

namespace chatload::pipeline {

// While one lives, a stop that is not over in time ends the process at once with exit code 4 and without a summary: a
// server that does not answer can hold up whatever waits for it. Nothing is lost by that: what was not committed is not
// in the ledger, and the load's row says `running` until another run takes it over.
class StopWatchdog {
 public:
  explicit StopWatchdog(const StopSignal& stop);
  StopWatchdog(const StopWatchdog&) = delete;
  StopWatchdog& operator=(const StopWatchdog&) = delete;
  ~StopWatchdog();

 private:
  void watch();

  const StopSignal& stop_;
  std::mutex mutex_;  // guards ends_
  bool ends_ = false;
  std::condition_variable ending_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace chatload::pipeline
