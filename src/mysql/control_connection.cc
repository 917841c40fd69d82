#include "mysql/control_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/quantity.h"
#include "mysql/error_remedy.h"
#include "mysql/sql_text.h"

namespace chatload::mysql {
namespace {

// Well below any wait_timeout, and below the minutes after which firewalls forget a silent connection.
constexpr std::chrono::seconds kKeepAlive{30};
// A wait for the lock in parts, so that a signal ends it.
constexpr std::chrono::milliseconds kLockPoll{500};

// The connection that has it, if any.
std::optional<std::string> holder_of(Session& session, const std::string& name) {
  return session.query("SELECT IS_USED_LOCK(" + quote_text(name) + ")").at(0).at(0);
}

}  // namespace

ControlConnection::ControlConnection(Connect connect, RetryPolicy& retry, const StopSignal& stop)
    : connect_(std::move(connect)), retry_(retry), stop_(stop), keeper_([this] { keep_alive(); }) {}

ControlConnection::~ControlConnection() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  ending_.notify_one();
  keeper_.join();
}

// REQUIRES: mutex_ is held.
Session& ControlConnection::session() {
  if (!session_) {
    for (NamedLock& lock : locks_) lock.is_held = false;
    ++times_opened_;
    session_ = connect_();
  }
  for (NamedLock& lock : locks_) {
    if (!lock.is_held) ask_for_lock_again(lock);
  }
  return *session_;
}

// A courtesy to people only: what keeps another run from writing is the owner in the load's row, and what keeps an
// index from being lost is its note. Where our own lost connection still holds the lock, the server gives it back when
// it notices, and a later call gets it.
void ControlConnection::ask_for_lock_again(NamedLock& lock) {
  try {
    lock.is_held = get_lock(*session_, lock.name);
  } catch (const StatementError&) {
    session_.reset();
    throw;
  }
}

bool ControlConnection::wait(Attempts& attempts, const std::string& trouble) {
  if (attempts.failures == 0) attempts.since = RetryPolicy::Clock::now();
  return retry_.wait(attempts.since, attempts.failures++, trouble);
}

void ControlConnection::wait_after(const ConnectError& error, Attempts& attempts) {
  if (!retry_.may_redo(error)) throw error;
  if (wait(attempts, error.what())) return;
  if (stop_.requested()) throw Interrupted();
  throw error;
}

void ControlConnection::wait_after(const StatementError& error, Attempts& attempts) {
  if (classify(error) != ErrorClass::kRetry) session_.reset();
  if (retry_.may_redo(error) && wait(attempts, error.what())) return;
  if (stop_.requested()) throw Interrupted();
  const std::string within =
      retry_.may_redo(error) ? fmt::format(" within {} (--retry-for)", format_duration(retry_.retry_for())) : "";
  throw DatabaseError(
      fmt::format("The table or the ledger cannot be read or written{}: {}; {} and run the same command again.", within,
                  error.what(), remedy(error, "use an account with the grants in docs/operating.md")));
}

void ControlConnection::keep_alive() {
  const ClientThread client_thread;
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, kKeepAlive, [this] { return ends_; })) {
    try {
      session().execute("DO 1");
    } catch (const std::exception&) {
      session_.reset();  // whoever needs it next says so if it does not come back
    }
  }
}

std::optional<std::string> ControlConnection::lock(const std::string& name, Wait wait, const Say& say) {
  return poll(wait, say, [&](Session& session) -> std::optional<std::string> {
    if (!get_lock(session, name)) return holder_of(session, name).value_or("?");
    locks_.push_back({name, true});
    return std::nullopt;
  });
}

std::optional<std::string> ControlConnection::wait_for_others(const std::string& name, Wait wait, const Say& say) {
  return poll(wait, say, [&](Session& session) -> std::optional<std::string> {
    std::optional<std::string> holder = holder_of(session, name);
    return holder == std::to_string(session.connection_id()) ? std::nullopt : holder;
  });
}

std::optional<std::string> ControlConnection::poll(
    Wait wait, const Say& say, const std::function<std::optional<std::string>(Session&)>& holder_now) {
  const auto begun = RetryPolicy::Clock::now();
  for (auto say_at = begun;;) {
    std::optional<std::string> holder = run(holder_now);
    if (!holder) return holder;
    holder = "connection " + *holder;
    const auto now = RetryPolicy::Clock::now();
    const auto left = wait ? std::chrono::duration_cast<std::chrono::milliseconds>(begun + *wait - now) : kLockPoll;
    if (left.count() <= 0 || stop_.requested()) return holder;
    if (now >= say_at && say) {
      const std::string until = wait ? fmt::format("for up to {} (--wait-lock)",
                                                   format_duration(std::chrono::ceil<std::chrono::seconds>(left)))
                                     : "until it ends (--wait-lock DURATION sets a limit)";
      log_info(fmt::format("{}; waiting {}.", say(*holder), until));
      say_at = now + kSaidEvery;
    }
    if (stop_.wait_for(std::min(kLockPoll, left))) return holder;
  }
}

std::uint64_t ControlConnection::times_opened() const {
  const std::lock_guard lock(mutex_);
  return times_opened_;
}

// A lock that cannot be given back goes with the connection. REQUIRES: mutex_ is held.
void ControlConnection::release(const NamedLock& lock) noexcept {
  try {
    if (session_ && lock.is_held) session_->execute("DO RELEASE_LOCK(" + quote_text(lock.name) + ")");
  } catch (const std::exception&) {
    session_.reset();
  }
}

void ControlConnection::unlock(const std::string& name) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(locks_.begin(), locks_.end(), [&](const auto& one) { return one.name == name; });
  if (found == locks_.end()) return;
  release(*found);
  locks_.erase(found);
}

void ControlConnection::unlock_all() noexcept {
  const std::lock_guard lock(mutex_);
  for (const NamedLock& one : locks_) release(one);
  locks_.clear();
}

}  // namespace chatload::mysql
