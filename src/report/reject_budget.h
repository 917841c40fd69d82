// --max-rejects N or P%: how many rejected lines a run may have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"

namespace chatload::report {

// A limit; none unless one is given.
struct RejectLimit {
  std::optional<std::uint64_t> lines;      // --max-rejects 100: the 101st ends the run
  std::optional<std::uint64_t> share_ppm;  // --max-rejects 0.5%: 5,000 of each million lines; a whole number, so that
                                           // the verdict is exact
  bool may_be_all = false;                 // an input of which no line is valid is no failure
  [[nodiscard]] bool is_given() const { return lines || share_ppm; }
};

// "100" or "0.5%", the percentage with at most four decimals; throws UsageError naming the flag.
[[nodiscard]] RejectLimit parse_reject_limit(std::string_view flag, std::string_view text);

// Judges rejects as they come, in file order, so that the verdict depends on the file alone: not on ranges or threads.
// A percentage is judged at the end, and at a reject from line 10,000 on. Single-threaded.
class RejectBudget {
 public:
  explicit RejectBudget(RejectLimit limit) : limit_(limit) {}

  // Counts the reject at `line`. False once the budget is exceeded, from the line that exceeds it on.
  [[nodiscard]] bool add(LineNumber line);

  // At the end of the input: false if the budget is exceeded.
  [[nodiscard]] bool holds_at_end(std::uint64_t lines) const;

  // Whether a load that rejects at least `rejected` of its lines up to `last` may still be within the budget; the last
  // of them is `first` or a later one. For whoever knows only some of them yet; safe in any thread.
  [[nodiscard]] bool may_hold(std::uint64_t rejected, LineNumber first, LineNumber last) const;

  // One sentence: what was exceeded by what. REQUIRES: add() or holds_at_end() was false.
  [[nodiscard]] std::string verdict() const;

 private:
  static constexpr std::uint64_t kLinesBeforePercentCounts = 10'000;

  [[nodiscard]] bool is_within_share(std::uint64_t rejected, std::uint64_t lines) const;

  const RejectLimit limit_;
  std::uint64_t rejected_ = 0;
  std::optional<LineNumber> exceeded_at_;
};

}  // namespace chatload::report
