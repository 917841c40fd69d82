#include "load/closing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "ledger/load_ledger.h"
#include "ledger/source_ledger.h"
#include "ledger/witnesses.h"
#include "load/content_digest.h"
#include "report/run_counts.h"

namespace chatload::load {
namespace {

std::string counts_text(std::uint64_t ranges, const ledger::LineCounts& counts) {
  return fmt::format("{} ranges, {} lines, {} inserted, {} updated, {} duplicate, {} filtered, {} rejected, {} blank",
                     ranges, counts.lines, counts.inserted, counts.updated, counts.duplicate, counts.filtered,
                     counts.rejected, counts.blank);
}

struct Ends {
  std::vector<ledger::SourceEnd> whole;
  std::vector<ledger::SourceFailure> failed;
};

// A file that was renamed, or touched, since it was read to its end is known by its stamp of now, if that holds.
std::string stamp_at_end(Run& run, const Load& load, const ledger::SourceEnd& end) {
  if (end.stamp.empty()) return end.stamp;
  const auto found =
      std::lower_bound(load.sources.begin(), load.sources.end(), end.source,
                       [](const LoadSource& one, SourceOrdinal ordinal) { return one.ordinal < ordinal; });
  if (!found->file) return end.stamp;
  std::string stamp = found->file->stamp();
  return stamp == end.stamp || digest_of(*found->file, run.stop()) != end.digest ? end.stamp : stamp;
}

Ends ends_of(Run& run, const Load& load, const LoadOutcome& outcome) {
  Ends ends;
  for (const LoadSource& source : load.sources) {
    if (!source.why_not.empty()) ends.failed.push_back({source.ordinal, source.why_not});
  }
  for (const SourceOutcome& source : outcome.sources) {
    if (source.is_whole) {
      ends.whole.push_back(source.end);
      ends.whole.back().stamp = stamp_at_end(run, load, source.end);
    }
    if (source.failure) ends.failed.push_back({source.end.source, why_of(source)});
  }
  return ends;
}

// Whether nothing of it is missing but what was released, or left out of it for good.
bool has_all(const Load& load, const LoadOutcome& outcome, const Ends& ends) {
  if (!outcome.result.is_whole() || outcome.budget_verdict) return false;
  if (load.plan.write.order == RowOrder::kKey) return outcome.is_written;
  std::set<SourceOrdinal> left(load.left_out.begin(), load.left_out.end());
  for (const LoadSource& source : load.sources) {
    if (!source.is_done) left.insert(source.ordinal);
  }
  for (const ledger::SourceEnd& end : ends.whole) left.erase(end.source);
  return left.empty();
}

// The ledger's sums, not ours, are what the load came to; that they are the same is checked.
void record_sums(Run& run, const Load& load, const LoadOutcome& outcome) {
  std::uint64_t incomplete = 0;
  ledger::LoadTotals totals = run.control().run([&](mysql::Session& session) {
    incomplete = ledger::count_incomplete(session, load.id);
    return ledger::read_totals(session, load.id);
  });
  const report::RunCounts& ours = outcome.counts;
  const ledger::LineCounts& before = load.before.counts;
  const ledger::LineCounts expected{.lines = before.lines + ours.parsed.lines,
                                    .inserted = before.inserted + ours.inserted,
                                    .updated = before.updated + ours.updated,
                                    .duplicate = before.duplicate + ours.duplicate,
                                    .filtered = before.filtered + ours.parsed.filtered,
                                    .rejected = before.rejected + ours.parsed.rejected(),
                                    .blank = before.blank + ours.parsed.blank};
  const std::uint64_t expected_ranges = load.before.ranges + outcome.new_ranges;
  if (incomplete > 0 || totals.ranges != expected_ranges || totals.counts != expected || !totals.counts.add_up()) {
    throw LoadError(fmt::format(
        "{}: the ledger of load {} has {}, where this run counted {}; compare the table with its files before using "
        "it.",
        load.name, load.id, counts_text(totals.ranges, totals.counts), counts_text(expected_ranges, expected)));
  }
  run.witnesses().require_rows(load.name, load.id);
  run.control().run([&](mysql::Session& session) { ledger::record_sums(session, load.id, load.owner, totals); });
}

}  // namespace

// In key order a source is done when all are.
bool record_outcome(Run& run, const Load& load, const LoadOutcome& outcome) {
  const Ends ends = ends_of(run, load, outcome);
  const bool is_key_order = load.plan.write.order == RowOrder::kKey;
  const bool is_all = has_all(load, outcome, ends);
  const auto record = [&](mysql::Session& session) {
    if (!is_key_order || is_all) ledger::record_ends(session, load.id, load.owner, ends.whole);
    if (!is_key_order) ledger::record_failures(session, load.id, load.owner, ends.failed);
    if (!is_key_order && !is_all) ledger::sum_up(session, load.id, load.owner);
  };
  if (!is_all) {
    run.control().attempt(record);  // the next run of the same sources would find it out
    return false;
  }
  run.control().run(record);
  record_sums(run, load, outcome);
  return true;
}

void finish_load(Run& run, const Load& load, IndexDeferral& indexes, ExitCode exit_code) {
  const bool has_built = indexes.build(load.name);
  // A build may take hours. A load whose lines an earlier run had all written is looked at only now: a build that the
  // server still does for a killed run keeps readers out.
  if (has_built || load.is_written) run.witnesses().require_rows(load.name, load.id);
  const bool is_ours = run.control().run([&](mysql::Session& session) {
    ledger::keep_table_time(session, load.id, load.owner, run.table().table);
    return ledger::mark_done(session, load.id, load.owner, static_cast<int>(exit_code));
  });
  if (!is_ours) {
    throw LoadError(
        fmt::format("{}: another run has taken load {} over, or the server has lost ranges that it had committed; run "
                    "the same command again.",
                    load.name, load.id));
  }
  // The load is done, whatever becomes of this: the next run of the same input would do it.
  run.control().attempt([&](mysql::Session& session) { ledger::compact(session, load.id); });
}

void mark_ended(Run& run, const Load& load, ExitCode exit_code) {
  const bool has_failed = exit_code != ExitCode::kInterrupted && exit_code != ExitCode::kLoaded;
  const ledger::LoadState state = has_failed ? ledger::LoadState::kFailed : ledger::LoadState::kInterrupted;
  run.control().attempt([&](mysql::Session& session) {
    static_cast<void>(ledger::mark_ended(session, load.id, load.owner, state, static_cast<int>(exit_code)));
  });
}

}  // namespace chatload::load
