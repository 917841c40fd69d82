// What a server that was asked how it is said last.
#pragma once

#include <chrono>
#include <string>
#include <utility>

namespace chatload::mysql {

// Single-threaded. A verdict is half a sentence, "Threads_running 53 > 40", or empty where nothing is wrong.
class LastVerdict {
 public:
  using Clock = std::chrono::steady_clock;

  // How long one holds without another. An ask takes five seconds at most where the server does not answer and ten
  // where it takes no connection, so that is a few of them: one that fails by itself ends no pause, and none outlasts
  // by much a server that is gone for good.
  static constexpr std::chrono::seconds kHoldsFor{30};

  // Returns the verdict.
  const std::string& heard(std::string verdict, Clock::time_point now) {
    verdict_ = std::move(verdict);
    heard_at_ = now;
    return verdict_;
  }

  // After an ask that failed.
  const std::string& held(Clock::time_point now) {
    if (now - heard_at_ > kHoldsFor) verdict_.clear();
    return verdict_;
  }

 private:
  std::string verdict_;
  Clock::time_point heard_at_;
};

}  // namespace chatload::mysql
