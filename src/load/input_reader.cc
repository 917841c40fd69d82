#include "load/input_reader.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "base/terminal_text.h"
#include "load/first_lines.h"
#include "load/identify.h"
#include "load/source_feed.h"
#include "pipeline/memory_plan.h"
#include "pipeline/range_pipeline.h"
#include "report/live_stats.h"
#include "report/progress.h"
#include "report/reject_sink.h"

namespace chatload::load {
namespace {

using pipeline::SourceAccount;
using report::InputStatus;
using report::RunStatus;

// The outcomes of the sources that were begun.
void count(SourceAccount& account, bool keeps_rejected, report::InputEnd& end, Verdict& verdict) {
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
      const bool has_lost = account.rejects.rejected() > 0 && !keeps_rejected;
      verdict.worsen(RunStatus::kDone, has_lost ? ExitCode::kLoadedWithRejects : ExitCode::kLoaded);
    }
  } catch (const Error& error) {
    if (const auto* hopeless = dynamic_cast<const HopelessInputError*>(&error)) counts.parsed += hopeless->lines();
    end.status = InputStatus::kFailed;
    end.why = error.what();
    verdict.fail(error.exit_code());
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

std::vector<LoadSource> all_inputs(const std::vector<std::string>& inputs) {
  std::vector<LoadSource> sources(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    sources[i].input = i;
    sources[i].name = inputs[i];
  }
  return sources;
}

std::int64_t now_microseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Those that are to be read; the others have their end. same: null where the same bytes count again.
std::vector<LoadSource*> readable(std::vector<LoadSource>& sources, SameContent* same, Verdict& verdict) {
  std::vector<LoadSource*> readable;
  for (LoadSource& source : sources) {
    report::InputEnd& end = verdict.inputs[source.input];
    try {
      if (!source.why_not.empty()) throw SourceError(source.why_not);
      const auto other = same != nullptr && source.identity.can_resume ? same->find(source) : std::nullopt;
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
      verdict.fail(error.exit_code());
    }
  }
  return readable;
}

}  // namespace

InputReader::InputReader(const std::vector<std::string>& inputs, const cli::ReadPlan& read,
                         const cli::ReportPlan& report, const mapping::Mapping& mapping, ReaderRules rules)
    : inputs_(inputs), report_(report), mapping_(mapping), rules_(rules), read_(read) {
  // What compares sorted rows takes a stretch of them at a time, as a writer does.
  const pipeline::Writers writers{.connections_max = rules.sorts ? 1U : 0U, .compression = rules.compression};
  read_.split = pipeline::fitting_limits(read, writers);
  pipeline::MemoryPlan memory;
  if (rules.sorts) {
    const pipeline::KeyOrderMemoryPlan sorting = pipeline::plan_key_order_memory(read_, writers);
    memory = sorting.reading;
    spill_ = sorting.spill;
  } else {
    memory = pipeline::plan_memory(read_, writers);
  }
  read_.threads = memory.workers.threads;
  ranges_in_flight_max_ = memory.ranges_in_flight_max;
  ahead_ = memory.ahead;
  read_.window = memory.window;
}

Verdict InputReader::run(pipeline::RangeSink& sink, report::RejectWriter* rejects, const StopSignal& stop) {
  Verdict verdict;
  report::LiveStats stats;
  std::vector<LoadSource> sources = rules_.is_check ? distinct_inputs(inputs_) : all_inputs(inputs_);
  for (LoadSource& source : sources) {
    source.ordinal = SourceOrdinal(source.input + 1);
    source.recorded_name = terminal_text(source.name, kNameBytesMax);
    verdict.inputs.push_back({.name = source.name});
  }
  identify(sources, *read_.opener, std::nullopt, stop);
  SameContent same(report_.progress, stats, stop);
  std::vector<LoadSource*> to_read = readable(sources, rules_.is_check ? &same : nullptr, verdict);
  const bool is_ended = !rules_.is_check && verdict.status == RunStatus::kFailed;
  if (is_ended) to_read.clear();
  report::RejectReport report(mapping_, rejects);
  report.begin(rejects != nullptr ? "all of them are in the --rejects file" : "--rejects FILE.json.gz keeps them all");
  SourceFeed feed(std::move(to_read),
                  {.read = read_,
                   .report = report_,
                   .loaded_at_microseconds = now_microseconds(),
                   .ahead = ahead_,
                   .looks_rejects = rejects,
                   .ends_at_failure = !rules_.is_check},
                  mapping_, report, stats, stop);
  report::ProgressOptions progress = report_.progress;
  progress.source_total = total_bytes(feed.sources());
  progress.ranges_in_flight_max = ranges_in_flight_max_;
  pipeline::PipelineResult result;
  {
    const report::Progress watched(stats, progress);
    const pipeline::PipelineOptions options{read_.split, read_.threads, ranges_in_flight_max_};
    result = feed.run(sink, options, read_.filter);
  }
  std::size_t place = 0;
  for (SourceAccount& account : feed.accounts()) {
    const LoadSource& source = *feed.sources()[place++];
    count(account, rules_.keeps_rejected, verdict.inputs[source.input], verdict);
    if (account.is_whole()) {
      say_if_all_filtered(account.name, account.counts.parsed, source.looked_at.filtered_types, mapping_, read_.filter);
    }
  }
  verdict.counts.bytes_compressed = feed.compressed_bytes();
  verdict.this_run = verdict.counts;
  const std::string name = name_of_all(verdict.inputs.front().name, verdict.inputs.size());
  for (const report::LongText& text : report.survey->long_texts().many()) {
    log_warning(fmt::format("{}: {}.", name, to_text(text, mapping_)));
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
