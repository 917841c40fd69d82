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
    has_lock_ = false;
    session_ = connect_();
  }
  if (!lock_name_.empty() && !has_lock_) ask_for_lock_again();
  return *session_;
}

// A courtesy to people only: what keeps another run from writing is the owner in the load's row. Where our own lost
// connection still holds the lock, the server gives it back when it notices, and a later call gets it.
void ControlConnection::ask_for_lock_again() {
  try {
    has_lock_ = get_lock(*session_, lock_name_);
  } catch (const StatementError&) {
    session_.reset();
    throw;
  }
}

void ControlConnection::wait_after(const ConnectError& error, Attempts& attempts) {
  if (!can_come_back(error) && !retry_.has_committed()) throw error;
  if (retry_.wait(attempts.since, attempts.failures++, error.what())) return;
  if (stop_.requested()) throw Interrupted();
  throw error;
}

void ControlConnection::wait_after(const StatementError& error, Attempts& attempts) {
  const ErrorClass kind = classify(error);
  const bool may_pass = kind == ErrorClass::kRetry || kind == ErrorClass::kConnectionLost ||
                        (kind == ErrorClass::kReadOnly && retry_.has_committed());
  if (kind != ErrorClass::kRetry) session_.reset();
  if (may_pass && retry_.wait(attempts.since, attempts.failures++, error.what())) return;
  if (stop_.requested()) throw Interrupted();
  throw DatabaseError(
      fmt::format("The ledger cannot be read or written: {}; mend that and run the same command again.", error.what()));
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
        has_lock_ = true;
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
  const std::lock_guard lock(mutex_);
  try {
    if (session_ && has_lock_) session_->execute("DO RELEASE_LOCK(" + quote_text(lock_name_) + ")");
  } catch (const std::exception&) {
    session_.reset();
  }
  lock_name_.clear();
  has_lock_ = false;
}

}  // namespace chatload::write
