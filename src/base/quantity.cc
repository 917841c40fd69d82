#include "base/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "base/units.h"

namespace chatload {
namespace {

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 7> kDurationSuffixes = {
    {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
// The clocks count nanoseconds in 64 bits: 292 years.
constexpr std::chrono::milliseconds kDurationMax = std::chrono::days(36'500);
constexpr std::array<std::pair<std::string_view, std::uint64_t>, 3> kSizeUnits = {
    {{"KiB", kKiB}, {"MiB", kMiB}, {"GiB", kGiB}}};

// All of text as a decimal number; no sign for an unsigned one, no white space, no overflow.
template <typename Integer>
std::optional<Integer> whole_number(std::string_view text) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// The number that text begins with, and what follows it.
std::optional<std::pair<std::uint64_t, std::string_view>> number_and_suffix(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = whole_number<std::uint64_t>(text.substr(0, digits));
  if (!number) return std::nullopt;
  return std::pair(*number, text.substr(digits));
}

std::optional<std::uint64_t> bytes_of_suffix(std::string_view suffix) {
  if (suffix.empty()) return 1;
  const std::string_view rest = suffix.substr(1);
  if (!rest.empty() && rest != "iB" && rest != "ib") return std::nullopt;
  switch (suffix.front()) {
    case 'k':
    case 'K': return kKiB;
    case 'm':
    case 'M': return kMiB;
    case 'g':
    case 'G': return kGiB;
    default: return std::nullopt;
  }
}

std::optional<std::uint64_t> milliseconds_of_suffix(std::string_view suffix) {
  for (const auto& [name, milliseconds] : kDurationSuffixes) {
    if (suffix == name) return milliseconds;
  }
  return std::nullopt;
}

// The fixed-width number at [begin, begin + width) of text; none where a character is no digit.
std::optional<int> digits_at(std::string_view text, std::size_t begin, std::size_t width) {
  if (text.size() < begin + width) return std::nullopt;
  return whole_number<int>(text[begin] == '-' ? std::string_view() : text.substr(begin, width));
}

std::optional<std::int64_t> midnight_seconds(std::string_view date) {
  const auto year = digits_at(date, 0, 4);
  const auto month = digits_at(date, 5, 2);
  const auto day = digits_at(date, 8, 2);
  if (date.size() != 10 || date[4] != '-' || date[7] != '-' || !year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day calendar_day(std::chrono::year(*year),
                                                 std::chrono::month(static_cast<unsigned>(*month)),
                                                 std::chrono::day(static_cast<unsigned>(*day)));
  if (!calendar_day.ok()) return std::nullopt;
  return std::int64_t{std::chrono::sys_days(calendar_day).time_since_epoch().count()} * 86'400;
}

std::int64_t seconds_of(std::int64_t hours, std::int64_t minutes) { return hours * 3600 + minutes * 60; }

// "Z" or "+hh:mm": how far the written time is ahead of UTC.
std::optional<std::int64_t> offset_seconds(std::string_view offset) {
  if (offset == "Z" || offset == "z") return 0;
  const auto hours = digits_at(offset, 1, 2);
  const auto minutes = digits_at(offset, 4, 2);
  if (offset.size() != 6 || offset[3] != ':' || !hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  if (offset[0] != '+' && offset[0] != '-') return std::nullopt;
  const std::int64_t seconds = seconds_of(*hours, *minutes);
  return offset[0] == '+' ? seconds : -seconds;
}

// The "." and the digits behind it that text begins with, if it does.
std::string_view leading_fraction(std::string_view text) {
  if (!text.starts_with('.')) return {};
  return text.substr(0, text.find_first_not_of("0123456789", 1));
}

// RFC 3339 §5.6 without leap seconds, which epoch seconds cannot tell.
std::optional<std::int64_t> rfc3339_seconds(std::string_view text) {
  const auto midnight = midnight_seconds(text.substr(0, 10));
  if (!midnight || text.size() == 10) return midnight;
  const auto hours = digits_at(text, 11, 2);
  const auto minutes = digits_at(text, 14, 2);
  const auto seconds = digits_at(text, 17, 2);
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 59) return std::nullopt;
  if ((text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const std::string_view fraction = leading_fraction(text.substr(19));
  const auto offset = offset_seconds(text.substr(19 + fraction.size()));
  if (!offset || fraction == ".") return std::nullopt;
  const std::int64_t rounded_up = fraction.find_first_not_of(".0") == std::string_view::npos ? 0 : 1;
  return *midnight + seconds_of(*hours, *minutes) + *seconds + rounded_up - *offset;
}

}  // namespace

std::uint64_t parse_size(std::string_view flag, std::string_view text) {
  if (const auto parsed = number_and_suffix(text)) {
    const auto unit = bytes_of_suffix(parsed->second);
    if (unit && parsed->first <= std::numeric_limits<std::uint64_t>::max() / *unit) return parsed->first * *unit;
  }
  throw UsageError(
      fmt::format("{} takes a number of bytes such as 4194304, 64K, 4M or 1G (powers of 1024), not '{}'.", flag, text));
}

std::chrono::milliseconds parse_duration(std::string_view flag, std::string_view text) {
  if (const auto parsed = number_and_suffix(text)) {
    const auto unit = milliseconds_of_suffix(parsed->second);
    if (unit && parsed->first <= static_cast<std::uint64_t>(kDurationMax.count()) / *unit) {
      return std::chrono::milliseconds(static_cast<std::int64_t>(parsed->first * *unit));
    }
  }
  throw UsageError(
      fmt::format("{} takes a duration such as 500ms, 30s, 5min, 1h or 30d, at most 36500d, not '{}'.", flag, text));
}

std::int64_t parse_instant(std::string_view flag, std::string_view text) {
  if (const auto epoch_seconds = whole_number<std::int64_t>(text)) return *epoch_seconds;
  if (const auto seconds = rfc3339_seconds(text)) return *seconds;
  throw UsageError(
      fmt::format("{} takes an instant such as 2016-11-22T12:00:00Z, 2016-11-22T12:00:00+02:00, 2016-11-22 (midnight "
                  "UTC) or 1479816000 (epoch seconds), not '{}'.",
                  flag, text));
}

std::uint64_t parse_count(std::string_view flag, std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto count = whole_number<std::uint64_t>(text);
  if (count && *count >= least && *count <= most) return *count;
  throw UsageError(fmt::format("{} takes a whole number from {} to {}, not '{}'.", flag, least, most, text));
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  if (count == 0 || count % 1'000 != 0) return fmt::format("{} ms", count);
  if (count % 60'000 != 0) return fmt::format("{} s", count / 1'000);
  if (count % 3'600'000 != 0) return fmt::format("{} min", count / 60'000);
  return fmt::format("{} h", count / 3'600'000);
}

std::string format_size(std::uint64_t bytes) {
  std::string text = fmt::format("{} B", bytes);
  for (const auto& [name, unit] : kSizeUnits) {
    const double value = static_cast<double>(bytes) / static_cast<double>(unit);
    // What would round to 1024.0 of the smaller unit is 1.0 of this one.
    if (value < 1023.95 / 1024) break;
    if (bytes % unit == 0) {
      text = fmt::format("{} {}", bytes / unit, name);
    } else if (bytes >= 10 * kKiB) {
      text = fmt::format("{:.1f} {}", value, name);
    }
  }
  return text;
}

std::string format_count(std::uint64_t count) {
  std::string digits = fmt::format("{}", count);
  for (std::size_t group = digits.size(); group > 3; group -= 3) digits.insert(group - 3, ",");
  return digits;
}

}  // namespace chatload
