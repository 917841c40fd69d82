// A statement that takes long, on a session and in a thread of its own, so that whoever waits for it can do otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <thread>

#include "mysql/session.h"

namespace chatload::mysql {

// Used by one thread. Destroyed before its end, it is left to itself: a reply that never comes cannot be waited for,
// and a session cannot be closed under the thread that reads it.
class BackgroundStatement {
 public:
  // body must hold nothing by reference that ends before the process does.
  BackgroundStatement(Session session, std::function<void(Session&)> body);
  BackgroundStatement(const BackgroundStatement&) = delete;
  BackgroundStatement& operator=(const BackgroundStatement&) = delete;
  ~BackgroundStatement();

  [[nodiscard]] std::uint64_t connection_id() const { return connection_id_; }
  [[nodiscard]] bool ends_within(std::chrono::milliseconds time) const;

  // Rethrows what body threw. REQUIRES: ends_within() was true.
  void get();

 private:
  std::uint64_t connection_id_;
  std::future<void> end_;
  std::thread thread_;
};

}  // namespace chatload::mysql
