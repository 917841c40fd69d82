// spdlog stands behind this file alone: a call of its templates costs 4.6 s of compiling, one of log() nothing.

#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <ctime>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/json_text.h"

namespace chatload {
namespace {

constexpr std::string_view kWipeTerminalLine = "\r\x1b[K";

// What the report shows later. From any thread.
class Keeper {
 public:
  void keep(LogLevel level, std::string_view message) {
    LogEvent event{std::chrono::system_clock::now(), level, std::string(message)};
    const std::lock_guard lock(mutex_);
    if (first_.size() < kKeptEventsMax) return first_.push_back(std::move(event));
    last_.push_back(std::move(event));
    if (last_.size() <= kKeptEventsMax) return;
    last_.pop_front();
    ++between_;
  }

  [[nodiscard]] KeptLog kept() {
    const std::lock_guard lock(mutex_);
    return {first_, {last_.begin(), last_.end()}, between_};
  }

 private:
  std::mutex mutex_;  // guards all below
  std::vector<LogEvent> first_;
  std::deque<LogEvent> last_;
  std::uint64_t between_ = 0;
};

Keeper& keeper() {
  static Keeper the_keeper;
  return the_keeper;
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

std::string utc_text(std::chrono::system_clock::time_point time, bool with_milliseconds) {
  const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                                 utc.tm_hour, utc.tm_min, utc.tm_sec);
  if (with_milliseconds) text += fmt::format(".{:03}", since_epoch.count() % 1000);
  return text + 'Z';
}

std::string log_line(LogFormat format, bool to_terminal, std::chrono::system_clock::time_point time,
                     std::string_view level, std::string_view message) {
  if (format == LogFormat::kText) {
    return fmt::format("{}{} {}: {}\n", to_terminal ? kWipeTerminalLine : "", utc_text(time), level, message);
  }
  JsonObject line;
  line.add("ts", utc_text(time, true));
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
  keeper().keep(level, message);
}

void log_passing(std::string_view message) {
  spdlog::default_logger_raw()->log(spdlog::level::info, spdlog::string_view_t(message.data(), message.size()));
}

KeptLog kept_log() { return keeper().kept(); }

}  // namespace chatload
