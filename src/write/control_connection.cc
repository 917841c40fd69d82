#include "write/control_connection.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/quantity.h"

namespace chatload::write {
namespace {

// Well below any wait_timeout, and below the minutes after which firewalls forget a silent connection.
constexpr std::chrono::seconds kKeepAlive{30};
// A wait for the lock in parts, so that a signal ends it.
constexpr std::chrono::milliseconds kLockPoll{500};

bool get_lock(Session& session, const std::string& name) {
  return session.query("SELECT GET_LOCK(" + quote_text(name) + ", 0)").at(0).at(0) == "1";
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
    session_ = connect_();
    // A courtesy to people only: what keeps another run from writing is the owner in the load's row.
    if (!lock_name_.empty() && !get_lock(*session_, lock_name_)) {
      spdlog::warn("The connection that held this load's lock was lost, and another run holds the lock now.");
      lock_name_.clear();
    }
  }
  return *session_;
}

void ControlConnection::wait_after(const ConnectError& error, Attempts& attempts) {
  if (!can_come_back(error) && !retry_.has_committed()) throw error;
  if (!retry_.wait(attempts.since, attempts.failures++, error.what())) throw error;
}

void ControlConnection::wait_after(const StatementError& error, Attempts& attempts) {
  const ErrorClass kind = classify(error);
  const bool may_pass = kind == ErrorClass::kRetry || kind == ErrorClass::kConnectionLost ||
                        (kind == ErrorClass::kReadOnly && retry_.has_committed());
  if (kind != ErrorClass::kRetry) session_.reset();
  if (may_pass && retry_.wait(attempts.since, attempts.failures++, error.what())) return;
  throw DatabaseError(fmt::format("The ledger cannot be read or written: {}.", error.what()));
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

std::optional<std::string> ControlConnection::lock(const std::string& name, std::chrono::milliseconds wait) {
  const auto give_up_at = RetryPolicy::Clock::now() + wait;
  for (bool is_first = true;; is_first = false) {
    std::optional<std::string> holder = run([&](Session& session) -> std::optional<std::string> {
      if (get_lock(session, name)) {
        lock_name_ = name;
        return std::nullopt;
      }
      return "connection " + session.query("SELECT IS_USED_LOCK(" + quote_text(name) + ")").at(0).at(0).value_or("?");
    });
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(give_up_at - RetryPolicy::Clock::now());
    if (!holder || left.count() <= 0 || stop_.requested()) return holder;
    if (is_first) {
      spdlog::info("Another run holds this load's lock ({}); waiting for up to {} (--wait-lock).", *holder,
                   format_duration(wait));
    }
    if (stop_.wait_for(std::min(kLockPoll, left))) return holder;
  }
}

// A lock that cannot be given back goes with the connection.
void ControlConnection::unlock() noexcept {
  attempt([this](Session& session) {
    if (lock_name_.empty()) return;
    session.execute("DO RELEASE_LOCK(" + quote_text(lock_name_) + ")");
    lock_name_.clear();
  });
}

}  // namespace chatload::write
