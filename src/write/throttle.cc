// The lag is what the replica says of itself: Seconds_Behind_Source (MySQL) or Seconds_Behind_Master (MariaDB), whole
// seconds, NULL where replication is stopped or has lost its source; one row a channel (MySQL 9 manual, "SHOW REPLICA
// STATUS Statement"; MariaDB knowledge base, "SHOW REPLICA STATUS").
#include "write/throttle.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdint>
#include <exception>
#include <utility>

#include "base/errors.h"
#include "base/quantity.h"

namespace chatload::write {
namespace {

constexpr std::chrono::seconds kAskEvery{1};
// Whoever takes longer to say how it is has too much to do.
constexpr std::uint32_t kReadTimeoutSeconds = 5;

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

Throttle::Throttle(const Endpoint& server, const ThrottleLimits& limits, Pause& pause)
    : limits_(limits), pause_(pause), server_{server, std::nullopt} {
  for (const Endpoint& replica : limits_.replicas) replicas_.push_back({replica, std::nullopt});
  require_variables();
  for (Asked& replica : replicas_) require_replica(replica);
  check();
  thread_ = std::thread([this] { watch(); });
}

Throttle::~Throttle() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  ending_.notify_one();
  thread_.join();
}

Session& Throttle::session(Asked& asked) {
  if (!asked.session) asked.session = Session::connect(asked.endpoint, kReadTimeoutSeconds);
  return *asked.session;
}

void Throttle::require_variables() {
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
        fmt::format("The server's status cannot be read for --max-load ({}); mend that first.", error.what()));
  }
}

// One that is only away for now is a reason to wait for it.
void Throttle::require_replica(Asked& replica) {
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

void Throttle::watch() {
  const ClientThread client_thread;
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, kAskEvery, [this] { return ends_; })) {
    lock.unlock();
    check();
    lock.lock();
  }
}

void Throttle::check() {
  std::string reason = load_reason();
  for (auto replica = replicas_.begin(); reason.empty() && replica != replicas_.end(); ++replica) {
    reason = replica_reason(*replica);
  }
  const auto now = std::chrono::steady_clock::now();
  if (!reason.empty() && !pause_.is_set()) {
    paused_since_ = now;
    spdlog::info("No transaction is begun for now: {}.", reason);
  } else if (reason.empty() && pause_.is_set()) {
    const auto paused_for = std::chrono::ceil<std::chrono::seconds>(now - paused_since_);
    spdlog::info("Transactions are begun again, after {}.", format_duration(paused_for));
  }
  pause_.set(std::move(reason));
}

std::string Throttle::load_reason() {
  try {
    for (const LoadLimit& limit : limits_.max_load) {
      const auto value = status_value(session(server_), limit.variable);
      if (const auto excess = load_excess(limit, value.value_or(""))) return *excess;
    }
  } catch (const std::exception&) {
    server_.session.reset();  // and no reason: see the header
  }
  return "";
}

std::string Throttle::replica_reason(Asked& replica) {
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

}  // namespace chatload::write
