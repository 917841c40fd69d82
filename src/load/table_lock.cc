#include "load/table_lock.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "mysql/retry_policy.h"
#include "mysql/sql_text.h"
#include "table/deferred_indexes.h"

namespace chatload::load {
namespace {

using mysql::Session;
using Clock = mysql::RetryPolicy::Clock;
using std::chrono::milliseconds;

// A load that only looks whether it could have the table holds its lock for a moment.
constexpr milliseconds kGlance{1'000};

milliseconds at_least_a_glance(milliseconds wait) { return std::max(kGlance, wait); }

}  // namespace

TableLock::TableLock(std::string table, Wait wait, mysql::ControlConnection& control, const StopSignal& stop)
    : table_(std::move(table)), wait_(wait), control_(control), stop_(stop) {
  lock_ = control_.run([&](Session& session) { return table::table_lock_name(session, table_); });
}

std::optional<std::string> TableLock::take_alone(const std::string& name, bool waits_for_loads) {
  const auto begun = Clock::now();
  for (auto say_at = begun;;) {
    Wait left = wait_;
    if (left) left = at_least_a_glance(std::chrono::duration_cast<milliseconds>(begun + *wait_ - Clock::now()));
    if (const auto holder = control_.lock(lock_, left, say())) refuse(name, *holder);
    is_taken_ = true;
    auto other = control_.run([&](Session& session) { return table::other_load(session, table_); });
    if (!other) return std::nullopt;
    leave();
    const auto now = Clock::now();
    if (!waits_for_loads || (wait_ && now >= begun + *wait_)) return other;
    if (now >= say_at) {
      log_info(fmt::format("{} writes into the table; waiting until it ends or --wait-lock is over.", *other));
      say_at = now + kSaidEvery;
    }
    if (stop_.wait_for(kStopPoll)) throw Interrupted();
  }
}

void TableLock::wait_for_others(const std::string& name) {
  const Wait wait = wait_ ? Wait(at_least_a_glance(*wait_)) : std::nullopt;
  if (const auto holder = control_.wait_for_others(lock_, wait, say())) refuse(name, *holder);
}

bool TableLock::take(Wait wait) {
  is_taken_ = !control_.lock(lock_, wait, say());
  return is_taken_;
}

void TableLock::leave() {
  if (is_taken_) control_.unlock(lock_);
  is_taken_ = false;
}

bool TableLock::is_held_by(Session& session) const {
  return session.query("SELECT IS_USED_LOCK(" + mysql::quote_text(lock_) + ") = CONNECTION_ID()").at(0).at(0) == "1";
}

void TableLock::refuse(const std::string& name, const std::string& holder) {
  if (stop_.requested()) throw Interrupted();
  throw LoadError(
      fmt::format("{}: another load has the table for itself ({}), because it builds the table's indexes at its "
                  "end; let it finish, or wait for it with a longer --wait-lock.",
                  name, who(holder)));
}

mysql::ControlConnection::Say TableLock::say() const {
  if (wait_ && *wait_ <= kGlance) return nullptr;
  return [this](const std::string& holder) {
    return fmt::format("Another load has the table for itself, to build its indexes at its end ({})", who(holder));
  };
}

std::string TableLock::who(const std::string& holder) const {
  const auto load = control_.run([&](Session& session) { return table::load_of(session, table_, holder); });
  return load.value_or(holder);
}

}  // namespace chatload::load
