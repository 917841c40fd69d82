#include "mysql/throttle_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/errors.h"
#include "base/quantity.h"

namespace chatload::mysql {

LoadLimit parse_load_limit(std::string_view flag, std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    throw UsageError(
        fmt::format("{} takes a status variable and its limit, such as Threads_running=40, not '{}'.", flag, text));
  }
  const std::string_view variable = text.substr(0, equals);
  return {std::string(variable), parse_count(fmt::format("{} {}", flag, variable), text.substr(equals + 1), 0,
                                             std::numeric_limits<std::uint64_t>::max())};
}

std::optional<double> status_number(std::string_view value) {
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return number;
}

std::optional<std::string> load_excess(const LoadLimit& limit, std::string_view value) {
  if (status_number(value).value_or(0) <= static_cast<double>(limit.most)) return std::nullopt;
  return fmt::format("{} {} > {}", limit.variable, value, limit.most);
}

std::optional<std::string> lag_excess(std::span<const std::optional<std::uint64_t>> seconds_behind,
                                      std::chrono::milliseconds max_lag) {
  if (seconds_behind.empty()) return "is no replica";
  std::uint64_t worst = 0;
  for (const std::optional<std::uint64_t>& seconds : seconds_behind) {
    if (!seconds) return "has stopped";
    worst = std::max(worst, *seconds);
  }
  // A fraction of a second in the limit is one that whole seconds cannot keep to.
  if (worst <= static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(max_lag).count())) {
    return std::nullopt;
  }
  return fmt::format("lag {} s > {}", worst, format_duration(max_lag));
}

}  // namespace chatload::mysql
