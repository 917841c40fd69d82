// The log: one line an event on standard error, for people or for machines.
//
// Everything is said through spdlog's default logger (spdlog::info, warn, error); it can be used from any thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class formatter;
}

namespace chatload::report {

enum class LogFormat {
  kText,  // "2016-11-22T12:00:00Z info: message"
  kJson,  // {"ts":"2016-11-22T12:00:00.123Z","level":"info","message":"message"}
};

// Call once, before any thread that logs is started. The format is kText.
void set_up_log();

// From any thread.
void set_log_format(LogFormat format);

// One line, ending in a newline. A text line that goes to a terminal first wipes what the progress bar left there.
[[nodiscard]] std::unique_ptr<spdlog::formatter> make_formatter(LogFormat format, bool to_terminal);

}  // namespace chatload::report
