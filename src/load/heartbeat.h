// --share: tells other hosts that this run is alive, whatever else it waits for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "mysql/session.h"

namespace chatload::load {

// Counts up the beat of one load, over a connection and in a thread of its own. A beat that fails is not reported: the
// next one opens a new connection, and if none comes through, other runs take the load over.
class Heartbeat {
 public:
  // A twelfth of the time after which others take a run for dead (beat_watch.h).
  static constexpr std::chrono::milliseconds kPeriod{5'000};

  // connect: from the thread of the beat.
  explicit Heartbeat(std::function<mysql::Session()> connect, std::chrono::milliseconds period = kPeriod);
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;
  ~Heartbeat();

  // From now on, and at once: of this load, whose row has that owner.
  void begin(std::uint64_t load_id, std::string owner);
  // Of none.
  void end();

 private:
  struct Beating {
    std::uint64_t load_id;
    std::string owner;
  };

  void run();
  void beat(const Beating& load) noexcept;

  const std::function<mysql::Session()> connect_;
  const std::chrono::milliseconds period_;
  std::optional<mysql::Session> session_;  // the thread's alone
  std::mutex mutex_;                       // guards what follows
  std::condition_variable changed_;
  std::optional<Beating> load_;
  bool is_new_ = false;  // load_ has not had a beat yet
  bool ends_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace chatload::load
