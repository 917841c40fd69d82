// Backoff: from 10 ms, doubling to 2 s, so that a deadlock costs next to nothing and a server that restarts is found
// within two seconds. Jitter on the upper half: sessions that deadlocked together do not come back together.
#include "mysql/retry_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <string_view>

#include "base/log.h"
#include "base/quantity.h"

namespace chatload::mysql {
namespace {

constexpr std::chrono::milliseconds kBackoffFirst{10};
constexpr std::chrono::milliseconds kBackoffMax{2'000};
constexpr std::size_t kTroublesMax = 16;

std::chrono::milliseconds backoff(unsigned attempts) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto ceiling = std::min(kBackoffMax, kBackoffFirst * (1U << std::min(attempts, 10U)));
  std::uniform_int_distribution<std::chrono::milliseconds::rep> wait_ms(ceiling.count() / 2, ceiling.count());
  return std::chrono::milliseconds(wait_ms(random));
}

}  // namespace

RetryPolicy::RetryPolicy(std::chrono::milliseconds retry_for, const StopSignal& stop)
    : retry_for_(retry_for), stop_(stop), begun_(Clock::now()) {}

void RetryPolicy::committed() {
  const std::lock_guard lock(mutex_);
  begun_ = Clock::now();
  has_committed_ = true;
}

void RetryPolicy::begin_anew() {
  const std::lock_guard lock(mutex_);
  begun_ = Clock::now();
}

bool RetryPolicy::has_committed() const {
  const std::lock_guard lock(mutex_);
  return has_committed_;
}

bool RetryPolicy::may_redo(const StatementError& error) const {
  switch (classify(error)) {
    case ErrorClass::kRetry:
    case ErrorClass::kConnectionLost: return true;
    // A failover, where the server took writes before.
    case ErrorClass::kReadOnly: return has_committed();
    default: return false;
  }
}

bool RetryPolicy::may_redo(const ConnectError& error) const { return can_come_back(error) || has_committed(); }

bool RetryPolicy::wait(Clock::time_point failing_since, unsigned attempts, const std::string& trouble) {
  return !is_over(failing_since, trouble) && !stop_.wait_for(backoff(attempts));
}

bool RetryPolicy::is_over(Clock::time_point failing_since, const std::string& trouble) {
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  const auto left = retry_for_ - std::chrono::floor<std::chrono::milliseconds>(now - std::max(begun_, failing_since));
  if (left.count() <= 0) return true;
  std::erase_if(said_, [&](const auto& said) { return now - said.second > kSaidEvery; });
  if (said_.size() == kTroublesMax || !said_.emplace(trouble, now).second) return false;
  const std::string_view half =
      trouble.ends_with('.') ? std::string_view(trouble).substr(0, trouble.size() - 1) : trouble;
  log_warning(fmt::format("{}; trying again for up to {} (--retry-for).", half,
                          format_duration(std::chrono::ceil<std::chrono::seconds>(left))));
  return false;
}

}  // namespace chatload::mysql
