#include "load/input_runner.h"

#include <fmt/format.h>

#include <exception>
#include <new>
#include <unordered_map>

#include "base/log.h"
#include "source/source_identity.h"

namespace chatload::load {
namespace {

using report::RunStatus;

void fail(const Error& error, Verdict& verdict) {
  log_error(error.what());
  const bool has_bad_lines = error.exit_code() == ExitCode::kBudgetExceeded;
  verdict.worsen(has_bad_lines ? RunStatus::kBudgetExceeded : RunStatus::kFailed, error.exit_code());
}

// Runs one input; returns whether the next one may be begun.
bool run_one(const std::string& input, const RunInput& run_input, Verdict& verdict) {
  try {
    run_input(input, verdict);
    return true;
  } catch (const LoadError& error) {
    fail(error, verdict);
    return true;
  } catch (const Interrupted& interrupted) {
    log_warning(fmt::format("{}: {}", input, interrupted.what()));
    verdict.worsen(RunStatus::kInterrupted, interrupted.exit_code());
  } catch (const DatabaseError& error) {
    fail(error, verdict);
  } catch (const EnvironmentError& error) {
    verdict.environment_failed = true;
    fail(error, verdict);
  } catch (const Error& error) {
    fail(error, verdict);
    return true;
  } catch (const std::bad_alloc&) {
    fail(EnvironmentError(fmt::format("{}: the machine has no memory left; lower --memory, --range-size or --max-line "
                                      "and run the same command again.",
                                      input)),
         verdict);
  } catch (const std::exception& error) {
    fail(EnvironmentError(fmt::format("{}: {}; run the same command again.", input, error.what())), verdict);
  }
  return false;
}

bool is_failure(ExitCode exit_code) {
  return exit_code != ExitCode::kLoaded && exit_code != ExitCode::kLoadedWithRejects;
}

// Each place once, by its first name; says in a line which names are left out.
std::vector<std::string> distinct(const std::vector<std::string>& inputs) {
  std::vector<std::string> kept;
  std::unordered_map<std::string, std::string> name_at;
  std::string left_out;
  for (const std::string& input : inputs) {
    const std::string place = source::place_of_input(input);
    const auto [first, is_new] = name_at.try_emplace(place, input);
    if (is_new || place.empty()) {
      kept.push_back(input);
    } else if (left_out.empty()) {
      left_out = fmt::format("{} is the same file as {}", input, first->second);
    }
  }
  const std::size_t count = inputs.size() - kept.size();
  if (count == 1) log_info(fmt::format("{}; it is read once.", left_out));
  if (count > 1) {
    log_info(fmt::format("{} of {} inputs are files that were named before ({}); each file is read once.", count,
                         inputs.size(), left_out));
  }
  return kept;
}

}  // namespace

void Verdict::worsen(RunStatus with_status, ExitCode with_exit_code) {
  if (worse(exit_code, with_exit_code) == exit_code) return;
  status = with_status;
  exit_code = with_exit_code;
}

Verdict run_inputs(const std::vector<std::string>& given, bool fail_fast, const StopSignal& stop,
                   const RunInput& run_input) {
  const std::vector<std::string> inputs = distinct(given);
  Verdict verdict;
  bool may_go_on = true;
  for (std::size_t next = 0; next < inputs.size(); ++next) {
    if (!may_go_on || stop.requested() || (fail_fast && is_failure(verdict.exit_code))) {
      log_warning(fmt::format("Skipped {} of {} inputs, starting with {}; run the same command again.",
                              inputs.size() - next, inputs.size(), inputs[next]));
      if (may_go_on && stop.requested()) verdict.worsen(RunStatus::kInterrupted, ExitCode::kInterrupted);
      break;
    }
    may_go_on = run_one(inputs[next], run_input, verdict);
  }
  if (verdict.status == RunStatus::kDone && verdict.already_loaded == inputs.size()) {
    verdict.status = RunStatus::kAlreadyLoaded;
  }
  return verdict;
}

}  // namespace chatload::load
