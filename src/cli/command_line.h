// argv → a plan. CLI11 stays in the .cc and in help_formatter.
#pragma once

#include "base/stop_signal.h"
#include "cli/plan.h"

namespace chatload::cli {

// A flag's value is that of the command line, else of --config FILE, else (--to alone) of CHATLOAD_TO, else the
// default. Throws UsageError: one sentence. stop: ends a wait for a server that has to say what the plan is.
[[nodiscard]] Plan parse_command_line(int argc, const char* const* argv, const StopSignal& stop);

}  // namespace chatload::cli
