// No index is lost should the table's lock be lost with its connection: whoever finds a note builds what is missing,
// and whoever built it first leaves the other nothing to do.
#include "load/index_deferral.h"

#include <fmt/format.h>

#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "base/units.h"
#include "mysql/server_error.h"
#include "mysql/session.h"
#include "mysql/statement_error.h"
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

}  // namespace

IndexDeferral::IndexDeferral(const cli::LoadPlan& plan, std::string table, mysql::ControlConnection& control,
                             std::function<void()> make_room, mysql::RetryPolicy& retry, report::LiveStats& stats,
                             const StopSignal& stop)
    : plan_(plan),
      table_(std::move(table)),
      control_(control),
      retry_(retry),
      stop_(stop),
      lock_(table_, plan.ledger.wait_table, control, stop),
      build_(plan, table_, control, std::move(make_room), retry, stats, stop) {}

IndexMode IndexDeferral::decide(const std::string& name, std::optional<std::uint64_t> source_bytes) {
  const bool is_asked = plan_.write.indexes == IndexMode::kDefer;
  if (plan_.write.indexes == IndexMode::kKeep) return IndexMode::kKeep;
  if (lock_.is_taken()) return IndexMode::kDefer;  // decided so before another run began the load
  const auto keep = [&](const Found& found, const std::string& why) {
    lock_.leave();
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
  if (const auto other = lock_.take_alone(name, /*waits_for_loads=*/is_asked)) {
    if (!is_asked) return keep(found, *other + " writes into the table");
    throw LoadError(
        fmt::format("{}: {} writes into the table, so that its indexes cannot be left out; let it finish, wait "
                    "for it with --wait-lock DURATION, or leave --indexes defer out.",
                    name, *other));
  }
  found = look();
  if (!is_asked) {
    if (const auto why = why_keep(found, source_bytes)) return keep(found, *why);
  }
  if (const auto why = drop()) {
    if (!is_asked) return keep(found, *why);
    throw DatabaseError(
        fmt::format("{}: {} cannot be dropped before the load, because {}; fix that, or leave --indexes defer out.",
                    name, subject_of(found.indexes, table_), *why));
  }
  build_.find_missing();
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
    return fmt::format("the inputs together are smaller than {}", format_size(kWorthwhileBytes));
  }
  return std::nullopt;
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
  if (!lock_.is_held_by(session)) return Refusal{"the table's lock was lost to another load"};
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
  if (is_shared()) decided = IndexMode::kKeep;
  if (decided == IndexMode::kDefer && !lock_.is_taken()) {
    if (const auto other = lock_.take_alone(name, /*waits_for_loads=*/false)) {
      log_info(fmt::format("The secondary indexes are kept in place from here on, because {} writes into the table.",
                           *other));
    }
    const std::vector<IndexDefinition>& missing = build_.find_missing();
    if (lock_.is_taken() && !missing.empty()) {
      log_info(fmt::format("Builds {} after the load, as it began.", count_of(missing)));
    }
  }
  if (decided == IndexMode::kDefer && lock_.is_taken()) return;
  lock_.leave();
  lock_.wait_for_others(name);
  if (!is_shared()) build_.build(name);
}

bool IndexDeferral::build(const std::string& name) { return lock_.is_taken() && build_.build(name); }

void IndexDeferral::finish(const std::string& name) {
  if (is_shared()) return build_.look();
  if (lock_.is_taken()) return static_cast<void>(build(name));
  const bool has_notes = control_.run([&](Session& session) {
    const table::NotedIndexes noted = table::noted_indexes(session, table_);
    return !noted.missing.empty() || !noted.present.empty() || !noted.changed.empty();
  });
  if (!has_notes) return;
  // A load that has the table may be about to drop what it has noted.
  if (!lock_.take(plan_.ledger.wait_lock)) return;
  build_.build(name);
  lock_.leave();
}

}  // namespace chatload::load
