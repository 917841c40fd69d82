#include "pipeline/input_runner.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <new>
#include <utility>

#include "base/quantity.h"
#include "inflate/decoded_stream.h"
#include "report/progress.h"
#include "source/byte_source.h"

namespace chatload::pipeline {
namespace {

using report::RunStatus;

void set_worse(Verdict& verdict, RunStatus status, ExitCode exit_code) {
  if (worse(verdict.exit_code, exit_code) == verdict.exit_code) return;
  verdict.status = status;
  verdict.exit_code = exit_code;
}

}  // namespace

InputRunner::InputRunner(const cli::ReadPlan& read, const cli::ReportPlan& report, std::size_t ranges_in_flight_max,
                         const parse::Mapping& mapping, const Destination* destination, report::LiveStats& stats,
                         const StopSignal& stop)
    : read_(read),
      report_(report),
      options_{read.split, read.threads, ranges_in_flight_max},
      mapping_(mapping),
      destination_(destination),
      stats_(stats),
      stop_(stop) {
  if (report.rejects) reject_writer_ = std::make_unique<report::RejectWriter>(*report.rejects);
}

Verdict InputRunner::run(const std::vector<std::string>& inputs) {
  Verdict verdict;
  for (std::size_t next = 0; next < inputs.size() && !has_to_end(inputs, next, verdict); ++next) {
    try {
      run_one(inputs[next], verdict);
    } catch (const EnvironmentError& error) {
      environment_failed_ = true;
      fail(error, verdict);
    } catch (const Error& error) {
      fail(error, verdict);
    } catch (const std::bad_alloc&) {
      environment_failed_ = true;
      fail(
          EnvironmentError(fmt::format("{}: the machine has no memory left; lower --memory, --range-size or --max-line "
                                       "and run the same command again.",
                                       inputs[next])),
          verdict);
    } catch (const std::exception& error) {
      environment_failed_ = true;
      fail(EnvironmentError(fmt::format("{}: {}; run the same command again.", inputs[next], error.what())), verdict);
    }
  }
  if (reject_writer_ && !environment_failed_) {
    try {
      reject_writer_->close();
    } catch (const EnvironmentError& error) {
      fail(error, verdict);
    }
  }
  return verdict;
}

void InputRunner::fail(const Error& error, Verdict& verdict) const {
  spdlog::error("{}", error.what());
  set_worse(verdict, RunStatus::kFailed, error.exit_code());
}

// Whether inputs[next] and those behind it are not to be run; says so.
bool InputRunner::has_to_end(const std::vector<std::string>& inputs, std::size_t next, Verdict& verdict) const {
  const bool has_failed = environment_failed_ || (destination_ && destination_->pool.failed());
  if (!has_failed && !stop_.requested()) return false;
  spdlog::warn("{} of {} inputs were not begun, {} the first of them; run the same command again.",
               inputs.size() - next, inputs.size(), inputs[next]);
  if (!has_failed) set_worse(verdict, RunStatus::kInterrupted, ExitCode::kInterrupted);
  return true;
}

void InputRunner::run_one(const std::string& input, Verdict& verdict) {
  std::unique_ptr<source::ByteSource> source = source::open_input(input, stop_.fd());
  report::ProgressOptions progress_options = report_.progress;
  progress_options.bytes_compressed_total = source->size_bytes();
  progress_options.ranges_in_flight_max = options_.ranges_in_flight_max;
  const std::unique_ptr<inflate::DecodedStream> stream = inflate::open_decoded(std::move(source), read_.inflater);
  report::RejectSink rejects(input, report_.reject_limit, reject_writer_.get());

  PipelineResult result;
  stats_.restart();
  {
    const report::Progress progress(stats_, progress_options);
    result = run_pipeline(*stream, options_, mapping_, read_.filter, destination_, rejects, stats_, stop_);
  }
  verdict.counts += result.counts;
  judge(input, result, rejects, verdict);
}

void InputRunner::judge(const std::string& input, const PipelineResult& result, const report::RejectSink& rejects,
                        Verdict& verdict) const {
  const report::RunCounts& counts = result.counts;
  const bool adds_up = destination_ ? counts.load_adds_up() : counts.check_adds_up();
  if (!adds_up) {
    throw DatabaseError(
        fmt::format("{}: the counts do not add up: {} valid lines, but {} inserted, {} updated and {} "
                    "duplicate; compare the table with the file before using it.",
                    input, counts.parsed.valid, counts.inserted, counts.updated, counts.duplicate));
  }
  rethrow_database_failure(input);
  if (result.failure) std::rethrow_exception(result.failure);
  if (result.budget_verdict) {
    spdlog::error("{}", *result.budget_verdict);
    return set_worse(verdict, RunStatus::kBudgetExceeded, ExitCode::kBudgetExceeded);
  }
  if (result.interrupted) {
    spdlog::warn(
        "{}: stopped by a signal after {} lines; run the same command again to finish{}.", input,
        format_count(counts.parsed.lines),
        destination_ ? ": with --on-duplicate skip or replace, lines that are in count as duplicate or updated" : "");
    return set_worse(verdict, RunStatus::kInterrupted, ExitCode::kInterrupted);
  }
  if (const auto verdict_at_end = rejects.verdict_at_end(counts.parsed.lines, counts.parsed.blank)) {
    spdlog::error("{}", *verdict_at_end);
    return set_worse(verdict, RunStatus::kBudgetExceeded, ExitCode::kBudgetExceeded);
  }
  if (counts.parsed.rejected() > 0) set_worse(verdict, RunStatus::kDone, ExitCode::kLoadedWithRejects);
}

void InputRunner::rethrow_database_failure(const std::string& input) const {
  if (!destination_) return;
  try {
    destination_->pool.rethrow_failure();
  } catch (const DatabaseError& error) {
    throw DatabaseError(fmt::format("{}: {}", input, error.what()));
  }
}

}  // namespace chatload::pipeline
