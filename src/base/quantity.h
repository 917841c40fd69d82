// Sizes, durations, instants and counts as people write them on a command line.
//
// Each parser throws UsageError whose sentence names `flag`, the text and the accepted form.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace chatload {

// "4194304", "64K", "64KiB", "4M", "1G": bytes; the suffixes are powers of 1024, in either case.
[[nodiscard]] std::uint64_t parse_size(std::string_view flag, std::string_view text);

// "500ms", "30s", "5min", "5m", "1h", "30d"; a bare number is seconds. At most 36,500 days.
[[nodiscard]] std::chrono::milliseconds parse_duration(std::string_view flag, std::string_view text);

// RFC 3339 ("2016-11-22T12:00:00Z", "2016-11-22T12:00:00+02:00", a bare date "2016-11-22" is its midnight UTC) or
// epoch seconds: seconds since 1970 UTC. A fraction of a second rounds up, which is exact for comparing whole seconds:
// t is at or after 12:00:00.5 just if it is at or after 12:00:01.
[[nodiscard]] std::int64_t parse_instant(std::string_view flag, std::string_view text);

// A whole number within [least, most].
[[nodiscard]] std::uint64_t parse_count(std::string_view flag, std::string_view text, std::uint64_t least,
                                        std::uint64_t most);

// For messages: "4 MiB" where it is exact, else bytes below 10 KiB ("1500 B") and one decimal from there ("478.0 MiB").
[[nodiscard]] std::string format_size(std::uint64_t bytes);

// For messages: "500 ms", "30 s", "5 min", "12 h", in the largest unit in which it is exact.
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

// "1,234,567"
[[nodiscard]] std::string format_count(std::uint64_t count);

}  // namespace chatload
