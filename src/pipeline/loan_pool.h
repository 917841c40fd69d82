// A fixed number of things to borrow.
#pragma once

#include <condition_variable>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace chatload::pipeline {

// So that memory is what the plan says. Thread-safe.
template <typename T>
class LoanPool {
 public:
  explicit LoanPool(std::vector<T> things) : things_(std::move(things)) {
    for (T& thing : things_) free_.push_back(&thing);
  }

  // Waits for one.
  T& acquire() {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [this] { return !free_.empty(); });
    T& thing = *free_.back();
    free_.pop_back();
    return thing;
  }

  // REQUIRES: none is out.
  [[nodiscard]] std::span<T> all() { return things_; }

  void release(T& thing) {
    const std::lock_guard lock(mutex_);
    free_.push_back(&thing);
    released_.notify_one();
  }

 private:
  std::vector<T> things_;
  std::mutex mutex_;  // guards free_
  std::vector<T*> free_;
  std::condition_variable released_;
};

}  // namespace chatload::pipeline
