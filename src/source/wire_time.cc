#include "source/wire_time.h"

#include <fmt/format.h>

#include <charconv>

namespace chatload::source {
namespace {

using std::chrono::system_clock;

constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

// Takes digits off the front; nothing where another character stands there.
std::optional<unsigned> take_number(std::string_view& text, std::size_t digits) {
  unsigned value = 0;
  if (text.size() < digits) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc() || end != text.data() + digits) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

// "00:00:00" off the front.
std::optional<std::chrono::seconds> take_time_of_day(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59 || !take(text, ":")) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second || *second > 60) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

std::optional<system_clock::time_point> time_of(unsigned year, unsigned month, unsigned day,
                                                std::optional<std::chrono::seconds> time_of_day) {
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                                         std::chrono::day(day));
  if (!date.ok() || !time_of_day) return std::nullopt;
  return std::chrono::sys_days(date) + *time_of_day;
}

}  // namespace

std::string compact_time(system_clock::time_point time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto midnight = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss of_day(second - midnight);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), of_day.hours().count(),
                     of_day.minutes().count(), of_day.seconds().count());
}

std::optional<system_clock::time_point> read_http_date(std::string_view text) {
  if (text.size() < 5 || text.substr(3, 2) != ", ") return std::nullopt;
  text.remove_prefix(5);
  const auto day = take_number(text, 2);
  if (!day || !take(text, " ")) return std::nullopt;
  const std::size_t month = kMonths.find(text.substr(0, 3));
  if (text.size() < 4 || month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  text.remove_prefix(3);
  if (!take(text, " ")) return std::nullopt;
  const auto year = take_number(text, 4);
  if (!year || !take(text, " ")) return std::nullopt;
  const auto time_of_day = take_time_of_day(text);
  if (text != " GMT") return std::nullopt;
  return time_of(*year, static_cast<unsigned>(month / 3 + 1), *day, time_of_day);
}

}  // namespace chatload::source
