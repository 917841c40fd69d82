// Where one input's rejected lines go: the budget, the first few to the log, and all to a file where one is given.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "report/reject_budget.h"
#include "report/reject_survey.h"
#include "report/reject_writer.h"

namespace chatload::report {

// Takes records in file order, but for those behind end_of_input(). Single-threaded but for rejected() and may_hold().
// Borrows the writer, which may be null and may serve several inputs, and the survey, which may be
// null.
class RejectSink {
 public:
  // where_all_are: half a sentence for people, "all of them are in rejects.json.gz".
  RejectSink(std::string input, RejectLimit limit, RejectWriter* writer, std::string where_all_are,
             RejectSurvey* survey = nullptr);

  // False once the budget is exceeded, from the record that exceeds it on. Throws EnvironmentError (RejectWriter).
  [[nodiscard]] bool add(const RejectRecord& record);

  // The same for a line that an earlier run has recorded: it is in the budget, and nothing more is said of it.
  [[nodiscard]] bool add_recorded(LineNumber line);

  // The input has been read to its end: a reject that is added from now on, wherever its line is, is judged as if it
  // stood there.
  void end_of_input(std::uint64_t lines) { read_up_to_ = LineNumber(lines); }

  // Lines that were added.
  [[nodiscard]] std::uint64_t rejected() const { return rejected_; }

  // RejectBudget::may_hold().
  [[nodiscard]] bool may_hold(std::uint64_t rejected, LineNumber first, LineNumber last) const {
    return budget_.may_hold(rejected, std::max(first, read_up_to_), std::max(last, read_up_to_));
  }

  // At the end of an input of `lines` lines, `blank` of them blank: the sentence that ends the run, if the budget is
  // exceeded or no line but blank ones was anything else than rejected.
  [[nodiscard]] std::optional<std::string> verdict_at_end(std::uint64_t lines, std::uint64_t blank) const;

  // After add() said false.
  [[nodiscard]] std::string verdict() const { return input_ + ": " + budget_.verdict(); }

 private:
  static constexpr std::uint64_t kShownMax = 5;

  std::string input_;
  RejectBudget budget_;
  RejectWriter* writer_;
  std::string where_all_are_;
  RejectSurvey* survey_;
  std::uint64_t shown_ = 0;
  LineNumber read_up_to_;  // set while nobody asks
  std::atomic<std::uint64_t> rejected_ = 0;
};

// The sentence that ends a run whose input has no line that can be loaded. lines: "40 lines", "first 10,000 lines".
// survey: of these, or null.
[[nodiscard]] std::string none_fits(std::string_view input, std::string_view lines, const RejectSurvey* survey);

}  // namespace chatload::report
