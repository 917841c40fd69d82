#include "report/log.h"

#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <ctime>
#include <string>

#include "base/json_text.h"

namespace chatload::report {
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

std::string_view view(spdlog::string_view_t text) { return {text.data(), text.size()}; }

class LineFormatter : public spdlog::formatter {
 public:
  LineFormatter(LogFormat format, bool to_terminal) : format_(format), to_terminal_(to_terminal) {}

  void format(const spdlog::details::log_msg& event, spdlog::memory_buf_t& out) override {
    const std::string line = format_ == LogFormat::kJson ? json_line(event) : text_line(event);
    out.append(line.data(), line.data() + line.size());
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(format_, to_terminal_);
  }

 private:
  static std::string json_line(const spdlog::details::log_msg& event) {
    std::string line = R"({"ts":)";
    append_json_string(line, timestamp(event.time, true));
    line += R"(,"level":)";
    append_json_string(line, view(spdlog::level::to_string_view(event.level)));
    line += R"(,"message":)";
    append_json_string(line, view(event.payload));
    line += "}\n";
    return line;
  }

  [[nodiscard]] std::string text_line(const spdlog::details::log_msg& event) const {
    return fmt::format("{}{} {}: {}\n", to_terminal_ ? kWipeTerminalLine : "", timestamp(event.time, false),
                       view(spdlog::level::to_string_view(event.level)), view(event.payload));
  }

  LogFormat format_;
  bool to_terminal_;
};

}  // namespace

std::unique_ptr<spdlog::formatter> make_formatter(LogFormat format, bool to_terminal) {
  return std::make_unique<LineFormatter>(format, to_terminal);
}

void set_up_log() {
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("chatload", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
  set_log_format(LogFormat::kText);
}

void set_log_format(LogFormat format) {
  spdlog::default_logger_raw()->set_formatter(make_formatter(format, isatty(STDERR_FILENO) == 1));
}

}  // namespace chatload::report
