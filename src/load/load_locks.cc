#include "load/load_locks.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "load/beat_watch.h"
#include "mysql/runner_name.h"

namespace chatload::load {

bool LoadLocks::take(const ledger::LoadRecord& load, const std::string& name, bool is_patient) {
  const auto who = [&](const std::string& holder) { return mysql::shown_holder(load.runner, holder); };
  const auto wait = is_patient ? run_.plan().ledger.wait_lock : std::chrono::milliseconds(0);
  const std::optional<std::string> holder =
      run_.control().lock(load.lock_name, wait, [&](const std::string& connection) {
        return fmt::format("{}: another run holds this load's lock ({})", name, who(connection));
      });
  if (!holder && is_dead(load)) {
    held_.insert(load.lock_name);
    return true;
  }
  if (!holder) run_.control().unlock(load.lock_name);
  if (run_.stop().requested()) throw Interrupted();
  if (!is_patient) return false;
  throw LoadError(
      fmt::format("{}: another run is loading it ({}); let it finish, or wait for it with --wait-lock DURATION.", name,
                  holder ? who(*holder) : mysql::shown_runner(load.runner)));
}

// Of a load whose lock is ours now: a run of --share that has lost it may live on. The beat decides how long this
// waits, whatever --wait-lock says.
bool LoadLocks::is_dead(const ledger::LoadRecord& load) {
  const auto look_up = [&] {
    const std::uint64_t connection = run_.control().times_opened();
    auto now = run_.control().run([&](mysql::Session& session) { return ledger::find_load(session, load.load_id); });
    return LookedUpLoad{.load = std::move(now), .connection = connection};
  };
  return load::is_dead(look_up, run_.stop());
}

}  // namespace chatload::load
