#include "mapping/time_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <limits>
#include <utility>

namespace chatload::mapping {
namespace {

constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kEpochs{
    {{"epoch_s", kMicrosecondsPerSecond}, {"epoch_ms", 1'000}, {"epoch_us", 1}, {"epoch_ns", 0}}};
constexpr std::int64_t kNanosecondsPerMicrosecond = 1'000;
// What strptime() reads has to end somewhere.
constexpr std::size_t kTimeTextBytesMax = 128;

// Takes digits at the text's front: exactly so many of them. Nothing where there are fewer.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  int value = 0;
  if (text.size() < count) return std::nullopt;
  for (const char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = 10 * value + (c - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// Nothing where there is no such day or second. A leap second is none, as the servers know none.
std::optional<std::int64_t> to_seconds(int year, int month, int day, int hour, int minute, int second) {
  if (year < 0 || year > 9999) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * std::int64_t{24} + hour) * 60 + minute) * 60 + second;
}

// Whether a format of strptime(3) says which day it is, and has nothing that is read and ignored, or that depends on
// where it is read.
bool tells_the_day(std::string_view format) {
  bool has_year = false;
  bool has_month = false;
  bool has_day = false;
  for (std::size_t at = format.find('%'); at != std::string_view::npos; at = format.find('%', at + 2)) {
    const char directive = at + 1 < format.size() ? format[at + 1] : '\0';
    if (std::string_view("YymbBhdeFDHIMSpTRzaAnt%").find(directive) == std::string_view::npos) return false;
    const bool is_date = directive == 'F' || directive == 'D';
    has_year = has_year || is_date || directive == 'Y' || directive == 'y';
    has_month = has_month || is_date || std::string_view("mbBh").find(directive) != std::string_view::npos;
    has_day = has_day || is_date || directive == 'd' || directive == 'e';
  }
  return has_year && has_month && has_day;
}

// "+02:00", "-0530", "Z". Nothing where it is none.
std::optional<int> take_offset_seconds(std::string_view& text) {
  if (take(text, "Zz")) return 0;
  const bool is_west = text.starts_with('-');
  if (!take(text, "+-")) return std::nullopt;
  const auto hours = take_digits(text, 2);
  static_cast<void>(take(text, ":"));
  const auto minutes = take_digits(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (is_west ? -1 : 1) * (*hours * 60 + *minutes) * 60;
}

// RFC 3339 §5.6, with a space for the T, as it allows.
TimeRead read_rfc3339(std::string_view text) {
  constexpr TimeRead kBad{TimeFault::kBad};
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-")) return kBad;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) return kBad;
  const auto day = take_digits(text, 2);
  if (!day || !take(text, "Tt ")) return kBad;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ":")) return kBad;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ":")) return kBad;
  const auto second = take_digits(text, 2);
  if (!second) return kBad;
  std::int64_t fraction = 0;
  bool is_too_precise = false;
  if (take(text, ".")) {
    std::int64_t worth = kMicrosecondsPerSecond;
    const std::size_t digits = text.find_first_not_of("0123456789");
    if (digits == 0 || text.empty()) return kBad;
    for (const char c : text.substr(0, digits)) {
      worth /= 10;
      fraction += worth * (c - '0');
      is_too_precise = is_too_precise || (worth == 0 && c != '0');
    }
    text.remove_prefix(std::min(digits, text.size()));
  }
  const auto offset = take_offset_seconds(text);
  const auto seconds = to_seconds(*year, *month, *day, *hour, *minute, *second);
  if (!offset || !text.empty() || !seconds) return kBad;
  if (is_too_precise) return {TimeFault::kTooPrecise};
  return {TimeFault::kNone, (*seconds - *offset) * kMicrosecondsPerSecond + fraction};
}

// strptime() takes days that no month has, and wants text that ends in a NUL.
TimeRead read_strptime(const std::string& format, std::string_view text) {
  constexpr TimeRead kBad{TimeFault::kBad};
  std::array<char, kTimeTextBytesMax + 1> copy{};
  if (text.size() > kTimeTextBytesMax || text.find('\0') != std::string_view::npos) return kBad;
  text.copy(copy.data(), text.size());
  std::tm parts{};
  parts.tm_mday = 1;
  const char* const end = strptime(copy.data(), format.c_str(), &parts);
  if (end != copy.data() + text.size()) return kBad;
  const auto seconds =
      to_seconds(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  if (!seconds) return kBad;
  return {TimeFault::kNone, (*seconds - parts.tm_gmtoff) * kMicrosecondsPerSecond};
}

}  // namespace

std::optional<TimeFormat> time_format(std::string_view name) {
  if (name == "rfc3339") return TimeFormat{.kind = TimeKind::kRfc3339, .format = {}};
  for (const auto& [epoch, unit] : kEpochs) {
    if (name == epoch) return TimeFormat{.kind = TimeKind::kEpoch, .unit_microseconds = unit, .format = {}};
  }
  if (!tells_the_day(name)) return std::nullopt;
  return TimeFormat{.kind = TimeKind::kStrptime, .format = std::string(name)};
}

std::string to_string(const TimeFormat& format) {
  switch (format.kind) {
    case TimeKind::kRfc3339: return "rfc3339";
    case TimeKind::kStrptime: return format.format;
    case TimeKind::kEpoch: break;
  }
  for (const auto& [epoch, unit] : kEpochs) {
    if (unit == format.unit_microseconds) return std::string(epoch);
  }
  return "";
}

TimeRead read_epoch(const TimeFormat& format, std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{}) return {TimeFault::kOutOfRange};
  if (format.unit_microseconds == 0) {
    if (value % kNanosecondsPerMicrosecond != 0) return {TimeFault::kTooPrecise};
    return {TimeFault::kNone, value / kNanosecondsPerMicrosecond};
  }
  std::int64_t microseconds = 0;
  if (__builtin_mul_overflow(value, format.unit_microseconds, &microseconds)) return {TimeFault::kOutOfRange};
  return {TimeFault::kNone, microseconds};
}

TimeRead read_time(const TimeFormat& format, std::string_view text) {
  return format.kind == TimeKind::kStrptime ? read_strptime(format.format, text) : read_rfc3339(text);
}

}  // namespace chatload::mapping
