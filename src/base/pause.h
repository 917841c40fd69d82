// Why nothing new is begun just now: said by one, heeded and shown by others.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <utility>

namespace chatload {

// Thread-safe.
class Pause {
 public:
  // Costs one load.
  [[nodiscard]] bool is_set() const noexcept { return is_set_.load(std::memory_order_relaxed); }

  // Half a sentence, "Threads_running 53 > 40"; empty where none is set.
  [[nodiscard]] std::string reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
  }

  // An empty reason ends the pause.
  void set(std::string reason) {
    const std::lock_guard lock(mutex_);
    is_set_ = !reason.empty();
    reason_ = std::move(reason);
  }

 private:
  std::atomic<bool> is_set_ = false;
  mutable std::mutex mutex_;  // guards reason_
  std::string reason_;
};

}  // namespace chatload
