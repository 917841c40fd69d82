// A load that is open: its sources → the table and the ledger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "ledger/source_ledger.h"
#include "load/first_lines.h"
#include "load/key_order_load.h"
#include "load/load.h"
#include "load/run.h"
#include "pipeline/range_pipeline.h"
#include "pipeline/source_account.h"
#include "report/reject_sink.h"
#include "report/run_counts.h"

namespace chatload::load {

// What became of one source in this run.
struct SourceOutcome {
  ledger::SourceEnd end;  // as far as it came
  std::size_t input = 0;  // among the command's
  std::string name;
  report::RunCounts counts;    // of its ranges, by this run
  std::uint64_t blank = 0;     // lines of all its ranges, where it is whole
  std::uint64_t rejected = 0;  // of those, but for what the server refuses later
  bool is_whole = false;       // all of it is where it belongs
  std::exception_ptr failure;  // what ended it, if anything did but a stop or the end of the whole load
};

// Why it failed, for people.
[[nodiscard]] std::string why_of(const SourceOutcome& source);

struct LoadOutcome {
  pipeline::PipelineResult result;
  std::vector<SourceOutcome> sources;         // those that were begun, in order
  report::RunCounts counts;                   // by this run, those of stretches too
  std::uint64_t new_ranges = 0;               // ranges and stretches that this run has committed
  std::optional<std::string> budget_verdict;  // why the load's budget ended the writing of stretches
  bool is_written = false;                    // in key order: the rows of all sources that were not released
  FilteredTypes filtered_types;               // that were seen at the sources' beginnings
};

// Reads the sources and writes what is missing. `spill` is filled in key order, and left for the caller to free. Throws
// what keeps it from beginning; what goes wrong from then on is in the outcome.
[[nodiscard]] LoadOutcome run_load(Run& run, Load& load, report::RejectReport& rejects, std::optional<Spill>& spill);

}  // namespace chatload::load
