#include "load/command_outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "base/log.h"
#include "base/quantity.h"

namespace chatload::load {

using report::InputEnd;
using report::InputStatus;
using report::RunStatus;

std::string CommandOutcome::name_of(const Inputs& inputs) const {
  return inputs.empty() ? std::string() : name_of_all(verdict_.inputs.at(inputs.front()).name, inputs.size());
}

void CommandOutcome::attempt(const Inputs& inputs, const std::function<void()>& body) {
  const std::string in_front = inputs.empty() ? "" : name_of(inputs) + ": ";
  const auto fail_with = [&](const Error& error) {
    if (!inputs.empty()) set_out_of_order();
    for (const std::size_t input : inputs) {
      InputEnd& end = end_of(input);
      if (end.status != InputStatus::kNotReached) continue;
      end.status = InputStatus::kFailed;
      end.why = error.what();
    }
    fail(error.what(), error.exit_code());
  };
  try {
    return body();
  } catch (const LoadError& error) {
    fail_with(error);
    return;
  } catch (const Interrupted& interrupted) {
    log_warning(in_front + interrupted.what());
    worsen(RunStatus::kInterrupted, interrupted.exit_code());
  } catch (const DatabaseError& error) {
    fail_with(error);
  } catch (const EnvironmentError& error) {
    fail_with(error);
  } catch (const Error& error) {
    fail_with(error);
    return;
  } catch (const std::bad_alloc&) {
    fail_with(EnvironmentError(in_front + "The machine has no memory left; lower --memory, --range-size or --max-line "
                                          "and run the same command again."));
  } catch (const std::exception& error) {
    fail_with(EnvironmentError(fmt::format("{}{}; run the same command again.", in_front, error.what())));
  }
  goes_on_ = false;
}

void CommandOutcome::fail(const std::string& sentence, ExitCode exit_code) {
  log_error(sentence);
  verdict_.fail(exit_code);
}

void CommandOutcome::end_badly(std::size_t input, const std::string& why, ExitCode exit_code) {
  InputEnd& end = end_of(input);
  end.status = InputStatus::kFailed;
  end.why = why;
  verdict_.fail(exit_code);
}

bool CommandOutcome::may_begin() const {
  const bool has_failed = verdict_.exit_code != ExitCode::kLoaded && verdict_.exit_code != ExitCode::kLoadedWithRejects;
  return is_well() && !(plan_.fail_fast && has_failed);
}

void CommandOutcome::add(std::uint64_t load_id, const report::RunCounts& by_this_run) {
  counted_[load_id] += by_this_run;
  verdict_.this_run += by_this_run;
}

// Of what a load has begun to read, and was stopped in, that load has said so.
void CommandOutcome::name_skipped() {
  std::size_t skipped = 0;
  std::size_t first = 0;
  for (std::size_t input = 0; input < verdict_.inputs.size(); ++input) {
    if (verdict_.inputs[input].status != InputStatus::kNotReached) continue;
    if (!is_well() && begun_.contains(input)) continue;
    if (skipped++ == 0) first = input;
  }
  if (skipped == 0) return;
  log_warning(fmt::format("Skipped {} of {} inputs, starting with {}; run the same command again.",
                          format_count(skipped), format_count(verdict_.inputs.size()), verdict_.inputs[first].name));
  if (goes_on_ && stop_.requested()) worsen(RunStatus::kInterrupted, ExitCode::kInterrupted);
}

Verdict CommandOutcome::close() {
  name_skipped();
  const auto was_done = [](const InputEnd& input) {
    return input.status == InputStatus::kAlreadyLoaded || input.status == InputStatus::kSame;
  };
  if (verdict_.status == RunStatus::kDone && std::all_of(verdict_.inputs.begin(), verdict_.inputs.end(), was_done)) {
    verdict_.status = RunStatus::kAlreadyLoaded;
  }
  for (const auto& [load, counts] : counted_) verdict_.counts += counts;
  return std::move(verdict_);
}

}  // namespace chatload::load
