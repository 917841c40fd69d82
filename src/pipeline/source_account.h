// One source on its way through the graph: what each stage knows of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/units.h"
#include "ledger/range_ledger.h"
#include "parse/row_batch.h"
#include "report/reject_budget.h"
#include "report/reject_sink.h"
#include "report/run_counts.h"

namespace chatload::pipeline {

struct SourceAccount {
  // Borrows the report, which the sources of a command share.
  SourceAccount(SourceOrdinal its_ordinal, std::string its_name, parse::SourceFacts its_facts,
                report::RejectLimit limit, report::RejectReport& reject_report)
      : ordinal(its_ordinal),
        name(std::move(its_name)),
        facts(std::move(its_facts)),
        rejects(name, limit, reject_report) {}

  const SourceOrdinal ordinal;
  const std::string name;
  const parse::SourceFacts facts;

  // The feed's.
  std::uint64_t ranges = 0;     // that were cut
  std::uint64_t lines_cut = 0;  // in them, where the mapping asks for it
  bool reached_end = false;     // all of it was read, and it stayed the same meanwhile
  std::exception_ptr failure;   // what ended it instead
  std::string digest;           // of its compressed bytes
  std::string stamp;            // from behind the reading
  std::uint64_t bytes_compressed = 0;

  // Numbering's.
  LineNumber next_line{1};
  std::uint64_t rejected_lines = 0;  // by the parser, in the ranges that were handed over
  bool is_discarded = false;         // nothing more of it is to be written

  // Settling's.
  report::RejectSink rejects;
  report::RunCounts counts;      // of the ranges that this run has committed or counted
  std::uint64_t blank = 0;       // of all ranges that are done
  std::uint64_t new_ranges = 0;  // that this run has committed
  bool all_committed = true;
  bool is_judged = false;  // its last word was had
  std::optional<std::string> budget_verdict;
  std::map<SourceOrdinal, std::string> names;  // of a load whose rows are sorted: those of its sources

  // Its budget is exceeded: no more of it is read, and nothing more committed.
  std::atomic<bool> is_given_up = false;

  // Its first ranges are not read: an earlier run has committed them.
  void begin_behind(const ledger::RecordedFront& recorded) {
    ranges = recorded.ranges;
    lines_cut = recorded.lines;
    next_line = LineNumber(1) + recorded.lines;
    rejected_lines = recorded.rejected;
    rejects.presume(recorded.rejected);
    blank = recorded.blank;
  }

  // Of a source that was read to its end, once all of its ranges are settled: its budget has the last word, and says
  // it.
  void judge_at_end() {
    if (reached_end && all_committed && !failure && !budget_verdict) {
      budget_verdict = rejects.verdict_at_end(lines(), blank);
      if (budget_verdict) log_error(*budget_verdict);
    }
    rejects.forget_survey();
  }

  [[nodiscard]] std::uint64_t lines() const { return next_line - LineNumber(1); }
  // It was read to its end, and everything of it is where it belongs.
  [[nodiscard]] bool is_whole() const { return reached_end && all_committed && !budget_verdict && !failure; }
};

}  // namespace chatload::pipeline
