// The bytes are compared as a resume compares them (source_verifier.h): this file is cut as the other load cut its own.
// That reads it once more up to the other's last range, which is rare, and holds for any two plans.
//
// A run that has lost its lock may still write. It is shut out only after the bytes were found equal; if it has
// committed more by then, its load stays.
#include "load/supersession.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/errors.h"
#include "base/log.h"
#include "base/terminal_text.h"
#include "ledger/load_ledger.h"
#include "ledger/range_ledger.h"
#include "load/source_verifier.h"
#include "report/progress.h"

namespace chatload::load {
namespace {

// The other load's plan; nothing where it selects other lines, or cannot be read.
std::optional<cli::LoadPlan> plan_of_same_lines(const cli::LoadPlan& ours, const ledger::LoadRecord& other) {
  try {
    cli::LoadPlan given_nothing = ours;
    given_nothing.given.clear();
    cli::LoadPlan plan = cli::resumed_plan(given_nothing, other.plan, other.load_id, "--restart");
    cli::LoadPlan cut_as_ours = plan;
    cut_as_ours.read.split.range_bytes = ours.read.split.range_bytes;
    cut_as_ours.write.order = ours.write.order;
    cut_as_ours.write.indexes = ours.write.indexes;
    if (cli::recorded_plan(cut_as_ours) != cli::recorded_plan(ours)) return std::nullopt;
    return plan;
  } catch (const LoadError&) {
    return std::nullopt;
  }
}

std::uint64_t count_ranges(mysql::ControlConnection& control, const ledger::LoadRecord& load) {
  return control.run([&](mysql::Session& session) { return ledger::read_totals(session, load.load_id).ranges; });
}

// How many ranges the other load has committed, where the file has the bytes of them all; else nothing.
std::optional<std::uint64_t> ranges_with_equal_bytes(const source::HeldFile& file, const cli::LoadPlan& plan,
                                                     const ledger::LoadRecord& other, mysql::ControlConnection& control,
                                                     report::LiveStats& stats, const StopSignal& stop) {
  try {
    std::optional<ledger::CommittedRanges> committed;
    control.run([&](mysql::Session& session) { committed.emplace(session, other.load_id); });
    if (committed->count() == 0) return 0;
    stats.next_phase();
    const report::Progress watched(
        stats,
        report::step_progress(plan.report.progress, "compares a partial load: ", file.open(stop.fd())->size_bytes()));
    require_recorded_bytes(file, plan.read, ledger::RangeLedger(other.load_id, ""), *committed, control,
                           stats.source_read, stop);
    return committed->count();
  } catch (const LoadError&) {
    return std::nullopt;
  } catch (const SourceError&) {
    return std::nullopt;
  }
}

}  // namespace

void supersede_partial_loads(const source::HeldFile& file, const OpenLoad& load, const std::string& table,
                             mysql::ControlConnection& control, report::LiveStats& stats, const StopSignal& stop) {
  const auto others =
      control.run([&](mysql::Session& session) { return ledger::find_partial_loads(session, table, load.load_id); });
  for (const ledger::LoadRecord& other : others) {
    const std::optional<cli::LoadPlan> plan = plan_of_same_lines(load.plan, other);
    if (!plan || control.lock(other.lock_name, std::chrono::milliseconds(0), nullptr)) continue;
    struct Unlock {
      mysql::ControlConnection& control;
      const std::string& name;
      ~Unlock() { control.unlock(name); }
    } const unlock{control, other.lock_name};
    const auto compared = ranges_with_equal_bytes(file, *plan, other, control, stats, stop);
    if (!compared) continue;
    const bool is_final = control.run([&](mysql::Session& session) { return ledger::disown(session, other); });
    if (!is_final || count_ranges(control, other) != *compared) continue;
    control.run([&](mysql::Session& session) { ledger::supersede(session, other.load_id, load.load_id); });
    log_info(fmt::format("{}: has all bytes that load {} had loaded of a file of this name; load {} takes its place.",
                         file.name(), other.load_id, load.load_id));
  }
}

}  // namespace chatload::load
