// Arguments → plan → run → exit code.
#include <spdlog/spdlog.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <variant>

#include "base/errors.h"
#include "cli/command_line.h"
#include "pipeline/commands.h"
#include "pipeline/print.h"
#include "report/log.h"

namespace {

using namespace chatload;

struct RunPlan {
  ExitCode operator()(const cli::LoadPlan& plan) const { return pipeline::run_load(plan); }
  ExitCode operator()(const cli::CheckPlan& plan) const { return pipeline::run_check(plan); }
  ExitCode operator()(const cli::SchemaPlan& plan) const { return pipeline::run_schema(plan); }
  ExitCode operator()(const cli::LoadsPlan& plan) const { return pipeline::run_loads(plan); }
  ExitCode operator()(const cli::RejectsPlan& plan) const { return pipeline::run_rejects(plan); }
  ExitCode operator()(const cli::EarlyExit& early) const {
    pipeline::print(early.text);
    return ExitCode::kLoaded;
  }
};

}  // namespace

int main(int argc, char** argv) {
  report::set_up_log(report::LogFormat::kText);
  std::signal(SIGPIPE, SIG_IGN);  // a reader of our output that went away does not end a load
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow (ulimit -f) is an error, as on a full disk
  ExitCode exit_code = ExitCode::kFailed;
  try {
    exit_code = std::visit(RunPlan{}, cli::parse_command_line(argc, argv));
  } catch (const Error& error) {
    spdlog::error("{}", error.what());
    exit_code = error.exit_code();
  } catch (const std::exception& error) {
    spdlog::error("unexpected: {}; please report this as a bug of chatload", error.what());
  }
  // A reader who has seen enough (EPIPE) is no failure of ours.
  if ((std::fflush(stdout) != 0 || std::ferror(stdout) != 0) && errno != EPIPE) {
    spdlog::error("Standard output cannot be written: {}.", std::strerror(errno));
    exit_code = worse(exit_code, ExitCode::kFailed);
  }
  return static_cast<int>(exit_code);
}
