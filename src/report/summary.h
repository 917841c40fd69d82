// The summary: for people on the terminal, for machines as JSON (--summary FILE).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/line_counts.h"
#include "report/run_counts.h"

namespace chatload::report {

enum class RunStatus { kDone, kAlreadyLoaded, kFailed, kInterrupted, kBudgetExceeded };
// "done", "already_loaded", "failed", "interrupted", "budget_exceeded"
[[nodiscard]] std::string_view to_string(RunStatus status);

enum class RunKind { kLoad, kCheck, kCopy };

// What became of an input.
enum class InputStatus { kNotReached, kDone, kAlreadyLoaded, kSame, kInAnotherRun, kFailed };
// "not_reached", "done", "already_loaded", "same_as_another", "in_another_run", "failed"
[[nodiscard]] std::string_view to_string(InputStatus status);

struct InputEnd {
  std::string name;
  InputStatus status = InputStatus::kNotReached;
  std::optional<std::uint64_t> load = {};
  std::string same_as = {};                        // the input with the same bytes
  std::string why = {};                            // it failed
  std::optional<ledger::SourceLines> counts = {};  // by all runs of its load
};

// Of valid records that have the key of an earlier one.
struct DuplicateCounts {
  std::uint64_t duplicate = 0;
  std::uint64_t differing = 0;  // of them, those with another value than the first one of their key
};

struct Summary {
  RunKind kind = RunKind::kLoad;
  RunStatus status = RunStatus::kDone;
  std::vector<InputEnd> inputs;
  RunCounts counts;    // of the ranges that are done, so that they add up whatever the status; by all runs of the loads
  RunCounts this_run;  // the part of them that this run did
  double seconds = 0;
  std::optional<DuplicateCounts> duplicates = {};  // of a check that looked for them

  // Of this run's lines that are rows, those loaded or, in a check or a copy, valid.
  [[nodiscard]] std::uint64_t rows() const;
  [[nodiscard]] double rows_per_second() const;  // 0 where no time has passed
};

// A column of figures that add up, ending in a newline: every outcome with its count, the reject reasons that occurred
// with theirs, then bytes, seconds and rows/s.
[[nodiscard]] std::string to_text(const Summary& summary);

// One JSON object on one line, documented in docs/operating.md, with the stable keys status, command ("load", "check",
// "copy"), inputs (an array of objects with the keys input, status, load, same_as, why, and the counts lines, valid,
// filtered, rejected, blank, inserted, updated, duplicate; those that are not known are left out), lines, inserted,
// updated, duplicate (a load's), valid (a check's or a copy's), duplicate and differing (of the valid lines of a check
// that looked for them), filtered, rejected, blank, rejects_by_reason (every
// reason, zeros included), bytes_compressed, bytes_decompressed, files_written and bytes_written (a copy's), this_run
// (of a load: an object with the counts from lines to blank and bytes_decompressed), seconds and rows_per_second (three
// decimals and none).
[[nodiscard]] std::string to_json(const Summary& summary);

// Writes to_json() to a new file beside `path` and renames it into place, so that a reader never sees half of one. A
// path that is a device or a pipe is written to as it is. Throws EnvironmentError that names the file and the cause.
void write_json(const Summary& summary, const std::filesystem::path& path);

// Removes the regular file that an earlier run left at `path`, a summary or a page, or empties it behind a link, so
// that nobody takes it for that of a run that is killed. What cannot be removed, nobody will be able to replace.
void remove_earlier(const std::filesystem::path& path) noexcept;

}  // namespace chatload::report
