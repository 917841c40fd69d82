#include "load/key_order_load.h"

#include <fmt/format.h>

#include <exception>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "base/stop_signal.h"
#include "ledger/range_recorder.h"
#include "load/named_failure.h"
#include "load/refused_lines.h"
#include "pipeline/stretch_pipeline.h"
#include "report/progress.h"
#include "write/writer_pool.h"

namespace chatload::load {

KeyOrderLoad::KeyOrderLoad(const source::HeldFile& input, const cli::LoadPlan& plan,
                           const pipeline::KeyOrderMemoryPlan& memory, std::span<mysql::Session> sessions,
                           const write::WriteContext& context, mysql::ControlConnection& control,
                           report::LiveStats& stats, std::optional<Spill>& spill)
    : input_(input),
      plan_(plan),
      memory_(memory),
      sessions_(sessions),
      context_(context),
      control_(control),
      stats_(stats),
      spill_(spill) {}

// Of an input that ends in a failure, or over its budget, the ledger gets the ranges in front, with their rejects.
pipeline::InputResult KeyOrderLoad::run(report::RejectSink& rejects) {
  pipeline::InputResult result = sort(rejects);
  pipeline::PipelineResult& done = result.pipeline;
  try {
    record_ranges(done);
    if (done.is_whole()) write_stretches(rejects, done);
  } catch (const Interrupted&) {
    done.interrupted = true;
  } catch (const Error&) {
    if (!done.failure) done.failure = std::current_exception();
  }
  return result;
}

pipeline::InputResult KeyOrderLoad::sort(report::RejectSink& rejects) {
  spill_.emplace(plan_.write.spill_dir, context_.mapping, memory_.spill);
  cli::ReadPlan read = plan_.read;
  read.threads = memory_.reading.workers.threads;
  report::ProgressOptions progress = plan_.report.progress;
  progress.phase = "1 of 2, sorts by key: ";
  progress.has_database = false;
  return pipeline::read_input(
      input_.open(context_.stop.fd()), read, progress, context_.mapping, memory_.reading.ranges_in_flight_max,
      pipeline::Sorting{spill_->rows, *spill_->ranges, context_.committed}, rejects, stats_, context_.stop);
}

void KeyOrderLoad::record_ranges(pipeline::PipelineResult& result) {
  if (context_.stop.requested()) throw Interrupted();
  spill::RangeJournal& journal = *spill_->ranges;
  try {
    journal.finish();
  } catch (const EnvironmentError&) {
    if (!result.failure) result.failure = std::current_exception();
  }
  if (result.is_whole() && journal.new_ranges() > 0) {
    log_info(fmt::format("{}: is sorted; {} ranges and {} rejected lines go to the ledger first.", input_.name(),
                         format_count(journal.new_ranges()), format_count(journal.new_rejects())));
  }
  stats_.next_phase();
  const report::Progress watched(
      stats_,
      report::step_progress(plan_.report.progress, "records ranges: ", journal.groups().size(), /*has_database=*/true));
  ledger::RangeRecorder recorder(context_.mapping, context_.ledger, context_.committed, context_.statement_bytes_max,
                                 context_.stop);
  for (const spill::Run& group : journal.groups()) {
    if (result.is_whole()) await_clearance();  // what ends anyway says why soon
    const ledger::RecordedRanges recorded = name_failures(input_.name(), [&] {
      return control_.run([&](mysql::Session& session) { return recorder.record(session, group); });
    });
    context_.retry.committed();
    ++stats_.source_read;
    result.counts.parsed += recorded.counts;
    result.counts.bytes_decompressed += recorded.bytes_decompressed;
  }
  spill_->ranges.reset();  // merging and the server may need the room
}

void KeyOrderLoad::await_clearance() {
  context_.await_clearance([this] { return !context_.stop.requested(); });
  if (context_.stop.requested()) throw Interrupted();
}

void KeyOrderLoad::write_stretches(report::RejectSink& rejects, pipeline::PipelineResult& result) {
  spill::SpillStore& rows = spill_->rows;
  if (const std::uint64_t rows_to_merge = rows.rows_to_merge()) {
    log_info(fmt::format("{}: merges its sorted runs into fewer first, since all of them at once do not fit --memory.",
                         input_.name()));
    stats_.next_phase();
    const report::Progress watched(stats_,
                                   report::step_progress(plan_.report.progress, "merges sorted runs: ", rows_to_merge));
    rows.merge_down(context_.stop, stats_.source_read);
  }
  rejects.end_of_input(result.lines);
  stats_.next_phase();
  report::ProgressOptions progress = plan_.report.progress;
  progress.phase = "2 of 2, writes in key order: ";
  progress.source_total = rows.rows();
  progress.ranges_in_flight_max = memory_.stretches_in_flight_max;
  write::WriterPool pool(sessions_, context_);
  pipeline::PipelineResult written;
  {
    const report::Progress watched(stats_, progress);
    written = pipeline::run_stretches(rows,
                                      {.first_number = RangeNumber(result.ranges),
                                       .range_bytes = plan_.read.split.range_bytes,
                                       .in_flight_max = memory_.stretches_in_flight_max,
                                       .bytes_compressed = result.counts.bytes_compressed},
                                      context_.mapping, {pool, context_.committed, /*parallel=*/true}, rejects, stats_,
                                      context_.stop);
  }
  result.counts += written.counts;
  result.ranges += written.ranges;
  result.interrupted = written.interrupted;
  result.budget_verdict = written.budget_verdict;
  result.failure = written.failure;
  if (auto failure = failure_of(pool, input_.name())) result.failure = std::move(failure);
  if (result.interrupted || result.failure || (pool.failed() && !result.budget_verdict)) return;
  if (!result.budget_verdict) result.budget_verdict = rejects.verdict_at_end(result.lines, result.blank);
  stats_.next_phase();
  const report::Progress watched(stats_, report::step_progress(plan_.report.progress, "fetches refused lines: ",
                                                               result.counts.bytes_compressed, /*has_database=*/true));
  fill_refused_lines(
      input_, plan_.read, context_.ledger, control_, [this] { await_clearance(); }, stats_.source_read, context_.stop);
}

}  // namespace chatload::load
