// spdlog stands behind this file alone: a call of its templates costs 4.6 s of compiling, one of log() nothing.

#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <ctime>
#include <memory>
#include <string>
#include <utility>

#include "base/json_text.h"

namespace chatload {
namespace {

constexpr std::string_view kWipeTerminalLine = "\r\x1b[K";

// RFC 3339 in UTC.
std::string timestamp(std::chrono::system_clock::time_point time, bool with_milliseconds) {
  const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                                 utc.tm_hour, utc.tm_min, utc.tm_sec);
  if (with_milliseconds) text += fmt::format(".{:03}", since_epoch.count() % 1000);
  return text + 'Z';
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view view(spdlog::string_view_t text) { return {text.data(), text.size()}; }

class LineFormatter : public spdlog::formatter {
 public:
  LineFormatter(LogFormat format, bool to_terminal) : format_(format), to_terminal_(to_terminal) {}

  void format(const spdlog::details::log_msg& event, spdlog::memory_buf_t& out) override {
    const std::string line = log_line(format_, to_terminal_, event.time,
                                      view(spdlog::level::to_string_view(event.level)), view(event.payload));
    out.append(line.data(), line.data() + line.size());
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(format_, to_terminal_);
  }

 private:
  LogFormat format_;
  bool to_terminal_;
};

}  // namespace

std::string log_line(LogFormat format, bool to_terminal, std::chrono::system_clock::time_point time,
                     std::string_view level, std::string_view message) {
  if (format == LogFormat::kText) {
    return fmt::format("{}{} {}: {}\n", to_terminal ? kWipeTerminalLine : "", timestamp(time, false), level, message);
  }
  JsonObject line;
  line.add("ts", timestamp(time, true));
  line.add("level", level);
  line.add("message", message);
  return std::move(line).str() + '\n';
}

void set_up_log() {
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("chatload", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
  set_log_format(LogFormat::kText);
}

void set_log_format(LogFormat format) {
  spdlog::default_logger_raw()->set_formatter(std::make_unique<LineFormatter>(format, isatty(STDERR_FILENO) == 1));
}

void log(LogLevel level, std::string_view message) {
  spdlog::default_logger_raw()->log(spdlog_level(level), spdlog::string_view_t(message.data(), message.size()));
}

}  // namespace chatload
