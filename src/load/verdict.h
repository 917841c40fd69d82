// What a command came to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "report/run_counts.h"
#include "report/summary.h"

namespace chatload::load {

struct Verdict {
  report::RunStatus status = report::RunStatus::kDone;
  ExitCode exit_code = ExitCode::kLoaded;
  report::RunCounts counts;    // of the loads, by all runs that worked at them
  report::RunCounts this_run;  // the part of them that this run did
  std::vector<report::InputEnd> inputs;
  std::optional<report::DuplicateCounts> duplicates;  // of a check that looked for them

  // Takes over status and exit code if the latter is worse.
  void worsen(report::RunStatus with_status, ExitCode with_exit_code);
  // The same of a failure.
  void fail(ExitCode with_exit_code);
};

}  // namespace chatload::load
