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
constexpr Clock::duration kNever = std::chrono::hours(24 * 36500);
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

// What the phase's lines begin with. A key order load has two long phases, and the steps between them are short.
std::string beginning_of(Phase phase) {
  if (phase == Phase::kWrite) return "";
  const std::string_view place = phase == Phase::kSort ? "1 of 2, " : phase == Phase::kWriteSorted ? "2 of 2, " : "";
  return fmt::format("{}{}: ", place, to_string(phase));
}

WaitedFor wait_of(Bottleneck bottleneck) {
  switch (bottleneck) {
    case Bottleneck::kInflate: return WaitedFor::kInflate;
    case Bottleneck::kParse: return WaitedFor::kParse;
    case Bottleneck::kDatabase: return WaitedFor::kDatabase;
    case Bottleneck::kConnection: return WaitedFor::kConnection;
    case Bottleneck::kIndexes: return WaitedFor::kIndexes;
  }
  return WaitedFor::kNothing;
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

ProgressOptions step_progress(ProgressOptions of_run, Phase phase, std::optional<std::uint64_t> source_total,
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
    if (options_.mode != ProgressMode::kNone || options_.timeline != nullptr) thread_ = std::thread([this] { run(); });
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
    const Clock::duration said_every = options_.mode == ProgressMode::kNone ? kNever
                                       : is_bar                             ? kRedrawInterval
                                                                            : options_.interval;
    const Clock::duration look_every =
        options_.timeline == nullptr ? said_every : std::min<Clock::duration>(said_every, Timeline::kLookInterval);
    std::deque<ProgressSample> said = {first_};
    Clock::time_point next_said = start_ + said_every;
    std::unique_lock lock(mutex_);
    while (!stopped_.wait_for(lock, look_every, [this] { return stopping_; })) {
      const ProgressSample now = sample();
      look(now);
      keep(now);
      if (Clock::now() < next_said) continue;
      next_said = std::max(next_said + said_every, Clock::now());
      say(said, now);
    }
    keep(sample());
    if (is_bar) draw("");
  }

  void say(std::deque<ProgressSample>& said, const ProgressSample& now) {
    const bool is_bar = options_.mode == ProgressMode::kBar;
    said.push_back(now);
    const std::string text = beginning_of(options_.phase) +
                             (options_.is_step ? step_text(now, options_.source_total)
                                               : progress_text(said.front(), now, options_.source_total, waits_for()));
    is_bar ? draw(text) : log_passing(text);
    if (said.size() > (is_bar ? kBarSamplesMax : 1)) said.pop_front();
  }

  // What was waited for between two looks is what the second one saw. When the phase has ended, nothing stands anywhere
  // any more, so that what the last look saw holds to the end.
  void look(const ProgressSample& now) {
    wait_ = !now.pause.empty() ? WaitedFor::kPause : options_.is_step ? WaitedFor::kNothing : wait_of(waits_for());
  }

  void keep(const ProgressSample& now) {
    if (options_.timeline == nullptr) return;
    const double rows = options_.is_step ? 0 : std::max(0.0, now.rows_done - kept_.rows_done);
    const double bytes = options_.is_step ? 0 : std::max(0.0, now.bytes_decompressed - kept_.bytes_decompressed);
    options_.timeline->add(options_.phase, wait_, begun_ + kept_.seconds, begun_ + now.seconds, rows, bytes);
    options_.timeline->add_retries(difference(now.retries, kept_.retries));
    kept_ = now;
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
  const double begun_ = options_.timeline == nullptr ? 0 : options_.timeline->seconds_now();
  const ProgressSample first_ = sample();
  ProgressSample kept_ = first_;  // the last one in the timeline
  // Of a phase that is over before the first look nobody knows.
  WaitedFor wait_ = options_.phase == Phase::kBuildIndexes ? WaitedFor::kIndexes : WaitedFor::kNothing;
  std::mutex mutex_;  // guards stopping_
  bool stopping_ = false;
  std::condition_variable stopped_;
  std::thread thread_;  // last: it uses all of the above
};

Progress::Progress(const LiveStats& stats, ProgressOptions options) : impl_(std::make_unique<Impl>(stats, options)) {}
Progress::~Progress() = default;

}  // namespace chatload::report
