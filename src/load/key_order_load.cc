#include "load/key_order_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "ledger/range_recorder.h"
#include "ledger/source_ledger.h"
#include "load/named_failure.h"
#include "load/refused_lines.h"
#include "load/run_load.h"
#include "pipeline/stretch_pipeline.h"
#include "write/writer_pool.h"

namespace chatload::load {

KeyOrderLoad::KeyOrderLoad(Run& run, Load& load, const pipeline::KeyOrderMemoryPlan& memory,
                           std::span<mysql::Session> sessions, const write::WriteContext& context, Spill& spill)
    : run_(run), load_(load), memory_(memory), sessions_(sessions), context_(context), spill_(spill) {}

void KeyOrderLoad::write(std::span<LoadSource* const> sources, report::RejectReport& rejects, LoadOutcome& outcome) {
  const auto has_failed = [](const SourceOutcome& source) { return source.failure != nullptr; };
  const auto is_unreadable = [](const LoadSource& source) { return !source.why_not.empty(); };
  if (run_.plan().fail_fast && (std::any_of(outcome.sources.begin(), outcome.sources.end(), has_failed) ||
                                std::any_of(load_.sources.begin(), load_.sources.end(), is_unreadable))) {
    return;
  }
  try {
    freeze(outcome);
    if (released_.size() == load_.sources.size() + load_.left_out.size()) return;
    record_ranges(outcome);
    write_stretches(rejects, outcome);
    if (!outcome.result.is_whole()) return;
    run_.stats().next_phase();
    const report::Progress watched(run_.stats(),
                                   report::step_progress(load_.plan.report.progress, report::Phase::kFetchRefused,
                                                         outcome.counts.bytes_compressed, /*has_database=*/true));
    fill_refused_lines(
        sources, load_.plan.read, context_.ledger, run_.control(), [this] { await_clearance(); },
        run_.stats().source_read, context_.stop);
    outcome.is_written = !outcome.budget_verdict;
  } catch (const Interrupted&) {
    outcome.result.interrupted = true;
  } catch (const Error&) {
    if (!outcome.result.failure) outcome.result.failure = std::current_exception();
  }
}

// Of a load that is frozen a source that fails ends the run: the rows that are written were sorted together with it.
void KeyOrderLoad::freeze(const LoadOutcome& outcome) {
  std::map<SourceOrdinal, std::string> why;
  for (const SourceOrdinal source : load_.left_out) why[source] = "It was not among the inputs when they were sorted.";
  for (const LoadSource& source : load_.sources) why[source.ordinal] = source.why_not;
  for (const SourceOutcome& source : outcome.sources) {
    if (load_.is_frozen && source.failure) std::rethrow_exception(source.failure);
    if (source.is_whole) {
      why.erase(source.end.source);
    } else {
      why[source.end.source] = why_of(source);
    }
  }
  if (load_.is_frozen && !why.empty()) {
    throw SourceError(why.begin()->second.empty() ? fmt::format("{}: was not read to its end.", load_.name)
                                                  : why.begin()->second);
  }
  require_order(why);
  std::vector<ledger::SourceFailure> released;
  for (auto& [source, its_why] : why) {
    released_.insert(source);
    released.push_back({source, std::move(its_why)});
  }
  if (load_.is_frozen) return;
  run_.control().run([&](mysql::Session& session) { ledger::freeze(session, load_.id, load_.owner, released); });
  run_.retry().committed();
}

// With `replace` the last line of an id counts, so that nothing is written while a source in front of another is
// missing.
void KeyOrderLoad::require_order(const std::map<SourceOrdinal, std::string>& missing) const {
  if (missing.empty() || !load_.plan.keeps_order()) return;
  const auto behind = std::find_if(load_.sources.begin(), load_.sources.end(), [&](const LoadSource& source) {
    return !missing.contains(source.ordinal) && missing.begin()->first < source.ordinal;
  });
  if (behind == load_.sources.end()) return;
  throw LoadError(
      fmt::format("{}: nothing is written, because a source in front of {} could not be read, and with --on-duplicate "
                  "replace the last line of an id counts; mend that one and run the same command again, or give "
                  "--any-order.",
                  load_.name, behind->name));
}

void KeyOrderLoad::record_ranges(LoadOutcome& outcome) {
  if (context_.stop.requested()) throw Interrupted();
  spill::RangeJournal& journal = *spill_.ranges;
  journal.finish();
  if (journal.new_ranges() > 0) {
    log_info(fmt::format("{}: is sorted; {} ranges and {} rejected lines go to the ledger first.", load_.name,
                         format_count(journal.new_ranges()), format_count(journal.new_rejects())));
  }
  run_.stats().next_phase();
  const report::Progress watched(
      run_.stats(),
      report::step_progress(load_.plan.report.progress, report::Phase::kRecordRanges, journal.groups().size(),
                            /*has_database=*/true));
  ledger::RangeRecorder recorder(context_.mapping, context_.ledger, context_.committed, context_.statement_bytes_max,
                                 released_, context_.stop);
  for (const spill::Run& group : journal.groups()) {
    await_clearance();
    const ledger::RecordedRanges recorded = name_failures(load_.name, [&] {
      return run_.control().run([&](mysql::Session& session) { return recorder.record(session, group); });
    });
    context_.retry.committed();
    ++run_.stats().source_read;
    outcome.counts.parsed += recorded.counts;
    outcome.counts.bytes_decompressed += recorded.bytes_decompressed;
    outcome.new_ranges += recorded.ranges;
  }
  spill_.ranges.reset();  // merging and the server may need the room
}

void KeyOrderLoad::await_clearance() {
  context_.await_clearance([this] { return !context_.stop.requested(); });
  if (context_.stop.requested()) throw Interrupted();
}

void KeyOrderLoad::write_stretches(report::RejectReport& rejects, LoadOutcome& outcome) {
  spill::SpillStore& rows = spill_.rows;
  report::LiveStats& stats = run_.stats();
  if (const std::uint64_t rows_to_merge = rows.rows_to_merge()) {
    log_info(fmt::format("{}: merges its sorted runs into fewer first, since all of them at once do not fit --memory.",
                         load_.name));
    stats.next_phase();
    const report::Progress watched(
        stats, report::step_progress(load_.plan.report.progress, report::Phase::kMerge, rows_to_merge));
    rows.merge_down(context_.stop, stats.source_read);
  }
  // What the server refuses now counts against the load, wherever its line stands.
  pipeline::SourceAccount account(SourceOrdinal(0), load_.name, {}, load_.plan.report.reject_limit, rejects);
  std::uint64_t lines = 0;
  std::uint64_t blank = 0;
  std::uint64_t rejected = 0;
  std::uint64_t bytes_compressed = 0;
  std::size_t whole = 0;
  for (const SourceOutcome& source : outcome.sources) {
    if (!source.is_whole) continue;
    ++whole;
    lines += source.end.lines;
    blank += source.blank;
    rejected += source.rejected;
    bytes_compressed += source.end.bytes;
  }
  for (const LoadSource& source : load_.sources) account.names.emplace(source.ordinal, source.name);
  account.rejects.end_of_input(lines);
  const bool is_one_budget = whole == 1 || load_.plan.report.reject_limit.share_ppm;
  if (is_one_budget) account.rejects.presume(rejected);
  stats.next_phase();
  report::ProgressOptions progress = load_.plan.report.progress;
  progress.phase = report::Phase::kWriteSorted;
  stats.sources_total = 0;  // a stretch is of all of them
  progress.source_total = rows.rows();
  progress.ranges_in_flight_max = memory_.stretches_in_flight_max;
  write::WriterPool pool(sessions_, context_);
  pipeline::StretchResult written;
  {
    const report::Progress watched(stats, progress);
    written = run_stretches(rows,
                            {.limits = load_.plan.read.split,
                             .in_flight_max = memory_.stretches_in_flight_max,
                             .bytes_compressed = bytes_compressed,
                             .left_out = released_},
                            context_.mapping, pool, context_.committed, account, stats, context_.stop);
  }
  outcome.counts += account.counts;
  outcome.new_ranges += account.new_ranges;
  outcome.result.interrupted = written.interrupted;
  outcome.result.failure = written.failure;
  outcome.budget_verdict = account.budget_verdict;
  if (auto failure = failure_of(pool, load_.name)) outcome.result.failure = std::move(failure);
  if (!outcome.result.is_whole() || (pool.failed() && !outcome.budget_verdict)) return;
  if (outcome.budget_verdict) return;
  outcome.budget_verdict = account.rejects.verdict_at_end(lines, blank, is_one_budget ? 0 : rejected);
}

}  // namespace chatload::load
