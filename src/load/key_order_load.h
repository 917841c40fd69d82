// A load in key order, once it is opened: sorts its rows, records its ranges, writes its stretches.
//
//   input ─► range_pipeline ─┬► sorted runs ────────────► merge ─► stretch_pipeline ─► table, ledger
//                            └► journal ─► ledger
//
// The server has no part in the sorting. So what a run has sorted is lost only with the run: a server that is away, or
// slow, for hours costs nothing unless it is away when it is needed, and then for longer than --retry-for.
#pragma once

#include <filesystem>
#include <optional>
#include <span>

#include "cli/plan.h"
#include "mysql/control_connection.h"
#include "mysql/session.h"
#include "parse/mapping.h"
#include "pipeline/input_reader.h"
#include "pipeline/memory_plan.h"
#include "pipeline/range_pipeline.h"
#include "report/live_stats.h"
#include "report/reject_sink.h"
#include "source/held_file.h"
#include "spill/range_journal.h"
#include "spill/spill_limits.h"
#include "spill/spill_store.h"
#include "write/write_context.h"

namespace chatload::load {

// What is on disk of a load in key order.
struct Spill {
  Spill(const std::filesystem::path& dir, const parse::Mapping& mapping, spill::SpillLimits limits)
      : rows(dir, mapping, limits), ranges(std::in_place, dir) {}

  spill::SpillStore rows;
  std::optional<spill::RangeJournal> ranges;  // until they are recorded
};

// Single-threaded, for one run; borrows all that it is given. `spill` is filled and left for the caller to free.
class KeyOrderLoad {
 public:
  KeyOrderLoad(const source::HeldFile& input, const cli::LoadPlan& plan, const pipeline::KeyOrderMemoryPlan& memory,
               std::span<mysql::Session> sessions, const write::WriteContext& context,
               mysql::ControlConnection& control, report::LiveStats& stats, std::optional<Spill>& spill);

  // Ends like read_input(); what goes wrong from then on is the result's failure. Throws EnvironmentError, too: nothing
  // can be written to the plan's spill_dir.
  [[nodiscard]] pipeline::InputResult run(report::RejectSink& rejects);

 private:
  [[nodiscard]] pipeline::InputResult sort(report::RejectSink& rejects);
  void record_ranges(pipeline::PipelineResult& result);
  void await_clearance();
  void write_stretches(report::RejectSink& rejects, pipeline::PipelineResult& result);

  const source::HeldFile& input_;
  const cli::LoadPlan& plan_;
  const pipeline::KeyOrderMemoryPlan& memory_;
  const std::span<mysql::Session> sessions_;
  const write::WriteContext& context_;
  mysql::ControlConnection& control_;
  report::LiveStats& stats_;
  std::optional<Spill>& spill_;
};

}  // namespace chatload::load
