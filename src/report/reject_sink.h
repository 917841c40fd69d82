// Where a source's rejected lines go: its budget, the first few of the command to the log, and all to a file where one
// is given.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "report/reject_budget.h"
#include "report/reject_survey.h"
#include "report/reject_writer.h"

namespace chatload::report {

// What the sources of a command share of their rejects. Single-threaded; borrows the mapping and the writer, which may
// be null.
struct RejectReport {
  RejectReport(const mapping::Mapping& its_mapping, RejectWriter* its_writer)
      : mapping(its_mapping), writer(its_writer), survey(std::in_place, its_mapping) {}

  // For the next load. where: half a sentence for people, "all of them are in rejects.json.gz".
  void begin(std::string where) {
    where_all_are = std::move(where);
    survey.emplace(mapping);
  }

  const mapping::Mapping& mapping;
  RejectWriter* const writer;
  std::string where_all_are;
  std::optional<RejectSurvey> survey;  // of the load, always there
  std::uint64_t shown = 0;             // in the log
};

// Takes records in file order, but for those behind end_of_input(). Single-threaded but for rejected() and may_hold().
// Borrows the report.
class RejectSink {
 public:
  RejectSink(std::string input, RejectLimit limit, RejectReport& report);

  // False once the budget is exceeded, from the record that exceeds it on. Throws EnvironmentError (RejectWriter).
  // input: where the line is, if it is not the sink's.
  [[nodiscard]] bool add(const RejectRecord& record, std::string_view input = {});

  // The same for a line that an earlier run has recorded: it is in the budget, and nothing more is said of it.
  [[nodiscard]] bool add_recorded(LineNumber line);

  // So many lines that nobody speaks of any more are in the budget.
  void presume(std::uint64_t rejected);

  // The source, or the load's last one, has been read to its end: a reject that is added from now on, wherever its line
  // is, is judged as if it stood there.
  void end_of_input(std::uint64_t lines) { read_up_to_ = LineNumber(lines); }

  // Lines that were added.
  [[nodiscard]] std::uint64_t rejected() const { return rejected_; }

  // RejectBudget::may_hold().
  [[nodiscard]] bool may_hold(std::uint64_t rejected, LineNumber first, LineNumber last) const {
    return budget_.may_hold(rejected, std::max(first, read_up_to_), std::max(last, read_up_to_));
  }

  // At the end of an input of `lines` lines, `blank` of them blank: the sentence that ends it, if the budget is
  // exceeded or no line but blank ones was anything else than rejected. not_added: rejected lines that no budget
  // counts.
  [[nodiscard]] std::optional<std::string> verdict_at_end(std::uint64_t lines, std::uint64_t blank,
                                                          std::uint64_t not_added = 0) const;

  // After the last verdict: what it was made of takes room.
  void forget_survey() { survey_.reset(); }

  // After add() said false.
  [[nodiscard]] std::string verdict() const { return input_ + ": " + budget_.verdict(); }

 private:
  static constexpr std::uint64_t kShownMax = 5;

  const std::string input_;
  RejectBudget budget_;
  const bool may_be_all_;
  RejectReport& report_;
  std::optional<RejectSurvey> survey_;  // of this source, from its first reject on
  LineNumber read_up_to_;               // set while nobody asks
  std::atomic<std::uint64_t> rejected_ = 0;
};

// The sentence that ends a run whose input has no line that can be loaded. lines: "40 lines", "first 10,000 lines".
// survey: of these, or null.
[[nodiscard]] std::string none_fits(std::string_view input, std::string_view lines, const RejectSurvey* survey);

}  // namespace chatload::report
