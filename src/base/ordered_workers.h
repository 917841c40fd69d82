// Work done side by side, and handed back in the order in which it was given.
#pragma once

#include <cassert>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/errors.h"

namespace chatload {

// Threads of its own, which begin with the first task. All functions are for one thread, the owner's: it gives tasks as
// long as there is room, and takes them back when it wants the oldest.
template <typename Task>
class OrderedWorkers {
 public:
  // make_worker: called once by each thread, makes what does that thread's tasks, and owns what this takes.
  // tasks_max: those that are inside at once, done or not.
  using Worker = std::function<void(Task&)>;
  OrderedWorkers(unsigned threads, std::size_t tasks_max, std::function<Worker()> make_worker)
      : threads_max_(threads), tasks_max_(tasks_max), make_worker_(std::move(make_worker)) {
    assert(threads > 0 && tasks_max > 0);
  }
  OrderedWorkers(const OrderedWorkers&) = delete;
  OrderedWorkers& operator=(const OrderedWorkers&) = delete;

  // Waits for the tasks that have begun; the others are dropped.
  ~OrderedWorkers() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    work_.notify_all();
    threads_.clear();
  }

  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  [[nodiscard]] bool has_room() const { return slots_.size() < tasks_max_; }

  // Throws EnvironmentError where no thread can be had; the task is gone then. REQUIRES: has_room().
  void push(Task task) {
    assert(has_room());
    if (threads_.size() < threads_max_ && threads_.size() <= slots_.size()) start_thread();
    {
      const std::lock_guard lock(mutex_);
      slots_.push_back({.task = std::move(task)});
    }
    work_.notify_one();
  }

  // The oldest task, done. Throws what doing it threw; it is gone then, too. REQUIRES: size() > 0.
  [[nodiscard]] Task pop() {
    assert(!slots_.empty());
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return slots_.front().is_done; });
    Slot slot = std::move(slots_.front());
    slots_.pop_front();
    --begun_;
    if (slot.failure) std::rethrow_exception(slot.failure);
    return std::move(slot.task);
  }

 private:
  struct Slot {
    Task task;
    bool is_done = false;
    std::exception_ptr failure = nullptr;
  };

  // Where some run, the system's limit only makes it slower.
  void start_thread() {
    try {
      threads_.emplace_back([this] { work(); });
    } catch (const std::system_error& error) {
      if (threads_.empty()) {
        throw EnvironmentError(std::string("No thread can be started to work with (") + error.what() + ").");
      }
    }
  }

  void work() {
    Worker worker;
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [this] { return is_over_ || begun_ < slots_.size(); });
      if (is_over_) return;
      Slot& slot = slots_[begun_++];  // which stays where it is while others come and go
      lock.unlock();
      try {
        if (!worker) worker = make_worker_();
        worker(slot.task);
      } catch (...) {
        slot.failure = std::current_exception();
      }
      lock.lock();
      slot.is_done = true;
      done_.notify_one();
    }
  }

  const unsigned threads_max_;
  const std::size_t tasks_max_;
  const std::function<Worker()> make_worker_;

  std::mutex mutex_;  // guards what follows, but for the owner's own look at slots_.size()
  std::condition_variable work_;
  std::condition_variable done_;
  std::deque<Slot> slots_;  // the oldest in front
  std::size_t begun_ = 0;   // of slots_, from the front
  bool is_over_ = false;
  std::vector<std::jthread> threads_;  // the owner's
};

}  // namespace chatload
