// A load needs two connections at a time: one keeps its books, and one writes rows, builds indexes or reads rejects,
// each at its time. --max-load has one more, and --share. What is there beyond that are further writers.
//
// @@max_user_connections of a session is its account's limit, or else the server's for every account; 0 is none (MySQL
// manual, "Setting Account Resource Limits"). Other sessions of the account count too, and the server has a limit for
// all, so that an open may fail all the same.
#include "load/writer_sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "mysql/statement_error.h"

namespace chatload::load {
namespace {

using Clock = mysql::RetryPolicy::Clock;

// The server needs a moment to notice that the connections of a killed run are gone.
constexpr std::chrono::seconds kGoneAfter{5};
constexpr std::chrono::milliseconds kGonePoll{200};

}  // namespace

WriterSessions::WriterSessions(const cli::WritePlan& plan, Connect connect, mysql::RetryPolicy& retry,
                               const StopSignal& stop)
    : plan_(plan), connect_(std::move(connect)), retry_(retry), stop_(stop) {}

mysql::Session WriterSessions::connect_patiently() {
  const auto since = Clock::now();
  for (unsigned failures = 0;;) {
    try {
      return connect_();
    } catch (const mysql::ConnectError& error) {
      if (retry_.may_redo(error) && retry_.wait(since, failures++, error.what())) continue;
      if (stop_.requested()) throw Interrupted();
      throw;
    }
  }
}

mysql::Session& WriterSessions::first() {
  if (sessions_.empty()) sessions_.push_back(connect_patiently());
  return sessions_.front();
}

void WriterSessions::require_enough(unsigned beside) {
  const unsigned needed = beside + 1;
  const std::uint64_t limit = mysql::to_number(first().query("SELECT @@max_user_connections").at(0).at(0));
  if (limit == 0) return;
  if (limit < needed) {
    throw DatabaseError(fmt::format(
        "The user {} may have {} {} to {} at once (MAX_USER_CONNECTIONS), and this load needs {}; run ALTER "
        "USER ... WITH MAX_USER_CONNECTIONS {}, or more for more writers, and then the same command again.",
        plan_.endpoint.user, limit, limit == 1 ? "connection" : "connections", plan_.endpoint.display(), needed,
        needed));
  }
  account_has_ = static_cast<unsigned>(std::min<std::uint64_t>(limit - needed + 1, plan_.connections));
}

unsigned WriterSessions::allowed(unsigned fitting) const { return std::min(fitting, account_has_.value_or(fitting)); }

std::span<mysql::Session> WriterSessions::open(const std::string& input, unsigned fitting) {
  const unsigned wanted = allowed(fitting);
  while (sessions_.size() > wanted) sessions_.pop_back();
  while (sessions_.size() < wanted && open_one_more()) {
  }
  if (sessions_.size() < fitting && sessions_.size() != count_said_) {
    count_said_ = sessions_.size();
    log_warning(fmt::format("{}: {} of {} connections write, because the {}.", input, count_said_, fitting,
                            count_said_ == account_has_
                                ? "user may have no more (MAX_USER_CONNECTIONS)"
                                : "server gives no more (max_connections, MAX_USER_CONNECTIONS)"));
  }
  return sessions_;
}

// False where the server gives none, after a wait for those of a run that has just ended.
bool WriterSessions::open_one_more() {
  for (const auto give_up_at = Clock::now() + kGoneAfter; !sessions_.empty();) {
    try {
      sessions_.push_back(connect_());
      return true;
    } catch (const mysql::ConnectError& error) {
      if (!mysql::is_limit_of_connections(error)) break;
      has_waited_ = has_waited_ || Clock::now() >= give_up_at;
      if (has_waited_) return false;
    }
    if (stop_.wait_for(kGonePoll)) throw Interrupted();
  }
  sessions_.push_back(connect_patiently());
  return true;
}

}  // namespace chatload::load
