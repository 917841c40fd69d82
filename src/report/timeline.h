// Where the time of a run went: what it did, what it waited for, how many rows and bytes it did meanwhile.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

namespace chatload::report {

// A part of a run that has a progress line of its own.
enum class Phase {
  kWrite,           // in file order: reads, parses and writes at once; a check or a copy reads and parses
  kSort,            // in key order, first half
  kMerge,           // sorted runs into fewer
  kRecordRanges,    // of a load that is sorted, into the ledger
  kWriteSorted,     // in key order, second half
  kFetchRefused,    // the texts of lines that the server refused
  kBuildIndexes,    // that were left out of the table
  kCompareBytes,    // whole inputs with one another, or with what the ledger knows of them
  kCompareLoaded,   // what is loaded with an input that was touched
  kComparePartial,  // a partial load with its input
  kCompareKeys,     // of a check, sorted rows with one another
};
inline constexpr std::size_t kPhaseCount = 11;

// "writes", "sorts by key"
[[nodiscard]] std::string_view to_string(Phase phase);

// What the run waits for just now.
enum class WaitedFor {
  kInflate,     // the input: reading and decompressing
  kParse,       // the parsers
  kDatabase,    // the server, to take rows
  kConnection,  // the server, to come back
  kPause,       // --max-load or --max-lag
  kIndexes,     // the server, to build indexes
  kNothing,     // a step that has no stages, as to merge or to compare; or it was too short to tell
};
inline constexpr std::size_t kWaitCount = 7;

// Some seconds of a run.
struct TimelineSample {
  double begin = 0;  // in seconds since the run began
  double end = 0;
  Phase phase = Phase::kWrite;             // the longest one
  double rows = 0;                         // done meanwhile: written, or sorted
  double bytes = 0;                        // of JSON, handed to the parsers meanwhile
  std::array<double, kWaitCount> waits{};  // seconds

  // Those between begin and end in which a phase went on.
  [[nodiscard]] double watched_seconds() const;
};

// Thread-safe. It is bounded: when it has kSamplesMax samples, it joins each two of them, and samples last twice as
// long from then on. The sums stay exact.
class Timeline {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::size_t kSamplesMax = 512;
  // How often to look. A load of less than two minutes keeps every look.
  static constexpr std::chrono::milliseconds kLookInterval{200};

  [[nodiscard]] double seconds_now() const { return std::chrono::duration<double>(Clock::now() - begun_).count(); }

  // What happened between two looks: from begin to end it was waited for `wait`. The times ascend from call to call.
  void add(Phase phase, WaitedFor wait, double begin, double end, double rows, double bytes);

  // Transactions that were redone.
  void add_retries(std::uint64_t retries);

  [[nodiscard]] std::vector<TimelineSample> samples() const;
  [[nodiscard]] std::array<double, kPhaseCount> phase_seconds() const;
  [[nodiscard]] std::array<double, kWaitCount> wait_seconds() const;
  [[nodiscard]] std::uint64_t retries() const;

 private:
  void halve();

  const Clock::time_point begun_ = Clock::now();
  mutable std::mutex mutex_;  // guards all below
  double sample_seconds_ = std::chrono::duration<double>(kLookInterval).count();
  std::vector<TimelineSample> samples_;
  Phase last_phase_ = Phase::kWrite;  // of the last look
  std::array<double, kPhaseCount> phase_seconds_{};
  std::array<double, kWaitCount> wait_seconds_{};
  std::uint64_t retries_ = 0;
};

}  // namespace chatload::report
