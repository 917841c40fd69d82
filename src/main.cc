// Arguments → plan → run → exit code.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <variant>

#include "base/descriptors.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/standard_streams.h"
#include "base/stop_signal.h"
#include "cli/command_line.h"
#include "command/commands.h"
#include "command/print.h"
#include "command/stoppable_run.h"

namespace {
using namespace chatload;

struct RunPlan {
  ExitCode operator()(const cli::LoadPlan& plan) const { return command::run_load(plan, looks_for_stop()); }
  ExitCode operator()(const cli::CheckPlan& plan) const { return command::run_check(plan, looks_for_stop()); }
  ExitCode operator()(const cli::IndexPlan& plan) const { return command::run_index(plan, looks_for_stop()); }
  ExitCode operator()(const cli::CopyPlan& plan) const { return command::run_copy(plan, looks_for_stop()); }
  ExitCode operator()(const cli::GuessPlan& plan) const { return command::run_guess(plan, looks_for_stop()); }
  ExitCode operator()(const cli::SchemaPlan& plan) const { return command::run_schema(plan); }
  ExitCode operator()(const cli::LoadsPlan& plan) const { return command::run_loads(plan, looks_for_stop()); }
  ExitCode operator()(const cli::RejectsPlan& plan) const { return command::run_rejects(plan, looks_for_stop()); }
  ExitCode operator()(const cli::PagePlan& plan) const { return command::run_report(plan); }
  ExitCode operator()(const cli::EarlyExit& early) const {
    command::print(early.text);
    return ExitCode::kLoaded;
  }

  [[nodiscard]] const StopSignal& looks_for_stop() const {
    run.look_for_stop();
    return stop;
  }

  const StopSignal& stop;
  command::StoppableRun& run;
};

// What ends the run is said here, and nowhere else.
ExitCode exit_code_of(const auto& body) {
  try {
    return body();
  } catch (const Error& error) {
    log_error(error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    log_error(fmt::format("unexpected: {}; please report this as a bug of chatload", error.what()));
    return ExitCode::kFailed;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (!open_closed_standard_streams()) {
    std::fputs("A standard stream is closed, and /dev/null cannot be opened in its place.\n", stderr);
    return static_cast<int>(ExitCode::kFailed);
  }
  set_up_log();
  std::signal(SIGPIPE, SIG_IGN);  // a reader of our output that went away does not end a load
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow (ulimit -f) is an error, as on a full disk
  return static_cast<int>(exit_code_of([&] {
    const StopSignal stop;
    command::StoppableRun run(stop);
    const auto command = [&] {
      const cli::Plan plan = cli::parse_command_line(argc, argv, stop);
      if (!std::holds_alternative<cli::EarlyExit>(plan)) require_free_descriptors(kDescriptorsOfCommand, "");
      return std::visit(RunPlan{stop, run}, plan);
    };
    return run.run([&] { return command::flush_answer(exit_code_of(command)); });
  }));
}
