// The log: one line an event on standard error, for people or for machines. From any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chatload {

enum class LogLevel { kInfo, kWarning, kError };

enum class LogFormat {
  kText,  // "2016-11-22T12:00:00Z info: message"
  kJson,  // {"ts":"2016-11-22T12:00:00.123Z","level":"info","message":"message"}
};

// Call once, before any thread that logs is started. The format is kText.
void set_up_log();

void set_log_format(LogFormat format);

void log(LogLevel level, std::string_view message);

// An event that is of no interest later, as a line of progress: at level kInfo, and not kept.
void log_passing(std::string_view message);

inline void log_info(std::string_view message) { log(LogLevel::kInfo, message); }
inline void log_warning(std::string_view message) { log(LogLevel::kWarning, message); }
inline void log_error(std::string_view message) { log(LogLevel::kError, message); }

struct LogEvent {
  std::chrono::system_clock::time_point time;
  LogLevel level = LogLevel::kInfo;
  std::string message;
};

// What was logged: the first events and the last ones, kKeptEventsMax of each.
struct KeptLog {
  std::vector<LogEvent> first;
  std::vector<LogEvent> last;
  std::uint64_t between = 0;  // events that were not kept
};
inline constexpr std::size_t kKeptEventsMax = 100;

[[nodiscard]] KeptLog kept_log();

// "2016-11-22T12:00:00Z", or with milliseconds "2016-11-22T12:00:00.123Z".
[[nodiscard]] std::string utc_text(std::chrono::system_clock::time_point time, bool with_milliseconds = false);

// What lasts is said again.
constexpr std::chrono::minutes kSaidEvery{1};

// What an event reads as: one line, ending in a newline. A text line that goes to a terminal first wipes what the
// progress bar left there. level: "info", "warning", "error".
[[nodiscard]] std::string log_line(LogFormat format, bool to_terminal, std::chrono::system_clock::time_point time,
                                   std::string_view level, std::string_view message);

}  // namespace chatload
