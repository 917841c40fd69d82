// The log: one line an event on standard error, for people or for machines. From any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

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

inline void log_info(std::string_view message) { log(LogLevel::kInfo, message); }
inline void log_warning(std::string_view message) { log(LogLevel::kWarning, message); }
inline void log_error(std::string_view message) { log(LogLevel::kError, message); }

// What lasts is said again.
constexpr std::chrono::minutes kSaidEvery{1};

// What an event reads as: one line, ending in a newline. A text line that goes to a terminal first wipes what the
// progress bar left there. level: "info", "warning", "error".
[[nodiscard]] std::string log_line(LogFormat format, bool to_terminal, std::chrono::system_clock::time_point time,
                                   std::string_view level, std::string_view message);

}  // namespace chatload
