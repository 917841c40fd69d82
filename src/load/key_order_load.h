// A load in key order, once it is opened: sorts the rows of its sources, records their ranges, writes its stretches.
//
//   sources ─► range_pipeline ─┬► sorted runs ────────────► merge ─► stretch_pipeline ─► table, ledger
//                              └► journal ─► ledger
//
// The server has no part in the sorting. So what a run has sorted is lost only with the run: a server that is away, or
// slow, for hours costs nothing unless it is away when it is needed, and then for longer than --retry-for.
//
// A source that cannot be read to its end is no part of the load any more: it is released before anything is recorded,
// and the merge leaves its rows out. From then on the set of sources is fixed: the load's stretches depend on it.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "load/load.h"
#include "load/run.h"
#include "pipeline/memory_plan.h"
#include "report/reject_sink.h"
#include "spill/range_journal.h"
#include "spill/spill_limits.h"
#include "spill/spill_store.h"
#include "write/write_context.h"

namespace chatload::load {

struct LoadOutcome;

// What is on disk of a load in key order.
struct Spill {
  Spill(const std::filesystem::path& dir, const parse::RowLayout& layout, spill::SpillLimits limits)
      : rows(dir, layout, limits), ranges(std::in_place, dir) {}

  spill::SpillStore rows;
  std::optional<spill::RangeJournal> ranges;  // until they are recorded
};

// Single-threaded, for one run; borrows all that it is given.
class KeyOrderLoad {
 public:
  KeyOrderLoad(Run& run, Load& load, const pipeline::KeyOrderMemoryPlan& memory, std::span<mysql::Session> sessions,
               const write::WriteContext& context, Spill& spill);

  // REQUIRES: the sources are sorted, each as far as the outcome says. What goes wrong is in the outcome.
  void write(std::span<LoadSource* const> sources, report::RejectReport& rejects, LoadOutcome& outcome);

 private:
  void freeze(const LoadOutcome& outcome);
  void require_order(const std::map<SourceOrdinal, std::string>& missing) const;
  void record_ranges(LoadOutcome& outcome);
  void await_clearance();
  void write_stretches(report::RejectReport& rejects, LoadOutcome& outcome);

  Run& run_;
  Load& load_;
  const pipeline::KeyOrderMemoryPlan& memory_;
  const std::span<mysql::Session> sessions_;
  const write::WriteContext& context_;
  Spill& spill_;
  std::set<SourceOrdinal> released_;
};

}  // namespace chatload::load
