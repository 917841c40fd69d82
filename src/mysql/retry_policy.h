// What a run tries again, for how long against a server that is away or locked, and what it says meanwhile.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "base/stop_signal.h"
#include "mysql/statement_error.h"

namespace chatload::mysql {

// One for a whole run, shared by its connections. Thread-safe.
class RetryPolicy {
 public:
  using Clock = std::chrono::steady_clock;

  // retry_for: from the last commit, the last begin_anew(), or when the trouble began, whatever is latest.
  RetryPolicy(std::chrono::milliseconds retry_for, const StopSignal& stop);

  // Something was committed: the time begins anew.
  void committed();

  // Nothing was tried for a while, on purpose: the time begins anew.
  void begin_anew();

  // Whether this run has committed anything.
  [[nodiscard]] bool has_committed() const;

  // Whether what failed so may succeed if it is done again.
  [[nodiscard]] bool may_redo(const StatementError& error) const;
  [[nodiscard]] bool may_redo(const ConnectError& error) const;

  // Waits before attempt number `attempts` + 1 at what has failed since failing_since. Logs `trouble`, half a
  // sentence or a whole one, unless it has said the same within the last minute. False where there is to be no further
  // attempt: the time is over, or a stop was asked for.
  [[nodiscard]] bool wait(Clock::time_point failing_since, unsigned attempts, const std::string& trouble);

  [[nodiscard]] std::chrono::milliseconds retry_for() const { return retry_for_; }

 private:
  [[nodiscard]] bool is_over(Clock::time_point failing_since, const std::string& trouble);

  const std::chrono::milliseconds retry_for_;
  const StopSignal& stop_;
  mutable std::mutex mutex_;  // guards all below
  Clock::time_point begun_;   // of the time that there is
  bool has_committed_ = false;
  std::map<std::string, Clock::time_point> said_;  // troubles, and when each was logged; at most kTroublesMax
};

}  // namespace chatload::mysql
