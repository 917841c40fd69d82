// A load leaves the indexes out only while it has the table for itself. It takes the table's lock, then looks for loads
// that are alive; every load is in the ledger first, with its own lock held, then looks whether another has the table's
// lock. So of two at least one sees the other. Should both locks be lost with their connections, no index is lost for
// it: whoever finds a note builds what is missing, and whoever built it first leaves the other nothing to do.
//
// The build may take hours, longer than any reasonable wait for a reply. So it has a thread and a session without a
// read timeout, while the control connection, which has one, asks every kServerPoll whether the server still has that
// session: a server that died without a word is noticed there, and a build that waits for the table's metadata lock.
// That lock is waited for by the server, at the start of the build and at its end; one setting bounds both waits. It is
// --retry-for, since a shorter one would throw hours of work away at the end for a query of half a minute.
//
// A little long, since each step leans on the same lock, the same notes and the same words about who is in the way.
#include "load/index_deferral.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "base/units.h"
#include "mysql/background_statement.h"
#include "mysql/error_remedy.h"
#include "mysql/server_error.h"
#include "mysql/session.h"
#include "mysql/sql_text.h"
#include "mysql/statement_error.h"
#include "report/progress.h"
#include "table/alter_wait.h"
#include "table/table_info.h"

namespace chatload::load {
namespace {

using mysql::Session;
using mysql::StatementError;
using table::IndexDefinition;
using Clock = mysql::RetryPolicy::Clock;

// Of the inputs together as they are, gzipped some 150,000 lines (`chatgen --lines 150000`). Seconds of three
// interleaved pairs of `chatload load --indexes keep` and `--indexes defer` into an empty table:
//
//   MySQL    keep 1.96, defer 1.54   keep 1.71, defer 1.46   keep 1.90, defer 1.55
//   MariaDB  keep 2.12, defer 2.20   keep 2.56, defer 2.00   keep 1.94, defer 0.90
//
// A smaller load has less to gain, and two ALTER TABLEs that wait for the table's metadata lock, and keep other
// sessions out meanwhile, to lose.
constexpr std::uint64_t kWorthwhileBytes = 8 * kMiB;
// A load that only looks whether it could have the table holds its lock for a moment.
constexpr std::chrono::milliseconds kGlance{1'000};
constexpr std::chrono::seconds kServerPoll{10};
constexpr std::chrono::seconds kWaitPoll{1};  // for what a build waits
constexpr std::chrono::seconds kKillWait{2};
// A query of this length is nothing unusual. As long as an ALTER TABLE waits, later queries on the table wait behind
// it.
constexpr std::chrono::seconds kLockWaitMin{20};
constexpr std::chrono::seconds kLockWaitMax{31'536'000};  // lock_wait_timeout has no more
constexpr unsigned kLongBuildsMax = 3;
constexpr std::string_view kAlterAccount = "use an account that may ALTER the table";

std::string count_of(const std::vector<IndexDefinition>& indexes) {
  return fmt::format("{} secondary {} ({})", indexes.size(), indexes.size() == 1 ? "index" : "indexes",
                     table::names_of(indexes));
}

std::chrono::milliseconds left_until(Clock::time_point end) {
  return std::max(std::chrono::milliseconds(0),
                  std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()));
}

// While one lives, the progress line says that indexes are built.
class BuildProgress {
 public:
  BuildProgress(report::LiveStats& stats, report::ProgressOptions options)
      : building_(stats.indexes_building), progress_((building_ = 1, stats), of_phase(options)) {}
  BuildProgress(const BuildProgress&) = delete;
  BuildProgress& operator=(const BuildProgress&) = delete;
  ~BuildProgress() { building_ = 0; }

 private:
  static report::ProgressOptions of_phase(report::ProgressOptions options) {
    options.phase = "builds indexes: ";
    return options;
  }

  std::atomic<std::uint64_t>& building_;
  report::Progress progress_;
};

}  // namespace

IndexDeferral::IndexDeferral(const cli::LoadPlan& plan, std::string table, mysql::ControlConnection& control,
                             std::function<void()> make_room, mysql::RetryPolicy& retry, report::LiveStats& stats,
                             const StopSignal& stop)
    : plan_(plan),
      table_(std::move(table)),
      control_(control),
      make_room_(std::move(make_room)),
      retry_(retry),
      stats_(stats),
      stop_(stop) {
  control_.run([&](Session& session) {
    table_lock_ = table::table_lock_name(session, table_);
    build_lock_ = table::build_lock_name(session, table_);
  });
}

IndexMode IndexDeferral::decide(const std::string& name, std::optional<std::uint64_t> source_bytes) {
  name_ = name;
  const bool is_asked = plan_.write.indexes == IndexMode::kDefer;
  if (plan_.write.indexes == IndexMode::kKeep) return IndexMode::kKeep;
  if (has_table_) return IndexMode::kDefer;  // decided so before another run began the load
  const auto keep = [&](const Found& found, const std::string& why) {
    leave_table();
    if (!found.indexes.empty()) log_info(fmt::format("Keeps {} in place, because {}.", count_of(found.indexes), why));
    return IndexMode::kKeep;
  };
  Found found = look();
  if (found.indexes.empty()) {
    if (is_asked) log_info(fmt::format("{} has no secondary index that can be built after the load.", table_));
    return IndexMode::kKeep;
  }
  if (!is_asked) {
    if (const auto why = why_keep(found, source_bytes)) return keep(found, *why);
  }
  if (control_.run([&](Session& session) { return table::has_foreign_key(session, table_); })) {
    return keep(found, "the table has a foreign key or is referenced by one");
  }
  if (const auto other = take_table_alone(/*waits_for_loads=*/is_asked)) {
    if (!is_asked) return keep(found, *other + " writes into the table");
    throw LoadError(
        fmt::format("{}: {} writes into the table, so that its indexes cannot be left out; let it finish, wait "
                    "for it with --wait-lock DURATION, or leave --indexes defer out.",
                    name_, *other));
  }
  found = look();
  if (!is_asked) {
    if (const auto why = why_keep(found, source_bytes)) return keep(found, *why);
  }
  if (const auto why = drop()) {
    if (!is_asked) return keep(found, *why);
    throw DatabaseError(
        fmt::format("{}: {} cannot be dropped before the load, because {}; fix that, or leave --indexes defer out.",
                    name_, subject(found.indexes), *why));
  }
  owed_ = missing();
  log_info(fmt::format("Builds {} after the load, because {}.", count_of(found.indexes),
                       found.table_is_empty ? "the table is empty" : "--indexes defer asks for it"));
  return IndexMode::kDefer;
}

IndexDeferral::Found IndexDeferral::look() {
  return control_.run([&](Session& session) {
    Found found{table::noted_indexes(session, table_).missing, false};
    for (IndexDefinition& index : table::droppable_indexes(session, table_)) found.indexes.push_back(std::move(index));
    found.table_is_empty = table::is_empty(session, table_);
    return found;
  });
}

std::optional<std::string> IndexDeferral::why_keep(const Found& found,
                                                   std::optional<std::uint64_t> source_bytes) const {
  if (!found.table_is_empty) return "the table has rows";
  if (source_bytes && *source_bytes < kWorthwhileBytes) {
    return fmt::format("the input is smaller than {}", format_size(kWorthwhileBytes));
  }
  return std::nullopt;
}

// Nothing once the table's lock is held and no other load is alive; else the load that is. Lets go of the lock while it
// waits for that one, which may wait for the lock.
std::optional<std::string> IndexDeferral::take_table_alone(bool waits_for_loads) {
  const auto begun = Clock::now();
  const auto wait = table_wait();
  for (auto say_at = begun;;) {
    const auto left = wait ? std::optional(std::max(kGlance, left_until(begun + *wait))) : wait;
    if (const auto holder = control_.lock(table_lock_, left, say_taken())) {
      if (stop_.requested()) throw Interrupted();
      refuse_taken(*holder);
    }
    has_table_ = true;
    auto other = control_.run([&](Session& session) { return table::other_load(session, table_); });
    if (!other) return std::nullopt;
    leave_table();
    const auto now = Clock::now();
    if (!waits_for_loads || (wait && now >= begun + *wait)) return other;
    if (now >= say_at) {
      log_info(fmt::format("{} writes into the table; waiting until it ends or --wait-lock is over.", *other));
      say_at = now + kSaidEvery;
    }
    if (stop_.wait_for(kStopPoll)) throw Interrupted();
  }
}

void IndexDeferral::refuse_taken(const std::string& holder) {
  throw LoadError(
      fmt::format("{}: another load has the table for itself ({}), because it builds the table's indexes at its "
                  "end; let it finish, or wait for it with a longer --wait-lock.",
                  name_, who_has_table(holder)));
}

std::string IndexDeferral::who_has_table(const std::string& holder) const {
  const auto who = control_.run([&](Session& session) { return table::load_of(session, table_, holder); });
  return who.value_or(holder);
}

void IndexDeferral::leave_table() {
  if (has_table_) control_.unlock(table_lock_);
  has_table_ = false;
}

// Why they cannot be dropped, if so. What may pass is waited for only where it was asked for.
std::optional<std::string> IndexDeferral::drop() {
  const auto since = Clock::now();
  for (unsigned failures = 0;;) {
    const std::optional<Refusal> refusal = control_.run([&](Session& session) { return drop_once(session); });
    if (!refusal) return std::nullopt;
    const bool waits = refusal->may_pass && plan_.write.indexes == IndexMode::kDefer;
    if (waits && retry_.wait(since, failures++, "The indexes cannot be dropped: " + refusal->why)) continue;
    if (stop_.requested()) throw Interrupted();
    return refusal->why;
  }
}

// The connection that drops is the one that holds the table's lock, so that a run that has lost it drops nothing.
std::optional<IndexDeferral::Refusal> IndexDeferral::drop_once(Session& session) const {
  const std::string is_ours = "SELECT IS_USED_LOCK(" + mysql::quote_text(table_lock_) + ") = CONNECTION_ID()";
  if (session.query(is_ours).at(0).at(0) != "1") return Refusal{"the table's lock was lost to another load"};
  const std::vector<IndexDefinition> indexes = table::droppable_indexes(session, table_);
  if (indexes.empty()) return std::nullopt;
  try {
    table::note_indexes(session, table_, indexes);
    table::drop_indexes(session, table_, indexes);
    return std::nullopt;
  } catch (const StatementError& error) {
    const mysql::ErrorClass kind = mysql::classify(error);
    if (kind == mysql::ErrorClass::kConnectionLost || kind == mysql::ErrorClass::kReadOnly) throw;
    session.execute("ROLLBACK");
    const bool is_locked = error.code() == ER_LOCK_WAIT_TIMEOUT;
    return Refusal{
        is_locked ? table::why_alter_waited(session, table_) : std::string("the server refuses: ") + error.what(),
        kind == mysql::ErrorClass::kRetry};
  }
}

void IndexDeferral::prepare(const std::string& name, IndexMode decided) {
  name_ = name;
  if (decided == IndexMode::kDefer && !has_table_) {
    if (const auto other = take_table_alone(/*waits_for_loads=*/false)) {
      log_info(fmt::format("The secondary indexes are kept in place from here on, because {} writes into the table.",
                           *other));
    }
    owed_ = missing();
    if (has_table_ && !owed_.empty()) log_info(fmt::format("Builds {} after the load, as it began.", count_of(owed_)));
  }
  if (decided == IndexMode::kDefer && has_table_) return;
  leave_table();
  const auto wait = table_wait();
  if (const auto holder =
          control_.wait_for_others(table_lock_, wait ? std::optional(std::max(kGlance, *wait)) : wait, say_taken())) {
    if (stop_.requested()) throw Interrupted();
    refuse_taken(*holder);
  }
  build_missing();
}

bool IndexDeferral::build() { return has_table_ && build_missing(); }

void IndexDeferral::finish() {
  if (has_table_) return static_cast<void>(build());
  const bool has_notes = control_.run([&](Session& session) {
    const table::NotedIndexes noted = table::noted_indexes(session, table_);
    return !noted.missing.empty() || !noted.present.empty() || !noted.changed.empty();
  });
  if (!has_notes) return;
  // A load that has the table may be about to drop what it has noted.
  if (control_.lock(table_lock_, plan_.ledger.wait_lock, say_taken())) return;
  has_table_ = true;
  build_missing();
  leave_table();
}

// Clears the notes that are of no use any more on the way.
std::vector<IndexDefinition> IndexDeferral::missing() {
  const table::NotedIndexes noted = control_.run([&](Session& session) {
    table::NotedIndexes found = table::noted_indexes(session, table_);
    table::forget_indexes(session, table_, found.present);
    table::forget_indexes(session, table_, found.changed);
    return found;
  });
  if (!noted.changed.empty()) {
    log_warning(fmt::format("{} is another one now than before a load dropped it, and is left as it is.",
                            subject(noted.changed)));
  }
  return noted.missing;
}

bool IndexDeferral::build_missing() {
  owed_ = missing();
  if (owed_.empty()) return false;
  make_room_();
  const BuildProgress progress(stats_, plan_.report.progress);
  std::optional<Clock::time_point> since;  // when the trouble began: a build may take longer than --retry-for
  unsigned long_builds = 0;                // that were lost
  for (unsigned failures = 0; !owed_.empty(); owed_ = missing()) {
    if (had_to_wait_for_others()) continue;  // for what they have built
    const auto begun = Clock::now();
    try {
      build_once(owed_);
    } catch (const mysql::ConnectError& error) {
      if (!retry_.may_redo(error)) throw;
      if (!since) since = Clock::now();
      wait_after(error.what(), "fix that", true, *since, failures++);
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
      wait_after(is_locked ? why_build_waited() : error.what(), mysql::remedy(error, kAlterAccount), may_pass, *since,
                 failures++);
    }
  }
  return true;
}

void IndexDeferral::wait_after(const std::string& why, std::string_view remedy, bool may_pass, Clock::time_point since,
                               unsigned failures) {
  const std::string what = fmt::format("{} cannot be built: {}", subject(owed_), why);
  if (may_pass && !stop_.requested() && retry_.wait(since, failures, what)) return;
  if (stop_.requested()) throw Interrupted();
  throw DatabaseError(
      fmt::format("{}: {}; {} and run the same command again, or `chatload schema apply`.", name_, what, remedy));
}

std::string IndexDeferral::why_build_waited() const {
  if (!build_waits_for_.empty()) return build_waits_for_;
  return control_.run([&](Session& session) { return table::why_alter_waited(session, table_); });
}

// A server goes on building for a client that is gone.
bool IndexDeferral::had_to_wait_for_others() {
  for (bool has_waited = false;; has_waited = true) {
    const auto holder = control_.wait_for_others(build_lock_, std::chrono::milliseconds(0), nullptr);
    if (!holder) return has_waited;
    if (!has_waited)
      log_info(fmt::format("The server is still building indexes of {} ({}); waiting for it.", table_, *holder));
    if (stop_.wait_for(kStopPoll)) throw Interrupted();
  }
}

void IndexDeferral::build_once(const std::vector<IndexDefinition>& indexes) {
  log_info(fmt::format("Builds {} of {}.", count_of(indexes), mysql::quote_identifier(table_)));
  mysql::BackgroundStatement statement(
      Session::connect(plan_.write.endpoint, mysql::kNoReadTimeout),
      [lock = build_lock_, sql = table::build_statement(table_, indexes), wait = lock_wait()](Session& session) {
        table::set_up_build(session, wait);
        if (mysql::get_lock(session, lock)) session.execute(sql);
      });
  const std::string kill = fmt::format("KILL QUERY {}", statement.connection_id());
  const std::string is_there =
      fmt::format("SELECT IS_USED_LOCK({}) = {}", mysql::quote_text(build_lock_), statement.connection_id());
  build_waits_for_.clear();
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

void IndexDeferral::look_at_wait(std::uint64_t connection_id) {
  std::string why =
      control_.run([&](Session& session) { return table::why_alter_waits(session, table_, connection_id); });
  if (!why.empty() && build_waits_for_.empty()) {
    log_warning(fmt::format("The build waits, because {}; for up to {}.", why, format_duration(lock_wait())));
  }
  build_waits_for_ = std::move(why);
}

std::chrono::seconds IndexDeferral::lock_wait() const {
  return std::clamp(std::chrono::ceil<std::chrono::seconds>(retry_.retry_for()), kLockWaitMin, kLockWaitMax);
}

mysql::ControlConnection::Wait IndexDeferral::table_wait() const { return plan_.ledger.wait_table; }

mysql::ControlConnection::Say IndexDeferral::say_taken() const {
  if (const auto wait = table_wait(); wait && *wait <= kGlance) return nullptr;
  return [this](const std::string& holder) {
    return fmt::format("Another load has the table for itself, to build its indexes at its end ({})",
                       who_has_table(holder));
  };
}

std::string IndexDeferral::subject(const std::vector<IndexDefinition>& indexes) const {
  return fmt::format("{} {} of {}", indexes.size() == 1 ? "The index" : "The indexes", table::names_of(indexes),
                     mysql::quote_identifier(table_));
}

}  // namespace chatload::load
