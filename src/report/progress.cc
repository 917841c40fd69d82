// A bar and the log share standard error without a lock: each is one write, and a text log line wipes the bar first
// (base/log.h), which the next redraw brings back.
#include "report/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/quantity.h"

namespace chatload::report {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRedrawInterval{200};
constexpr std::size_t kBarSamplesMax = 25;  // speeds are those of the last five seconds
constexpr std::size_t kTerminalColumns = 80;

std::uint64_t read(const std::atomic<std::uint64_t>& figure) { return figure.load(std::memory_order_relaxed); }

std::uint64_t difference(std::uint64_t more, std::uint64_t less) { return more > less ? more - less : 0; }

std::string_view name(Bottleneck bottleneck) {
  switch (bottleneck) {
    case Bottleneck::kInflate: return "inflate";
    case Bottleneck::kParse: return "parse";
    case Bottleneck::kDatabase:
    case Bottleneck::kIndexes: return "MySQL";
    case Bottleneck::kConnection: return "MySQL to come back";
  }
  return "";
}

double per_second(double before, double now, double seconds) {
  return seconds > 0 ? std::max(0.0, now - before) / seconds : 0;
}

// "0:12", "1:02:03"
std::string clock_time(double seconds) {
  const auto total = static_cast<std::uint64_t>(std::llround(seconds));
  const std::uint64_t hours = total / 3600;
  const std::uint64_t minutes = total / 60 % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, total % 60)
                   : fmt::format("{}:{:02}", minutes, total % 60);
}

// By the mean speed since the start; nothing where there is none yet.
std::string left_text(double seconds, double share_done) {
  return share_done > 0 ? fmt::format(", {} left", clock_time(seconds * (1 - share_done) / share_done)) : "";
}

double share_of(double done, std::optional<std::uint64_t> total) {
  return total && *total > 0 ? std::min(1.0, done / static_cast<double>(*total)) : 0;
}

// "42 %", or "39.1 MB done" of nobody knows how many.
std::string done_text(double done, std::optional<std::uint64_t> total) {
  return total ? fmt::format("{} %", static_cast<int>(share_of(done, total) * 100))
               : fmt::format("{:.1f} MB done", done / 1e6);
}

ProgressMode resolved(ProgressMode mode) {
  if (mode != ProgressMode::kAuto) return mode;
  const char* terminal = std::getenv("TERM");
  const bool can_wipe = terminal != nullptr && std::string_view(terminal) != "dumb";
  return can_wipe && isatty(STDERR_FILENO) == 1 ? ProgressMode::kBar : ProgressMode::kLines;
}

std::size_t terminal_columns() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : kTerminalColumns;
}

}  // namespace

// Half a house is full: the reader holds a range while it fills it, and the stages hold those that they work on.
Bottleneck bottleneck(const LiveStats& stats, std::uint64_t ranges_in_flight_max) {
  if (read(stats.indexes_building) > 0) return Bottleneck::kIndexes;
  if (read(stats.disconnected) > 0) return Bottleneck::kConnection;
  const std::uint64_t done = read(stats.packs_done);
  const std::uint64_t parsed = read(stats.packs_parsed);
  const std::uint64_t split = read(stats.packs_split);
  const std::uint64_t before_parsers = difference(split, parsed);
  const std::uint64_t before_database = difference(parsed, done);
  if (2 * (before_parsers + before_database) < ranges_in_flight_max) return Bottleneck::kInflate;
  return before_database >= before_parsers ? Bottleneck::kDatabase : Bottleneck::kParse;
}

ProgressOptions step_progress(ProgressOptions of_run, std::string_view phase, std::optional<std::uint64_t> source_total,
                              bool has_database) {
  of_run.phase = phase;
  of_run.source_total = source_total;
  of_run.is_step = true;
  of_run.has_database = has_database;
  return of_run;
}

ProgressSample ProgressSample::of(const LiveStats& stats, double seconds) {
  const auto done = static_cast<double>(read(stats.packs_done));
  const auto split = static_cast<double>(read(stats.packs_split));
  const double share_done = split > 0 ? std::min(1.0, done / split) : 0;
  return {.seconds = seconds,
          .source_done = static_cast<double>(read(stats.source_read)) * share_done,
          .bytes_decompressed = static_cast<double>(read(stats.bytes_decompressed)),
          .rows_done = static_cast<double>(read(stats.rows_done)),
          .lines_rejected = read(stats.lines_rejected),
          .retries = read(stats.retries),
          .source_number = read(stats.source_number),
          .sources_total = read(stats.sources_total),
          .pause = stats.pause.reason()};
}

std::string progress_text(const ProgressSample& before, const ProgressSample& now,
                          std::optional<std::uint64_t> source_total, Bottleneck bottleneck) {
  if (bottleneck == Bottleneck::kIndexes) {
    return fmt::format("{} so far, waits for {}", clock_time(now.seconds), name(bottleneck));
  }
  const double seconds = now.seconds - before.seconds;
  std::string text = done_text(now.source_done, source_total);
  if (now.sources_total > 1) {
    text += fmt::format(", file {} of {}", format_count(now.source_number), format_count(now.sources_total));
  }
  text += fmt::format(", {} rows/s, {:.1f} MB/s, {} rejected",
                      format_count(static_cast<std::uint64_t>(per_second(before.rows_done, now.rows_done, seconds))),
                      per_second(before.bytes_decompressed, now.bytes_decompressed, seconds) / 1e6,
                      format_count(now.lines_rejected));
  text += left_text(now.seconds, share_of(now.source_done, source_total));
  if (now.retries > 0) text += fmt::format(", {} {}", now.retries, now.retries == 1 ? "retry" : "retries");
  if (!now.pause.empty()) return text + ", waits: " + now.pause;
  return text + fmt::format(", waits for {}", name(bottleneck));
}

std::string step_text(const ProgressSample& now, std::optional<std::uint64_t> source_total) {
  const std::string text =
      done_text(now.source_done, source_total) + left_text(now.seconds, share_of(now.source_done, source_total));
  return now.pause.empty() ? text : text + ", waits: " + now.pause;
}

class Progress::Impl {
 public:
  Impl(const LiveStats& stats, ProgressOptions options) : stats_(stats), options_(options) {
    options_.mode = resolved(options.mode);
    if (options_.mode != ProgressMode::kNone) thread_ = std::thread([this] { run(); });
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    stopped_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    const bool is_bar = options_.mode == ProgressMode::kBar;
    std::deque<ProgressSample> samples = {sample()};
    std::unique_lock lock(mutex_);
    while (!stopped_.wait_for(lock, is_bar ? kRedrawInterval : options_.interval, [this] { return stopping_; })) {
      samples.push_back(sample());
      const std::string text =
          std::string(options_.phase) +
          (options_.is_step ? step_text(samples.back(), options_.source_total)
                            : progress_text(samples.front(), samples.back(), options_.source_total, waits_for()));
      is_bar ? draw(text) : log_info(text);
      if (samples.size() > (is_bar ? kBarSamplesMax : 1)) samples.pop_front();
    }
    if (is_bar) draw("");
  }

  [[nodiscard]] ProgressSample sample() const {
    ProgressSample now = ProgressSample::of(stats_, std::chrono::duration<double>(Clock::now() - start_).count());
    if (options_.is_step) now.source_done = static_cast<double>(read(stats_.source_read));
    if (!options_.has_database) now.pause.clear();
    return now;
  }

  [[nodiscard]] Bottleneck waits_for() const {
    const Bottleneck slowest = bottleneck(stats_, options_.ranges_in_flight_max);
    return slowest == Bottleneck::kDatabase && !options_.has_database ? Bottleneck::kParse : slowest;
  }

  // The last column stays free: some terminals break the line after writing there.
  static void draw(const std::string& text) {
    const std::string line = fmt::format("\r{}\x1b[K", std::string_view(text).substr(0, terminal_columns() - 1));
    std::fwrite(line.data(), 1, line.size(), stderr);
  }

  const LiveStats& stats_;
  ProgressOptions options_;
  const Clock::time_point start_ = Clock::now();
  std::mutex mutex_;  // guards stopping_
  bool stopping_ = false;
  std::condition_variable stopped_;
  std::thread thread_;  // last: it uses all of the above
};

Progress::Progress(const LiveStats& stats, ProgressOptions options) : impl_(std::make_unique<Impl>(stats, options)) {}
Progress::~Progress() = default;

}  // namespace chatload::report
