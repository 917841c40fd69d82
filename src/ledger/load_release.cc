// The command takes the load over as a run does, so that a run that wakes up later writes nothing more.
#include "ledger/load_release.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>

#include "base/errors.h"
#include "base/random_token.h"
#include "ledger/ledger_input.h"
#include "ledger/load_catalog.h"
#include "ledger/load_ledger.h"
#include "ledger/load_lock.h"
#include "ledger/witnesses.h"
#include "mysql/runner_name.h"

namespace chatload::ledger {
namespace {

constexpr const char* kWhy = "released by `chatload loads release`";

LoadRecord existing_load(mysql::Session& session, std::uint64_t load_id) {
  static_cast<void>(LoadCatalog(session).name_of(load_id));
  return find_load(session, load_id).value();
}

void require_can_release(const LoadRecord& load) {
  const auto refuse = [&](const char* why) { throw DatabaseError(fmt::format("Load {} {}.", load.load_id, why)); };
  if (load.state == LoadState::kDone) refuse("is done, and waits for none of its sources");
  if (load.is_superseded) refuse("was replaced by another load, and waits for none of its sources");
  if (load.is_frozen) {
    refuse(
        "was sorted by key with all of its sources, and cannot be done without one; load those that are there with "
        "--restart");
  }
}

bool is_left(const SourceRecord& source) { return !source.has_left() && source.state != SourceState::kDone; }

// One that was let go of before is no fault: a connection that was lost may have kept the load from its end.
std::vector<SourceRecord> chosen(const LoadRecord& load, const std::vector<SourceRecord>& all,
                                 std::span<const SourceOrdinal> ordinals) {
  std::vector<SourceRecord> chosen;
  if (ordinals.empty()) std::copy_if(all.begin(), all.end(), std::back_inserter(chosen), is_left);
  for (const SourceOrdinal ordinal : ordinals) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const SourceRecord& one) { return one.source == ordinal; });
    if (found == all.end()) {
      throw DatabaseError(fmt::format("Load {0} has no source {1}; `chatload loads {0}` lists those that it has.",
                                      load.load_id, ordinal.value()));
    }
    if (found->is_superseded || found->state == SourceState::kDone) {
      throw DatabaseError(fmt::format("Source {} of load {}, {}, is {}; there is nothing to let go of.",
                                      ordinal.value(), load.load_id, found->name,
                                      found->is_superseded ? "another load's now" : "done"));
    }
    chosen.push_back(*found);
  }
  const bool has_released =
      std::any_of(all.begin(), all.end(), [](const SourceRecord& one) { return one.state == SourceState::kReleased; });
  if (chosen.empty() && !has_released) {
    throw DatabaseError(
        fmt::format("Load {} lacks none of its sources; run its command again to end it.", load.load_id));
  }
  return chosen;
}

// A load may end over rows that are there alone.
void require_rows(mysql::Session& session, const LoadRecord& load, const WitnessTable& where) {
  std::optional<RangeKey> behind;
  for (;;) {
    const WitnessPage page = read_witnesses(session, load.load_id, behind);
    if (page.keys.empty()) return;
    if (count_missing(session, where, page.keys) > 0) {
      throw DatabaseError(
          fmt::format("Load {}: rows that it has written are no longer in {}; start over with --restart.", load.load_id,
                      load.table));
    }
    behind = page.last_range;
  }
}

// Whether nothing of the load is missing any more. Then it is done.
bool end_if_whole(mysql::Session& session, const LoadRecord& load, const std::string& owner) {
  reopen_incomplete(session, load.load_id, owner);
  if (count_incomplete(session, load.load_id) > 0) return false;
  LoadTotals totals = read_totals(session, load.load_id);
  if (!totals.counts.add_up()) throw damaged_ledger(load.load_id, "its counts do not add up to its lines");
  record_sums(session, load.load_id, owner, totals);
  keep_table_time(session, load.load_id, owner, load.table);
  const ExitCode exit_code = totals.counts.rejected > 0 ? ExitCode::kLoadedWithRejects : ExitCode::kLoaded;
  if (!mark_done(session, load.load_id, owner, static_cast<int>(exit_code))) return false;
  compact(session, load.load_id);
  return true;
}

}  // namespace

Release release_sources(mysql::Session& session, std::uint64_t load_id, std::span<const SourceOrdinal> sources) {
  mysql::require_row_log(session);
  const LoadLock lock(session, load_id, existing_load(session, load_id).lock_name, "changed");
  const LoadRecord load = existing_load(session, load_id);
  require_can_release(load);
  Release release{.table = load.table, .sources = chosen(load, find_of_load(session, load_id), sources)};
  require_rows(session, load, witness_table(session, load.table));
  const Runner runner{.owner = random_token(),
                      .name = mysql::runner_name(session.connection_id()),
                      .sources = LoadCatalog(session).name_of(load_id).source};
  const bool is_ours = take_over(session, load, runner);
  const auto end_as = [&](LoadState state, ExitCode exit_code) {
    static_cast<void>(mark_ended(session, load_id, runner.owner, state, static_cast<int>(exit_code)));
  };
  // A run that has lost its lock may have gone on until now.
  if (const LoadRecord now = existing_load(session, load_id);
      !is_ours || now.is_frozen || now.all_read != load.all_read) {
    if (is_ours) end_as(LoadState::kInterrupted, ExitCode::kInterrupted);
    throw DatabaseError(
        fmt::format("Load {} has changed since it was looked at; run the same command again.", load_id));
  }
  std::vector<SourceFailure> why;
  for (const SourceRecord& source : release.sources) why.push_back({source.source, kWhy});
  ledger::release(session, load_id, runner.owner, why);
  release.is_done = end_if_whole(session, load, runner.owner);
  const bool has_failed = load.state == LoadState::kFailed;
  if (!release.is_done) {
    end_as(has_failed ? LoadState::kFailed : LoadState::kInterrupted,
           has_failed ? static_cast<ExitCode>(load.exit_code) : ExitCode::kInterrupted);
  }
  return release;
}

}  // namespace chatload::ledger
