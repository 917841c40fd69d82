// --report FILE.html and `chatload report`: what a person who is called at seven wants to know of a load, on one page
// that needs no network, no script and no other file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/log.h"
#include "report/run_counts.h"
#include "report/summary.h"
#include "report/timeline.h"
#include "write/slow_transactions.h"

namespace chatload::report {

// A rejected line.
struct RejectExample {
  std::string input = {};
  std::uint64_t line = 0;
  std::uint64_t offset = 0;  // of its first byte in the decompressed stream
  std::string field = {};
  std::string detail = {};
  std::string raw = {};  // its beginning
};

struct RejectGroup {
  std::string reason = {};
  std::uint64_t lines = 0;
  std::vector<RejectExample> examples = {};
};

// An earlier load of the same table, or this one.
struct Night {
  std::uint64_t load = 0;
  std::string state = {};
  std::string started = {};
  std::optional<double> seconds = {};
  std::optional<std::uint64_t> rows = {};  // inserted, updated or duplicate
  std::optional<std::uint64_t> rejected = {};
};

struct Setting {
  std::string name;
  std::string value;
  std::string why;  // where it was chosen; may be empty
};

// What the page says. Texts are as they come: they may hold anything. What is not known is empty, and left out.
struct ReportFacts {
  std::string table;
  std::string state;                  // of the run, as to_string(RunStatus); or of a load in the ledger
  std::optional<ExitCode> exit_code;  // of a run that has ended
  std::string failure;                // the sentence that ended it
  std::string next_step;              // a sentence
  std::string next_command;           // for a shell
  std::vector<std::uint64_t> loads;
  std::string started;  // RFC 3339
  std::string ended;
  std::optional<double> seconds;
  RunCounts counts;                   // of the loads, by all runs
  std::optional<RunCounts> this_run;  // nothing where the ledger alone is asked
  std::vector<Night> nights;          // oldest first, this one last
  std::vector<RejectGroup> rejects;
  std::vector<TimelineSample> samples;
  std::vector<std::pair<Phase, double>> phases;  // seconds
  std::vector<write::SlowTransaction> slow;
  std::vector<InputEnd> inputs;
  std::vector<Setting> settings;
  KeptLog log;
  std::vector<std::string> unknown;  // sentences: what could not be found out, and why
};

// Inputs that are listed: those that failed first. With more, their number alone is said.
inline constexpr std::size_t kInputsShownMax = 1000;
inline constexpr std::size_t kExamplesMax = 5;
inline constexpr std::size_t kNightsMax = 14;

// Pure. Whatever the texts are, they are shown as text, and cut to a length that can be read.
[[nodiscard]] std::string to_html(const ReportFacts& facts);

// Replaces the file, whole. Throws EnvironmentError that names the file and the cause.
void write_html(const ReportFacts& facts, const std::filesystem::path& path);

}  // namespace chatload::report
