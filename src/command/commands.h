// The commands: a plan → what it asks for → an exit code.
#pragma once

#include "base/errors.h"
#include "base/stop_signal.h"
#include "cli/plan.h"

namespace chatload::command {

// Each writes its result to standard output and its log to standard error, and throws Error for what ends it before
// its first input; what ends an input is logged, and is in the exit code. Those that are given the stop look for it and
// end in order.

[[nodiscard]] ExitCode run_load(const cli::LoadPlan& plan, const StopSignal& stop);
[[nodiscard]] ExitCode run_check(const cli::CheckPlan& plan, const StopSignal& stop);
[[nodiscard]] ExitCode run_index(const cli::IndexPlan& plan, const StopSignal& stop);
[[nodiscard]] ExitCode run_copy(const cli::CopyPlan& plan, const StopSignal& stop);
[[nodiscard]] ExitCode run_guess(const cli::GuessPlan& plan, const StopSignal& stop);
[[nodiscard]] ExitCode run_schema(const cli::SchemaPlan& plan);
[[nodiscard]] ExitCode run_loads(const cli::LoadsPlan& plan, const StopSignal& stop);
[[nodiscard]] ExitCode run_rejects(const cli::RejectsPlan& plan, const StopSignal& stop);
[[nodiscard]] ExitCode run_report(const cli::PagePlan& plan);

}  // namespace chatload::command
