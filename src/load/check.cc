#include "load/check.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "load/first_lines.h"
#include "load/identify.h"
#include "load/source_feed.h"
#include "pipeline/memory_plan.h"
#include "pipeline/range_pipeline.h"
#include "pipeline/range_sinks.h"
#include "report/live_stats.h"
#include "report/progress.h"
#include "report/reject_sink.h"

namespace chatload::load {
namespace {

using pipeline::SourceAccount;
using report::InputStatus;
using report::RunStatus;

// The outcomes of the sources that were begun.
void count(SourceAccount& account, report::InputEnd& end, Verdict& verdict) {
  report::RunCounts counts = account.counts;
  try {
    if (account.failure) std::rethrow_exception(account.failure);
    if (account.budget_verdict) throw BudgetExceededError(*account.budget_verdict);
    if (account.is_whole()) {
      if (!counts.check_adds_up()) {
        throw LoadError(
            fmt::format("{}: its counts do not add up to its {} lines; please report this as a bug of chatload.",
                        account.name, format_count(counts.parsed.lines)));
      }
      end.status = InputStatus::kDone;
      verdict.worsen(RunStatus::kDone,
                     account.rejects.rejected() > 0 ? ExitCode::kLoadedWithRejects : ExitCode::kLoaded);
    }
  } catch (const Error& error) {
    if (const auto* hopeless = dynamic_cast<const HopelessInputError*>(&error)) counts.parsed += hopeless->lines();
    end.status = InputStatus::kFailed;
    end.why = error.what();
    const bool has_bad_lines = error.exit_code() == ExitCode::kBudgetExceeded;
    verdict.worsen(has_bad_lines ? RunStatus::kBudgetExceeded : RunStatus::kFailed, error.exit_code());
  }
  end.counts = {.lines = counts.parsed.lines,
                .valid = counts.parsed.valid,
                .filtered = counts.parsed.filtered,
                .rejected = counts.parsed.rejected(),
                .blank = counts.parsed.blank,
                .inserted = {},
                .updated = {},
                .duplicate = {}};
  verdict.counts += counts;
}

// Those that are to be read; the others have their end.
std::vector<LoadSource*> readable(std::vector<LoadSource>& sources, SameContent& same, Verdict& verdict) {
  std::vector<LoadSource*> readable;
  for (LoadSource& source : sources) {
    report::InputEnd& end = verdict.inputs[source.input];
    try {
      if (!source.why_not.empty()) throw SourceError(source.why_not);
      const auto other = source.identity.can_resume ? same.find(source) : std::nullopt;
      if (!other) {
        readable.push_back(&source);
        continue;
      }
      end.status = InputStatus::kSame;
      end.same_as = verdict.inputs[*other].name;
      log_info(fmt::format("{}: holds the same bytes as {}; its lines count once.", end.name, end.same_as));
    } catch (const Interrupted&) {
      return readable;  // the graph has the stop, too
    } catch (const SourceError& error) {
      log_error(error.what());
      end.status = InputStatus::kFailed;
      end.why = error.what();
      verdict.worsen(RunStatus::kFailed, error.exit_code());
    }
  }
  return readable;
}

}  // namespace

Verdict check_inputs(const cli::CheckPlan& plan, const parse::Mapping& mapping, report::RejectWriter* rejects,
                     const StopSignal& stop) {
  cli::ReadPlan read = plan.read;
  read.split = pipeline::fitting_limits(plan.read, {}, mapping.fields.size());
  const pipeline::MemoryPlan memory = pipeline::plan_memory(read, {});
  read.threads = memory.workers.threads;
  Verdict verdict;
  report::LiveStats stats;
  std::vector<LoadSource> sources = distinct_inputs(plan.inputs);
  for (const LoadSource& source : sources) verdict.inputs.push_back({.name = source.name});
  identify(sources, std::nullopt, stop);
  SameContent same(plan.report.progress, stats, stop);
  report::RejectReport report(mapping, rejects);
  report.begin(rejects != nullptr ? "all of them are in the --rejects file" : "--rejects FILE.json.gz keeps them all");
  SourceFeed feed(readable(sources, same, verdict), {.read = read, .report = plan.report, .looks_rejects = rejects},
                  mapping, report, stats, stop);
  report::ProgressOptions progress = plan.report.progress;
  progress.source_total = total_bytes(feed.sources());
  progress.ranges_in_flight_max = memory.ranges_in_flight_max;
  pipeline::CountingSink sink;
  pipeline::PipelineResult result;
  {
    const report::Progress watched(stats, progress);
    const pipeline::PipelineOptions options{read.split, read.threads, memory.ranges_in_flight_max};
    result = feed.run(sink, options, read.filter);
  }
  std::size_t place = 0;
  for (SourceAccount& account : feed.accounts()) {
    const LoadSource& source = *feed.sources()[place++];
    count(account, verdict.inputs[source.input], verdict);
    if (account.is_whole()) {
      say_if_all_filtered(account.name, account.counts.parsed, source.looked_at.filtered_types, read.filter);
    }
  }
  verdict.counts.bytes_compressed = feed.compressed_bytes();
  verdict.this_run = verdict.counts;
  const std::string name = name_of_all(verdict.inputs.front().name, verdict.inputs.size());
  for (const report::LongText& text : report.survey->long_texts().many()) {
    log_warning(fmt::format("{}: {}.", name, to_text(text, mapping)));
  }
  if (result.failure) std::rethrow_exception(result.failure);
  if (result.interrupted) {
    log_warning(fmt::format("{}: stopped by a signal after {} lines; run the same command again.", name,
                            format_count(verdict.counts.parsed.lines)));
    verdict.worsen(RunStatus::kInterrupted, ExitCode::kInterrupted);
  }
  return verdict;
}

}  // namespace chatload::load
