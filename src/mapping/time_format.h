// How a time is written in JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chatload::mapping {

enum class TimeKind : std::uint8_t {
  kEpoch,     // an integer since 1970 UTC
  kRfc3339,   // "2024-05-01T12:00:00.25+02:00"
  kStrptime,  // a format of strptime(3), to whole seconds; UTC where it has no %z
};

struct TimeFormat {
  TimeKind kind = TimeKind::kRfc3339;
  std::int64_t unit_microseconds = 0;  // of kEpoch; epoch_ns counts in thousandths of one, and has 0
  std::string format;                  // of kStrptime
};

enum class TimeFault : std::uint8_t { kNone, kBad, kOutOfRange, kTooPrecise };

struct TimeRead {
  TimeFault fault = TimeFault::kNone;
  std::int64_t microseconds = 0;  // since 1970 UTC
};

// "rfc3339", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", or a format of strptime(3) that says which
// day it is, by %Y %y %m %b %B %h %d %e %F %D %H %I %M %S %p %T %R %z, and %a %A, which count for nothing. Nothing
// where it is none of these.
[[nodiscard]] std::optional<TimeFormat> time_format(std::string_view name);

// What time_format() was given.
[[nodiscard]] std::string to_string(const TimeFormat& format);

// digits: -?[0-9]+ of any length. REQUIRES: format is kEpoch.
[[nodiscard]] TimeRead read_epoch(const TimeFormat& format, std::string_view digits);

// The whole text. kTooPrecise: it has more than microseconds. REQUIRES: format is not kEpoch.
[[nodiscard]] TimeRead read_time(const TimeFormat& format, std::string_view text);

}  // namespace chatload::mapping
