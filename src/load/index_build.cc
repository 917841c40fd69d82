// The build may take hours, longer than any reasonable wait for a reply. So it has a thread and a session without a
// read timeout, while the control connection, which has one, asks every kServerPoll whether the server still has that
// session: a server that died without a word is noticed there, and a build that waits for the table's metadata lock.
// That lock is waited for by the server, at the start of the build and at its end; one setting bounds both waits. It is
// --retry-for, since a shorter one would throw hours of work away at the end for a query of half a minute.
#include "load/index_build.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "mysql/background_statement.h"
#include "mysql/error_remedy.h"
#include "mysql/server_error.h"
#include "mysql/session.h"
#include "mysql/sql_text.h"
#include "mysql/statement_error.h"
#include "report/progress.h"
#include "table/alter_wait.h"

namespace chatload::load {
namespace {

using mysql::Session;
using mysql::StatementError;
using table::IndexDefinition;
using Clock = mysql::RetryPolicy::Clock;

constexpr std::chrono::seconds kServerPoll{10};
constexpr std::chrono::seconds kWaitPoll{1};  // for what a build waits
constexpr std::chrono::seconds kKillWait{2};
// A query of this length is nothing unusual. As long as an ALTER TABLE waits, later queries on the table wait behind
// it.
constexpr std::chrono::seconds kLockWaitMin{20};
constexpr std::chrono::seconds kLockWaitMax{31'536'000};  // lock_wait_timeout has no more
constexpr unsigned kLongBuildsMax = 3;
constexpr std::string_view kAlterAccount = "use an account that may ALTER the table";

// While one lives, the progress line says that indexes are built.
class Building {
 public:
  explicit Building(report::LiveStats& stats) : figure_(stats.indexes_building) { figure_ = 1; }
  Building(const Building&) = delete;
  Building& operator=(const Building&) = delete;
  ~Building() { figure_ = 0; }

 private:
  std::atomic<std::uint64_t>& figure_;
};

}  // namespace

std::string count_of(const std::vector<IndexDefinition>& indexes) {
  return fmt::format("{} secondary {} ({})", indexes.size(), indexes.size() == 1 ? "index" : "indexes",
                     table::names_of(indexes));
}

std::string subject_of(const std::vector<IndexDefinition>& indexes, const std::string& table) {
  return fmt::format("{} {} of {}", indexes.size() == 1 ? "The index" : "The indexes", table::names_of(indexes),
                     mysql::quote_identifier(table));
}

IndexBuild::IndexBuild(const cli::LoadPlan& plan, std::string table, mysql::ControlConnection& control,
                       std::function<void()> make_room, mysql::RetryPolicy& retry, report::LiveStats& stats,
                       const StopSignal& stop)
    : plan_(plan),
      table_(std::move(table)),
      control_(control),
      make_room_(std::move(make_room)),
      retry_(retry),
      stats_(stats),
      stop_(stop) {
  lock_ = control_.run([&](Session& session) { return table::build_lock_name(session, table_); });
}

void IndexBuild::look() {
  missing_ = control_.run([&](Session& session) { return table::noted_indexes(session, table_).missing; });
}

const std::vector<IndexDefinition>& IndexBuild::find_missing() {
  table::NotedIndexes noted = control_.run([&](Session& session) {
    table::NotedIndexes found = table::noted_indexes(session, table_);
    table::forget_indexes(session, table_, found.present);
    table::forget_indexes(session, table_, found.changed);
    return found;
  });
  if (!noted.changed.empty()) {
    log_warning(fmt::format("{} is another one now than before a load dropped it, and is left as it is.",
                            subject_of(noted.changed, table_)));
  }
  missing_ = std::move(noted.missing);
  return missing_;
}

bool IndexBuild::build(const std::string& name) {
  if (find_missing().empty()) return false;
  make_room_();
  const Building building(stats_);
  report::ProgressOptions watching = plan_.report.progress;
  watching.phase = report::Phase::kBuildIndexes;
  const report::Progress watched(stats_, watching);
  std::optional<Clock::time_point> since;  // when the trouble began: a build may take longer than --retry-for
  unsigned long_builds = 0;                // that were lost
  for (unsigned failures = 0; !missing_.empty(); find_missing()) {
    if (had_to_wait_for_others()) continue;  // for what they have built
    const auto begun = Clock::now();
    try {
      build_once();
    } catch (const mysql::ConnectError& error) {
      if (!retry_.may_redo(error)) throw;
      if (!since) since = Clock::now();
      wait_after(name, error.what(), "fix that", true, *since, failures++);
    } catch (const StatementError& error) {
      const mysql::ErrorClass kind = mysql::classify(error);
      const bool may_pass = kind == mysql::ErrorClass::kConnectionLost || kind == mysql::ErrorClass::kRetry ||
                            kind == mysql::ErrorClass::kReadOnly || error.code() == ER_DUP_KEYNAME;
      // A wait for the lock was trouble from its beginning. What came before that and was longer than --retry-for was
      // work, so that trouble which is older has passed; but what ends one build after the other is the build's own.
      const bool is_locked = error.code() == ER_LOCK_WAIT_TIMEOUT;
      const auto trouble = is_locked ? std::max(begun, Clock::now() - lock_wait()) : Clock::now();
      const bool has_worked = trouble - begun > retry_.retry_for();
      if (!since || (has_worked && ++long_builds < kLongBuildsMax)) since = trouble;
      wait_after(name, is_locked ? why_waited() : error.what(), mysql::remedy(error, kAlterAccount), may_pass, *since,
                 failures++);
    }
  }
  return true;
}

void IndexBuild::wait_after(const std::string& name, const std::string& why, std::string_view remedy, bool may_pass,
                            Clock::time_point since, unsigned failures) {
  const std::string what = fmt::format("{} cannot be built: {}", subject_of(missing_, table_), why);
  if (may_pass && !stop_.requested() && retry_.wait(since, failures, what)) return;
  if (stop_.requested()) throw Interrupted();
  throw DatabaseError(
      fmt::format("{}: {}; {} and run the same command again, or `chatload schema apply`.", name, what, remedy));
}

std::string IndexBuild::why_waited() const {
  if (!waits_for_.empty()) return waits_for_;
  return control_.run([&](Session& session) { return table::why_alter_waited(session, table_); });
}

// A server goes on building for a client that is gone.
bool IndexBuild::had_to_wait_for_others() {
  for (bool has_waited = false;; has_waited = true) {
    const auto holder = control_.wait_for_others(lock_, std::chrono::milliseconds(0), nullptr);
    if (!holder) return has_waited;
    if (!has_waited)
      log_info(fmt::format("The server is still building indexes of {} ({}); waiting for it.", table_, *holder));
    if (stop_.wait_for(kStopPoll)) throw Interrupted();
  }
}

void IndexBuild::build_once() {
  log_info(fmt::format("Builds {} of {}.", count_of(missing_), mysql::quote_identifier(table_)));
  mysql::BackgroundStatement statement(
      Session::connect(plan_.write.endpoint, mysql::kNoReadTimeout),
      [lock = lock_, sql = table::build_statement(table_, missing_), wait = lock_wait()](Session& session) {
        table::set_up_build(session, wait);
        if (mysql::get_lock(session, lock)) session.execute(sql);
      });
  const std::string kill = fmt::format("KILL QUERY {}", statement.connection_id());
  const std::string is_there =
      fmt::format("SELECT IS_USED_LOCK({}) = {}", mysql::quote_text(lock_), statement.connection_id());
  waits_for_.clear();
  auto next_look = Clock::now() + kWaitPoll;
  for (auto next_poll = Clock::now() + kServerPoll; !statement.ends_within(kStopPoll);) {
    if (stop_.requested()) {
      control_.attempt([&](Session& session) { session.execute(kill); });
      static_cast<void>(statement.ends_within(kKillWait));
      throw Interrupted();
    }
    if (Clock::now() >= next_look) {
      look_at_wait(statement.connection_id());
      next_look = Clock::now() + kWaitPoll;
    }
    if (Clock::now() < next_poll) continue;
    const bool knows_it = control_.run([&](Session& session) { return session.query(is_there).at(0).at(0) == "1"; });
    if (!knows_it && !statement.ends_within(kServerPoll)) {
      throw StatementError(CR_SERVER_LOST, "08S01", "the server has lost the connection that builds them");
    }
    next_poll = Clock::now() + kServerPoll;
  }
  statement.get();
}

void IndexBuild::look_at_wait(std::uint64_t connection_id) {
  std::string why =
      control_.run([&](Session& session) { return table::why_alter_waits(session, table_, connection_id); });
  if (!why.empty() && waits_for_.empty()) {
    log_warning(fmt::format("The build waits, because {}; for up to {}.", why, format_duration(lock_wait())));
  }
  waits_for_ = std::move(why);
}

std::chrono::seconds IndexBuild::lock_wait() const {
  return std::clamp(std::chrono::ceil<std::chrono::seconds>(retry_.retry_for()), kLockWaitMin, kLockWaitMax);
}

}  // namespace chatload::load
