// Runs the inputs of a command one after the other and adds up what they came to.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/stop_signal.h"
#include "report/run_counts.h"
#include "report/summary.h"

namespace chatload::load {

// The verdict on a whole command.
struct Verdict {
  report::RunStatus status = report::RunStatus::kDone;
  ExitCode exit_code = ExitCode::kLoaded;
  report::RunCounts counts;         // of the inputs, by all runs that worked at them
  report::RunCounts this_run;       // the part of them that this run did
  std::size_t already_loaded = 0;   // inputs that were done before
  bool environment_failed = false;  // the machine takes no more, the --rejects file perhaps

  // Takes over status and exit code if the latter is worse.
  void worsen(report::RunStatus with_status, ExitCode with_exit_code);
};

// Does what the command does with one input, adds to the verdict's counts whatever happens, and throws Error for what
// ends it.
using RunInput = std::function<void(const std::string& input, Verdict& verdict)>;

// Runs all inputs, in order, and one that has several names (a link, a glob that overlaps another) once. What ends an
// input is logged and in the verdict. It does not stop the next one unless fail_fast is set; a failed database, a
// machine that takes no more (EnvironmentError) and a signal do.
[[nodiscard]] Verdict run_inputs(const std::vector<std::string>& inputs, bool fail_fast, const StopSignal& stop,
                                 const RunInput& run_input);

}  // namespace chatload::load
