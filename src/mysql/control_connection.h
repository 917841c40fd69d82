// The connection beside the writers': it keeps the books of a load and holds its named locks.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/stop_signal.h"
#include "mysql/retry_policy.h"
#include "mysql/session.h"

namespace chatload::mysql {

// Thread-safe. Opened again where it is lost, and used every kKeepAlive by a thread of its own, so that the server does
// not close it behind a slow input.
class ControlConnection {
 public:
  using Connect = std::function<Session()>;
  // Half a sentence for the log about whoever is waited for, "connection 17". It may use this connection.
  using Say = std::function<std::string(const std::string& holder)>;
  // Nothing is a wait without end.
  using Wait = std::optional<std::chrono::milliseconds>;

  // A server closes a connection that idles for longer, as one does whose client has lost its power; its locks go with
  // it.
  static constexpr std::chrono::seconds kIdleMax{240};

  ControlConnection(Connect connect, RetryPolicy& retry, const StopSignal& stop);
  ControlConnection(const ControlConnection&) = delete;
  ControlConnection& operator=(const ControlConnection&) = delete;
  ~ControlConnection();

  // body(session), again with a new connection where that is lost and as long as the retry policy has it: body must
  // bear to be run twice. Throws DatabaseError; one of body's own passes.
  template <typename Body>
  auto run(Body body) {
    const std::lock_guard lock(mutex_);
    for (Attempts attempts;;) {
      try {
        return body(session());
      } catch (const ConnectError& error) {
        wait_after(error, attempts);
      } catch (const StatementError& error) {
        wait_after(error, attempts);
      }
    }
  }

  // body(session) once, or with a new connection once more. False where that failed, too.
  template <typename Body>
  bool attempt(Body body) noexcept {
    const std::lock_guard lock(mutex_);
    for (int attempts = 0; attempts < 2; ++attempts) {
      try {
        body(session());
        return true;
      } catch (const std::exception&) {
        session_.reset();
      }
    }
    return false;
  }

  // Takes a lock that keeps runs apart, and waits for it; both servers call it GET_LOCK. It goes with the connection,
  // and is asked for again with the next one. Who holds it, as far as the server knows, where it cannot be had in time:
  // "connection 17". say is called where it waits, and once a minute; null says nothing.
  [[nodiscard]] std::optional<std::string> lock(const std::string& name, Wait wait, const Say& say);

  // Waits until no other connection holds the lock, and does not take it. Returns what lock() does.
  [[nodiscard]] std::optional<std::string> wait_for_others(const std::string& name, Wait wait, const Say& say);

  // How often a connection was asked for. As long as that is the same, it is the same connection.
  [[nodiscard]] std::uint64_t times_opened() const;

  void unlock(const std::string& name) noexcept;
  void unlock_all() noexcept;

 private:
  struct Attempts {
    RetryPolicy::Clock::time_point since;  // of the first
    unsigned failures = 0;
  };

  struct NamedLock {
    std::string name;
    bool is_held = false;  // by the connection
  };

  // Who is in the way at last, if anybody.
  [[nodiscard]] std::optional<std::string> poll(Wait wait, const Say& say,
                                                const std::function<std::optional<std::string>(Session&)>& holder);
  Session& session();
  void ask_for_lock_again(NamedLock& lock);
  void release(const NamedLock& lock) noexcept;
  [[nodiscard]] bool wait(Attempts& attempts, const std::string& trouble);
  void wait_after(const ConnectError& error, Attempts& attempts);
  void wait_after(const StatementError& error, Attempts& attempts);
  void keep_alive();

  const Connect connect_;
  RetryPolicy& retry_;
  const StopSignal& stop_;
  mutable std::mutex mutex_;  // guards all but keeper_
  std::optional<Session> session_;
  std::uint64_t times_opened_ = 0;
  std::vector<NamedLock> locks_;  // those that are wanted
  bool ends_ = false;
  std::condition_variable ending_;
  std::thread keeper_;  // last: it uses all of the above
};

}  // namespace chatload::mysql
