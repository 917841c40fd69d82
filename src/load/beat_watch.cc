#include "load/beat_watch.h"

#include <fmt/format.h>

#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "mysql/runner_name.h"

namespace chatload::load {

Life BeatWatch::look(const ledger::LoadRecord& load, std::uint64_t connection, Clock::time_point now) {
  if (load.state == ledger::LoadState::kDone || load.is_superseded) return Life::kDead;
  if (load.is_locked) return Life::kAlive;  // also of a load that has ended badly: its run has other things to do yet
  if (load.state != ledger::LoadState::kRunning) return Life::kDead;
  if (!load.beat || mysql::is_gone(load.runner)) return Life::kDead;
  const auto [found, is_first] = seen_.try_emplace(load.load_id);
  Seen& seen = found->second;
  if (is_first || seen.owner != load.owner || seen.connection != connection) {
    seen = {load.owner, *load.beat, connection, now};
  } else if (seen.beat != *load.beat) {
    seen = {load.owner, *load.beat, connection, now, /*has_moved=*/true};
  }
  if (now - seen.since >= kStillFor) return Life::kDead;
  return seen.has_moved ? Life::kAlive : Life::kUnknown;
}

bool is_dead(const std::function<LookedUpLoad()>& look_up, const StopSignal& stop) {
  BeatWatch watch;
  for (bool has_said = false;;) {
    const LookedUpLoad now = look_up();
    if (!now.load) return true;
    const Life life = watch.look(*now.load, now.connection, BeatWatch::Clock::now());
    if (life != Life::kUnknown) return life == Life::kDead;
    if (!std::exchange(has_said, true)) log_info(watched_text(*now.load));
    if (stop.wait_for(BeatWatch::kPoll)) throw Interrupted();
  }
}

std::string watched_text(const ledger::LoadRecord& load) {
  return fmt::format(
      "The run of load {} ({}) has lost its lock. It counts as dead when its beat has stood still for {}.",
      load.load_id, mysql::shown_runner(load.runner), format_duration(BeatWatch::kStillFor));
}

}  // namespace chatload::load
