// Makes the writers wait while the server, or a replica of it, has too much to do.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/pause.h"
#include "write/endpoint.h"
#include "write/session.h"
#include "write/throttle_limits.h"

namespace chatload::write {

// While one lives, a thread of its own asks the server and the replicas once a second, and sets `pause` while a limit
// is exceeded; it logs when a pause begins and when it ends.
//
// A replica that cannot be asked, does not replicate or is none any more is a reason to pause as well. A server that
// cannot be asked is not: the writers meet it themselves, and bear with it for as long as --retry-for has it.
class Throttle {
 public:
  // Asks once: `pause` is set already where it has to be. pause outlives the throttle.
  // Throws UsageError for a status variable that the server has not or that is no number, and for a server that is no
  // replica; DatabaseError for one that may not be asked.
  Throttle(const Endpoint& server, const ThrottleLimits& limits, Pause& pause);
  Throttle(const Throttle&) = delete;
  Throttle& operator=(const Throttle&) = delete;
  ~Throttle();

 private:
  // Who is asked, and the connection for it, opened when it is needed.
  struct Asked {
    Endpoint endpoint;
    std::optional<Session> session;
  };

  [[nodiscard]] static Session& session(Asked& asked);
  void require_variables();
  static void require_replica(Asked& replica);
  void check();
  [[nodiscard]] std::string load_reason();
  [[nodiscard]] std::string replica_reason(Asked& replica);
  void watch();

  const ThrottleLimits limits_;
  Pause& pause_;
  Asked server_;
  std::vector<Asked> replicas_;
  std::chrono::steady_clock::time_point paused_since_;
  std::mutex mutex_;  // guards ends_
  bool ends_ = false;
  std::condition_variable ending_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace chatload::write
