// The progress line: how far the run is, how fast, and what it waits for.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "report/live_stats.h"
#include "report/timeline.h"

namespace chatload::report {

enum class ProgressMode { kAuto, kBar, kLines, kNone };  // kAuto: a bar on a terminal, lines elsewhere

// What bounds the run just now.
enum class Bottleneck { kInflate, kParse, kDatabase, kConnection, kIndexes };

// From how many ranges stand in front of each stage: a full house before the writers means the database, before the
// parsers the parsers, an empty one the input. A writer that has lost its connection comes before all of these, indexes
// that are being built before everything.
[[nodiscard]] Bottleneck bottleneck(const LiveStats& stats, std::uint64_t ranges_in_flight_max);

struct ProgressOptions {
  ProgressMode mode = ProgressMode::kAuto;
  std::chrono::milliseconds interval{10'000};  // between lines
  std::optional<std::uint64_t> source_total;   // of LiveStats::source_read; percent and time left need it
  std::uint64_t ranges_in_flight_max = 1;
  Phase phase = Phase::kWrite;   // which all lines of but this one begin with
  bool is_step = false;          // step_progress() makes those
  bool has_database = true;      // else inflate and parse alone are named, and no pause of the writers
  Timeline* timeline = nullptr;  // gets what is seen, too, whatever the mode
};

// Of a step beside the rows of a run: how far it is, and no more. source_total: of LiveStats::source_read, in whatever
// the step counts; of bytes it may be unknown. Its line: "merges sorted runs: 42 %, 0:12 left". has_database: a pause
// of the writers stops it too, and is named.
[[nodiscard]] ProgressOptions step_progress(ProgressOptions of_run, Phase phase,
                                            std::optional<std::uint64_t> source_total, bool has_database = false);

// LiveStats at an instant.
struct ProgressSample {
  double seconds = 0;      // since the start
  double source_done = 0;  // of source_read, what packs_done is of packs_split; all of it in a step
  double bytes_decompressed = 0;
  double rows_done = 0;
  std::uint64_t lines_rejected = 0;
  std::uint64_t retries = 0;
  std::uint64_t source_number = 0;
  std::uint64_t sources_total = 0;
  std::string pause = {};  // its reason; empty where there is none

  [[nodiscard]] static ProgressSample of(const LiveStats& stats, double seconds);
};

// "42 %, file 312 of 20,000, 164,000 rows/s, 39.1 MB/s, 12 rejected, 0:12 left, waits for MySQL", or during a pause
// "…, waits: Threads_running 53 > 40". Speeds (of rows done and of JSON, 1 MB = 10^6 bytes) are those between the two
// samples, the time left is from the mean speed since the start. Without a total, which only bytes can be, the
// megabytes done stand in place of percent and time left. Of one file there is no count. Of indexes nobody knows how
// far they are: "0:12 so far, waits for MySQL".
[[nodiscard]] std::string progress_text(const ProgressSample& before, const ProgressSample& now,
                                        std::optional<std::uint64_t> source_total, Bottleneck bottleneck);

// The same of a step.
[[nodiscard]] std::string step_text(const ProgressSample& now, std::optional<std::uint64_t> source_total);

// Prints to standard error from a thread of its own between construction and destruction; a bar is redrawn five times
// a second and wiped at the end. The same thread fills the timeline. `stats` and the timeline outlive it. One at a time
// has a timeline.
class Progress {
 public:
  Progress(const LiveStats& stats, ProgressOptions options);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chatload::report
