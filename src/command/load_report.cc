#include "command/load_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/shell_word.h"
#include "ledger/load_catalog.h"
#include "ledger/load_ledger.h"
#include "ledger/reject_reader.h"
#include "parse/outcome.h"

namespace chatload::command {
namespace {

constexpr std::size_t kRawBytesMax = 1000;  // more than the page shows of a line
constexpr std::size_t kLoadsMax = 10;       // that are asked for examples: the last ones of a run

// A recorded plan is TOML with one setting a line. What is there already was chosen by this run, and is the same.
void add_plan(const std::string& plan, std::vector<report::Setting>& settings) {
  for (std::size_t begin = 0; begin < plan.size();) {
    const std::size_t end = std::min(plan.find('\n', begin), plan.size());
    const std::string_view line = std::string_view(plan).substr(begin, end - begin);
    const std::size_t sign = line.find(" = ");
    const bool is_there = std::any_of(settings.begin(), settings.end(), [&](const report::Setting& setting) {
      return setting.name == line.substr(0, sign);
    });
    if (sign != std::string_view::npos && !is_there) {
      settings.push_back({std::string(line.substr(0, sign)), std::string(line.substr(sign + 3)), ""});
    }
    begin = end + 1;
  }
}

void add_nights(mysql::Session& session, report::ReportFacts& facts) {
  for (const ledger::PastLoad& past :
       ledger::LoadCatalog(session).past_loads(facts.table, facts.loads.back(), report::kNightsMax)) {
    facts.nights.push_back({.load = past.load,
                            .state = past.state,
                            .started = past.started_at,
                            .seconds = past.seconds,
                            .rows = past.rows,
                            .rejected = past.rejected});
  }
}

void add_rejects(mysql::Session& session, report::ReportFacts& facts) {
  for (std::size_t i = 0; i < parse::kRejectReasonCount; ++i) {
    const std::uint64_t lines = facts.counts.parsed.rejected_by_reason.at(i);
    if (lines == 0) continue;
    const auto reason = static_cast<parse::RejectReason>(i);
    report::RejectGroup group{.reason = std::string(to_string(reason)), .lines = lines, .examples = {}};
    const std::size_t first = facts.loads.size() - std::min(facts.loads.size(), kLoadsMax);
    for (const std::uint64_t load : std::span(facts.loads).subspan(first)) {
      if (group.examples.size() == report::kExamplesMax) break;
      ledger::read_first_rejects(session, load, reason, report::kExamplesMax - group.examples.size(), kRawBytesMax,
                                 [&](const ledger::StoredReject& reject) {
                                   group.examples.push_back({.input = std::string(reject.input),
                                                             .line = reject.line.value(),
                                                             .offset = reject.offset.value(),
                                                             .field = std::string(reject.field),
                                                             .detail = std::string(reject.detail),
                                                             .raw = std::string(reject.raw)});
                                 });
    }
    facts.rejects.push_back(std::move(group));
  }
  std::stable_sort(facts.rejects.begin(), facts.rejects.end(),
                   [](const auto& a, const auto& b) { return a.lines > b.lines; });
}

report::InputStatus status_of(const ledger::SourceRecord& source) {
  switch (source.state) {
    case ledger::SourceState::kDone: return report::InputStatus::kDone;
    case ledger::SourceState::kFailed:
    case ledger::SourceState::kReleased: return report::InputStatus::kFailed;
    case ledger::SourceState::kWaiting: return report::InputStatus::kNotReached;
  }
  return report::InputStatus::kNotReached;
}

std::optional<ExitCode> exit_code_of(const ledger::LoadEntry& load) {
  if (load.state == "running" || !load.exit_code) return std::nullopt;
  return static_cast<ExitCode>(*load.exit_code);
}

}  // namespace

report::ReportFacts facts_of_load(mysql::Session& session, std::uint64_t load, const std::string& database) {
  ledger::LoadCatalog catalog(session);
  const ledger::LoadEntry entry = catalog.find(load);
  const ledger::LoadTotals totals =
      entry.state == "done" ? ledger::read_final_totals(session, load) : ledger::read_totals(session, load);
  report::ReportFacts facts;
  facts.table = entry.target_table;
  facts.state = entry.state;
  facts.exit_code = exit_code_of(entry);
  facts.loads = {load};
  facts.started = entry.started_at;
  facts.ended = entry.finished_at.value_or("");
  facts.counts = report::recorded_counts(totals);
  for (const ledger::SourceRecord& source : catalog.sources_of(load)) {
    facts.inputs.push_back({.name = source.name,
                            .status = status_of(source),
                            .load = load,
                            .same_as = {},
                            .why = source.why,
                            .counts = source.lines});
    if (facts.failure.empty()) facts.failure = source.why;
  }
  facts.unknown.emplace_back(
      "What only the run itself knew: where its time went, what it said, its command. `--report FILE.html` keeps "
      "that.");
  facts.settings.push_back({"run by", entry.runner, ""});
  add_ledger_facts(session, facts);
  if (!facts.nights.empty()) facts.seconds = facts.nights.back().seconds;
  if (entry.superseded_by) {
    facts.next_step = fmt::format("Nothing: load {} began in place of this one.", *entry.superseded_by);
  } else {
    add_next_step(facts, database, "", /*can_resume=*/true);
  }
  return facts;
}

void add_ledger_facts(mysql::Session& session, report::ReportFacts& facts) {
  if (facts.loads.empty()) return;
  const std::optional<ledger::LoadRecord> record = ledger::find_load(session, facts.loads.back());
  if (record) add_plan(record->plan, facts.settings);
  add_nights(session, facts);
  add_rejects(session, facts);
}

void add_next_step(report::ReportFacts& facts, const std::string& database, const std::string& resume_command,
                   bool can_resume) {
  const auto say = [&](std::string_view step) {
    facts.next_step = step;
    facts.next_command = resume_command;
  };
  const auto resume = [&](std::string_view first) {
    say(fmt::format("{}{}", first,
                    can_resume ? "Run the same command again: it continues."
                               : "This input cannot be continued, as it has no --source-id: load it again."));
  };
  if (!facts.exit_code) return facts.state == "running" ? say("Wait: a run of it is alive.") : resume("");
  switch (*facts.exit_code) {
    case ExitCode::kLoaded: facts.next_step = "Nothing."; return;
    case ExitCode::kLoadedWithRejects:
      facts.next_step = "Nothing has to be done. To list the rejected lines:";
      if (facts.loads.empty()) return;
      facts.next_command = fmt::format("chatload rejects {} --to {}", facts.loads.back(), shell_word(database));
      return;
    case ExitCode::kBudgetExceeded:
      return resume("Look at the rejected lines below. Fix the input, or raise --max-rejects. ");
    case ExitCode::kFailed: return resume("Fix the cause. ");
    case ExitCode::kInterrupted: return resume("");
    case ExitCode::kUsage: return say("Correct the command, and run it again.");
  }
}

}  // namespace chatload::command
