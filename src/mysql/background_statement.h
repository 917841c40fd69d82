// A statement that takes long, on a session and in a thread of its own, so that whoever waits for it can do otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>

#include "mysql/session.h"

namespace chatload::mysql {

// Used by one thread. Destroyed before its end, it cuts the connection: the thread gets an error at once, and the
// server may go on with the statement.
class BackgroundStatement {
 public:
  BackgroundStatement(Session session, std::function<void(Session&)> body);
  BackgroundStatement(const BackgroundStatement&) = delete;
  BackgroundStatement& operator=(const BackgroundStatement&) = delete;
  ~BackgroundStatement();

  [[nodiscard]] std::uint64_t connection_id() const { return session_.connection_id(); }
  [[nodiscard]] bool ends_within(std::chrono::milliseconds time) const;

  // Rethrows what body threw. REQUIRES: ends_within() was true.
  void get();

 private:
  Session session_;
  const int socket_;       // the same connection, and ours: the client library closes its own where it finds it lost
  std::future<void> end_;  // waits for its thread when it goes
};

}  // namespace chatload::mysql
