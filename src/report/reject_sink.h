// Where one input's rejected lines go: the budget, the first few to the log, all to --rejects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "report/reject_budget.h"
#include "report/reject_writer.h"

namespace chatload::report {

// Takes records in file order. Single-threaded. Borrows the writer, which may be null and may serve several inputs.
class RejectSink {
 public:
  RejectSink(std::string input, RejectLimit limit, RejectWriter* writer);

  // False once the budget is exceeded, from the record that exceeds it on. Throws EnvironmentError (RejectWriter).
  [[nodiscard]] bool add(const RejectRecord& record);

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
  std::uint64_t rejected_ = 0;
};

}  // namespace chatload::report
