#include "report/reject_budget.h"

#include <fmt/format.h>

#include <charconv>

#include "base/errors.h"
#include "base/quantity.h"

namespace chatload::report {
namespace {

constexpr std::uint64_t kPpmOfAPercent = 10'000;
constexpr std::size_t kPercentDecimalsMax = 4;

std::optional<std::uint64_t> digits_only(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "0.5" → 5,000. Read as a decimal: 0.1 has no exact double.
std::optional<std::uint64_t> ppm_of_percent(std::string_view percent) {
  const std::size_t point = percent.find('.');
  std::string decimals(point == std::string_view::npos ? "0" : percent.substr(point + 1));
  if (decimals.empty() || decimals.size() > kPercentDecimalsMax) return std::nullopt;
  decimals.resize(kPercentDecimalsMax, '0');
  const auto whole = digits_only(percent.substr(0, point));
  const auto fraction = digits_only(decimals);
  if (!whole || !fraction || *whole > 100) return std::nullopt;
  const std::uint64_t ppm = *whole * kPpmOfAPercent + *fraction;
  if (ppm > 100 * kPpmOfAPercent) return std::nullopt;
  return ppm;
}

}  // namespace

RejectLimit parse_reject_limit(std::string_view flag, std::string_view text) {
  RejectLimit limit;
  if (text.ends_with('%')) {
    limit.share_ppm = ppm_of_percent(text.substr(0, text.size() - 1));
  } else {
    limit.lines = digits_only(text);
  }
  if (limit.lines || limit.share_ppm) return limit;
  throw UsageError(fmt::format(
      "{} takes a number of lines such as 100, or a percentage of all lines from 0% to 100% with at most {} decimals "
      "such as 0.5%, not '{}'.",
      flag, kPercentDecimalsMax, text));
}

bool RejectBudget::add(LineNumber line) {
  ++rejected_;
  if (exceeded_at_) return false;
  const bool too_many = limit_.lines && rejected_ > *limit_.lines;
  const bool too_large_a_share = line.value() >= kLinesBeforePercentCounts && !is_within_share(rejected_, line.value());
  if (too_many || too_large_a_share) exceeded_at_ = line;
  return !exceeded_at_;
}

bool RejectBudget::holds_at_end(std::uint64_t lines) const {
  return !exceeded_at_ && is_within_share(rejected_, lines);
}

bool RejectBudget::may_hold(std::uint64_t rejected, LineNumber first, LineNumber last) const {
  if (limit_.lines) return rejected <= *limit_.lines;
  return first.value() < kLinesBeforePercentCounts || is_within_share(rejected, last.value());
}

// The products stay below 2^64 up to 18 * 10^12 lines.
bool RejectBudget::is_within_share(std::uint64_t rejected, std::uint64_t lines) const {
  return !limit_.share_ppm || rejected * 1'000'000 <= *limit_.share_ppm * lines;
}

std::string RejectBudget::verdict() const {
  const std::string allowed = limit_.lines
                                  ? fmt::format("the {} that --max-rejects allows", format_count(*limit_.lines))
                                  : fmt::format("the {:g}% of {} lines that --max-rejects allows",
                                                static_cast<double>(limit_.share_ppm.value_or(0)) / kPpmOfAPercent,
                                                exceeded_at_ ? "these" : "all");
  const std::string place = exceeded_at_ ? fmt::format("up to line {}", format_count(exceeded_at_->value())) : "in all";
  return fmt::format("{} rejected {} {}, more than {}.", format_count(rejected_), rejected_ == 1 ? "line" : "lines",
                     place, allowed);
}

}  // namespace chatload::report
