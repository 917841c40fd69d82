// The lag is what the replica says of itself: Seconds_Behind_Source (MySQL) or Seconds_Behind_Master (MariaDB), whole
// seconds, NULL where replication is stopped or has lost its source; one row a channel (MySQL 9 manual, "SHOW REPLICA
// STATUS Statement"; MariaDB knowledge base, "SHOW REPLICA STATUS").
#include "mysql/throttle.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "mysql/last_verdict.h"
#include "mysql/session.h"
#include "mysql/sql_text.h"

namespace chatload::mysql {
namespace {

constexpr std::chrono::seconds kAskEvery{1};
// Whoever takes longer to say how it is has too much to do.
constexpr std::uint32_t kAnswerTimeoutSeconds = 5;
constexpr std::chrono::seconds kFarewell{1};

std::optional<std::string> status_value(Session& session, const std::string& variable) {
  const auto rows = session.query("SHOW GLOBAL STATUS WHERE Variable_name = " + quote_text(variable));
  return rows.empty() ? std::nullopt : rows.front().at(1);
}

// A channel each; none where it is no replica.
std::vector<std::optional<std::uint64_t>> seconds_behind(Session& session) {
  const bool is_mariadb = session.server().server == Server::kMariadb;
  std::vector<std::optional<std::uint64_t>> channels;
  for (const NamedRow& row : session.query_named(is_mariadb ? "SHOW ALL SLAVES STATUS" : "SHOW REPLICA STATUS")) {
    const auto& cell = row.at(is_mariadb ? "Seconds_Behind_Master" : "Seconds_Behind_Source");
    channels.push_back(cell ? std::optional(to_number(cell)) : std::nullopt);
  }
  return channels;
}

}  // namespace

// What the thread works on. It lives on with the thread where that waits for a reply that may never come, since a
// session cannot be closed under the thread that reads it.
class Throttle::Watch {
 public:
  Watch(const Endpoint& server, const ThrottleLimits& limits, Pause& pause)
      : limits_(limits), server_{server, std::nullopt}, pause_(pause) {
    for (const Endpoint& replica : limits_.replicas) replicas_.push_back({replica, std::nullopt});
    require_variables();
    for (Asked& replica : replicas_) require_replica(replica);
    check();
  }

  void run();

  // From now on nothing is logged, and pause is left alone. False where run() is still waiting for somebody's reply.
  [[nodiscard]] bool end();

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
  void settle(std::string reason);
  [[nodiscard]] std::string load_reason();
  [[nodiscard]] std::string replica_reason(Asked& replica);

  // run() only, once it runs.
  const ThrottleLimits limits_;
  Asked server_;
  LastVerdict last_verdict_;  // of server_
  bool has_warned_ = false;   // since server_ answered last
  std::vector<Asked> replicas_;
  std::chrono::steady_clock::time_point paused_since_;

  std::mutex mutex_;  // guards all below
  Pause& pause_;
  bool ends_ = false;
  bool has_ended_ = false;
  std::condition_variable ending_;
  std::condition_variable ended_;
};

Throttle::Throttle(const Endpoint& server, const ThrottleLimits& limits, Pause& pause)
    : watch_(std::make_shared<Watch>(server, limits, pause)), thread_([watch = watch_]() mutable {
        const ClientThread client_thread;
        watch->run();
        watch.reset();  // the sessions end before the client library's state of the thread does
      }) {}

Throttle::~Throttle() { watch_->end() ? thread_.join() : thread_.detach(); }

Session& Throttle::Watch::session(Asked& asked) {
  if (!asked.session) asked.session = Session::connect(asked.endpoint, kAnswerTimeoutSeconds);
  return *asked.session;
}

void Throttle::Watch::require_variables() {
  try {
    for (const LoadLimit& limit : limits_.max_load) {
      const std::optional<std::string> value = status_value(session(server_), limit.variable);
      if (!value) {
        throw UsageError(
            fmt::format("--max-load names '{}', which is no status variable of the server; SHOW GLOBAL "
                        "STATUS lists them.",
                        limit.variable));
      }
      if (!status_number(*value)) {
        throw UsageError(
            fmt::format("--max-load names {}, which is no number but '{}'; name one that is.", limit.variable, *value));
      }
    }
  } catch (const StatementError& error) {
    throw DatabaseError(
        fmt::format("The server's status cannot be read for --max-load ({}); fix that first.", error.what()));
  }
}

// One that is only away for now is a reason to wait for it.
void Throttle::Watch::require_replica(Asked& replica) {
  try {
    if (!seconds_behind(session(replica)).empty()) return;
    throw UsageError(fmt::format("--replica names {}, which replicates from nobody; name a replica of the server.",
                                 replica.endpoint.display()));
  } catch (const ConnectError& error) {
    if (!can_come_back(error)) throw;
  } catch (const StatementError& error) {
    throw DatabaseError(
        fmt::format("{} does not say how far it lags ({}); grant the user REPLICATION CLIENT there, on "
                    "MariaDB SLAVE MONITOR.",
                    replica.endpoint.display(), error.what()));
  }
}

void Throttle::Watch::run() {
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, kAskEvery, [this] { return ends_; })) {
    lock.unlock();
    check();
    lock.lock();
  }
  has_ended_ = true;
  ended_.notify_one();
}

bool Throttle::Watch::end() {
  std::unique_lock lock(mutex_);
  ends_ = true;
  ending_.notify_one();
  return ended_.wait_for(lock, kFarewell, [this] { return has_ended_; });
}

void Throttle::Watch::check() {
  std::string reason = load_reason();
  for (auto replica = replicas_.begin(); reason.empty() && replica != replicas_.end(); ++replica) {
    reason = replica_reason(*replica);
  }
  settle(std::move(reason));
}

void Throttle::Watch::settle(std::string reason) {
  const std::lock_guard lock(mutex_);
  if (ends_) return;
  const auto now = std::chrono::steady_clock::now();
  if (!reason.empty() && !pause_.is_set()) {
    paused_since_ = now;
    log_info(fmt::format("Paused: {}.", reason));
  } else if (reason.empty() && pause_.is_set()) {
    const auto paused_for = std::chrono::ceil<std::chrono::seconds>(now - paused_since_);
    log_info(fmt::format("Continues after a pause of {}.", format_duration(paused_for)));
  }
  pause_.set(std::move(reason));
}

std::string Throttle::Watch::load_reason() {
  try {
    std::string reason;
    for (auto limit = limits_.max_load.begin(); reason.empty() && limit != limits_.max_load.end(); ++limit) {
      const auto value = status_value(session(server_), limit->variable);
      reason = load_excess(*limit, value.value_or("")).value_or("");
    }
    has_warned_ = false;
    return last_verdict_.heard(std::move(reason), LastVerdict::Clock::now());
  } catch (const std::exception& error) {
    server_.session.reset();
    const std::lock_guard lock(mutex_);
    if (!ends_ && !std::exchange(has_warned_, true)) {
      log_warning(fmt::format("The server's status cannot be read for --max-load ({}); its last answer counts for {}.",
                              error.what(), format_duration(LastVerdict::kHoldsFor)));
    }
    return last_verdict_.held(LastVerdict::Clock::now());
  }
}

std::string Throttle::Watch::replica_reason(Asked& replica) {
  std::optional<std::string> excess;
  try {
    excess = lag_excess(seconds_behind(session(replica)), *limits_.max_lag);
  } catch (const ConnectError& error) {
    excess = fmt::format("cannot be reached (error {})", error.code());
  } catch (const StatementError& error) {
    replica.session.reset();
    excess = fmt::format("cannot be asked (error {})", error.code());
  }
  if (!excess) return "";
  return replicas_.size() == 1 ? "replica " + *excess
                               : fmt::format("replica {} {}", replica.endpoint.display(), *excess);
}

}  // namespace chatload::mysql
