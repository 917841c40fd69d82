// Whether the run that has a load is alive.
//
// A run holds its load's named lock as long as its connection lives, and with --share counts up the load's beat. It is
// dead when the lock is free and, where it has a beat, this run itself has seen the beat stand still for kStillFor, by
// its own clock and over one connection: a server that was away, or a replica that lags, shows an old beat for as long
// as it likes. That a run is dead is only a reason to take its load over; what keeps it from writing should it wake is
// the fence (ledger/range_ledger.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/stop_signal.h"
#include "ledger/load_ledger.h"

namespace chatload::load {

enum class Life { kAlive, kDead, kUnknown };

// Of many loads. Single-threaded.
class BeatWatch {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::seconds kStillFor{60};
  // How often to look while a life is unknown.
  static constexpr std::chrono::milliseconds kPoll{1'000};

  // A look at a load. connection: a number that changes with the connection over which the record was read. What is
  // done, has no run, or ran in a process of this machine that is gone, is dead at once.
  [[nodiscard]] Life look(const ledger::LoadRecord& load, std::uint64_t connection, Clock::time_point now);

 private:
  struct Seen {
    std::string owner;
    std::uint64_t beat = 0;
    std::uint64_t connection = 0;
    Clock::time_point since;  // it has stood so
    bool has_moved = false;
  };

  std::map<std::uint64_t, Seen> seen_;  // by load
};

// A load as it is now, and the connection over which it was read.
struct LookedUpLoad {
  std::optional<ledger::LoadRecord> load;  // nothing where it is gone
  std::uint64_t connection = 0;
};

// Waits until it is known whether no run of the load is alive, which takes kStillFor at most; of a load that nobody
// counts up, no time. Throws Interrupted, and what look_up throws.
[[nodiscard]] bool is_dead(const std::function<LookedUpLoad()>& look_up, const StopSignal& stop);

// For the log, where a life is unknown.
[[nodiscard]] std::string watched_text(const ledger::LoadRecord& load);

}  // namespace chatload::load
