// Makes the writers wait while the server, or a replica of it, has too much to do.
#pragma once

#include <memory>
#include <thread>

#include "base/pause.h"
#include "mysql/endpoint.h"
#include "mysql/throttle_limits.h"

namespace chatload::mysql {

// While one lives, a thread of its own asks the server and the replicas once a second, and sets `pause` while a limit
// is exceeded; it logs when a pause begins and when it ends.
//
// A replica that cannot be asked, does not replicate or is none any more is a reason to pause as well. Of a server that
// cannot be asked what it said last holds for a while (last_verdict.h), with a warning; after that the writers meet it
// themselves, and bear with it for as long as --retry-for has it.
class Throttle {
 public:
  // Asks once: `pause` is set already where it has to be. pause outlives the throttle.
  // Throws UsageError for a status variable that the server has not or that is no number, and for a server that is no
  // replica; DatabaseError for one that may not be asked.
  Throttle(const Endpoint& server, const ThrottleLimits& limits, Pause& pause);
  Throttle(const Throttle&) = delete;
  Throttle& operator=(const Throttle&) = delete;

  // Takes a second at most: a server that does not answer is left to the thread, which touches nothing of ours any
  // more.
  ~Throttle();

 private:
  class Watch;
  std::shared_ptr<Watch> watch_;
  std::thread thread_;
};

}  // namespace chatload::mysql
