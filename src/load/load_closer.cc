#include "load/load_closer.h"

#include <fmt/format.h>

#include <cstdint>

#include "ledger/load_ledger.h"
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

}  // namespace

LoadCloser::LoadCloser(const source::HeldFile& input, const OpenLoad& load, IndexDeferral& indexes,
                       const WitnessCheck& witnesses, mysql::ControlConnection& control, report::LiveStats& stats,
                       const StopSignal& stop)
    : input_(input),
      load_(load),
      indexes_(indexes),
      witnesses_(witnesses),
      control_(control),
      stats_(stats),
      stop_(stop) {}

// Of a file whose stamp changed while it was read: whether it holds what was read, and would be known again by it.
bool LoadCloser::is_same_content(const source::SourceIdentity& identity, const std::optional<std::string>& source_id,
                                 const std::string& digest) const {
  return content_digest(input_, load_.plan.report.progress, stats_, stop_) == digest &&
         source::identify_source(input_, source_id).key == identity.key;
}

// The ledger's sums, not ours, are what the load came to; that they are the same is checked.
void LoadCloser::record_end(const source::SourceIdentity& identity, const std::optional<std::string>& source_id,
                            const pipeline::InputResult& result) {
  const std::string stamp = source::file_stamp(input_);
  if (stamp != identity.stamp && !is_same_content(identity, source_id, result.source_digest)) {
    throw SourceError(
        fmt::format("{}: was changed while it was read, so that what is loaded may be neither its old nor "
                    "its new content; load it with --restart once nobody writes to it.",
                    input_.name()));
  }
  ledger::LoadTotals totals =
      control_.run([&](mysql::Session& session) { return ledger::read_totals(session, load_.load_id); });
  const report::RunCounts& ours = result.pipeline.counts;
  const ledger::LineCounts& before = load_.before.counts;
  const ledger::LineCounts expected{.lines = before.lines + ours.parsed.lines,
                                    .inserted = before.inserted + ours.inserted,
                                    .updated = before.updated + ours.updated,
                                    .duplicate = before.duplicate + ours.duplicate,
                                    .filtered = before.filtered + ours.parsed.filtered,
                                    .rejected = before.rejected + ours.parsed.rejected(),
                                    .blank = before.blank + ours.parsed.blank};
  if (totals.ranges != result.pipeline.ranges || totals.counts != expected ||
      !report::recorded_counts(totals).load_adds_up()) {
    throw LoadError(fmt::format(
        "{}: the ledger of load {} has {}, where this run counted {}; compare the table with the file before "
        "using it.",
        input_.name(), load_.load_id, counts_text(totals.ranges, totals.counts),
        counts_text(result.pipeline.ranges, expected)));
  }
  witnesses_.require_rows(input_.name(), load_.load_id);
  totals.bytes_compressed = ours.bytes_compressed;
  const ledger::LoadEnd end{.source_stamp = stamp, .source_digest = result.source_digest, .totals = totals};
  control_.run([&](mysql::Session& session) {
    ledger::keep_witnesses(session, load_.load_id, load_.owner);
    ledger::record_end(session, load_.load_id, load_.owner, end);
  });
}

void LoadCloser::finish(ExitCode exit_code) {
  const bool has_built = indexes_.build();
  // A build may take hours. A load whose lines an earlier run had all written is looked at only now: a build that the
  // server still does for a killed run keeps readers out.
  if (has_built || load_.is_written) witnesses_.require_rows(input_.name(), load_.load_id);
  const bool is_ours = control_.run([&](mysql::Session& session) {
    ledger::keep_table_time(session, load_.load_id, load_.owner, witnesses_.table());
    return ledger::mark_done(session, load_.load_id, load_.owner, static_cast<int>(exit_code));
  });
  if (!is_ours) {
    throw LoadError(
        fmt::format("{}: another run has taken load {} over, or the server has lost ranges that it had committed; run "
                    "the same command again.",
                    input_.name(), load_.load_id));
  }
  // The load is done, whatever becomes of this: the next run of the same input would do it.
  control_.attempt([&](mysql::Session& session) { ledger::compact(session, load_.load_id); });
}

}  // namespace chatload::load
