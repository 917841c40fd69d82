// Prometheus' practices for batch jobs: last success, last end and duration are gauges, and a failure leaves the last
// success as it was. So an alert on its age also notices a run that was killed, or never began.
//
// The collector reads *.prom only, and a file is written beside its place under another ending and renamed: it never
// sees half of one. Nothing is removed when a run begins: while it goes on, the figures are those of the run before.
#include "report/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/placed_file.h"

namespace chatload::report {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLastSuccess = "chatload_last_success_timestamp_seconds";
constexpr std::size_t kReadBytesMax = 1 << 20;  // of a file that is there; ours has about 6 KB

// Backslash, quote and newline are escaped; any other byte of UTF-8 stands as it is.
std::string label_value(std::string_view text) {
  std::string value;
  for (const char c : text) {
    if (c == '\\' || c == '"') value += '\\';
    c == '\n' ? value += "\\n" : value += c;
  }
  return value;
}

std::string label(std::string_view name, std::string_view value) {
  return fmt::format("{}=\"{}\"", name, label_value(value));
}

std::string source_label(const RunFacts& facts) {
  return facts.source_id ? ',' + label("source_id", *facts.source_id) : "";
}

std::string common_labels(const RunFacts& facts) {
  return label("table", facts.table) + ',' + label("file", facts.file) + source_label(facts);
}

// What follows the label that the text begins with, be it that of no file at all.
std::string_view behind_file_label(std::string_view text) {
  constexpr std::string_view kBegin = ",file=\"";
  if (!text.starts_with(kBegin)) return text;
  text.remove_prefix(kBegin.size());
  while (!text.empty() && text.front() != '"')
    text.remove_prefix(std::min<std::size_t>(text.size(), text.front() == '\\' ? 2 : 1));
  return text.substr(std::min<std::size_t>(text.size(), 1));
}

std::string epoch_text(std::chrono::system_clock::time_point time) {
  return fmt::format("{:.3f}", std::chrono::duration<double>(time.time_since_epoch()).count());
}

// The stage of a load that a phase belongs to.
std::string_view stage_of(Phase phase) {
  switch (phase) {
    case Phase::kSort:
    case Phase::kMerge: return "sort";
    case Phase::kWrite:
    case Phase::kRecordRanges:
    case Phase::kWriteSorted:
    case Phase::kFetchRefused: return "write";
    case Phase::kBuildIndexes: return "indexes";
    case Phase::kCompareBytes:
    case Phase::kCompareLoaded:
    case Phase::kComparePartial:
    case Phase::kCompareKeys: return "compare";
  }
  return "";
}

std::string_view label_of(WaitedFor wait) {
  switch (wait) {
    case WaitedFor::kInflate: return "inflate";
    case WaitedFor::kParse: return "parse";
    case WaitedFor::kDatabase: return "mysql";
    case WaitedFor::kConnection: return "reconnect";
    case WaitedFor::kPause: return "pause";
    case WaitedFor::kIndexes: return "indexes";
    case WaitedFor::kNothing: return "";
  }
  return "";
}

class Text {
 public:
  explicit Text(std::string labels) : labels_(std::move(labels)) {}

  void begin(std::string_view name, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help);
  }

  void add(std::string_view value) { text_ += fmt::format("{}{{{}}} {}\n", name_, labels_, value); }
  void add(std::uint64_t value) { add(fmt::format("{}", value)); }
  void add_seconds(double value) { add(fmt::format("{:.3f}", value)); }

  // With one label more.
  void add(std::string_view label, std::string_view label_text, std::string_view value) {
    text_ += fmt::format("{}{{{},{}=\"{}\"}} {}\n", name_, labels_, label, label_value(label_text), value);
  }
  void add(std::string_view label, std::string_view label_text, std::uint64_t value) {
    add(label, label_text, fmt::format("{}", value));
  }
  void add_seconds(std::string_view label, std::string_view label_text, double value) {
    add(label, label_text, fmt::format("{:.3f}", value));
  }

  void add_versions(std::string_view version, std::string_view server) {
    text_ += fmt::format("{}{{{},version=\"{}\",server=\"{}\"}} 1\n", name_, labels_, label_value(version),
                         label_value(server));
  }

  [[nodiscard]] std::string str() && { return std::move(text_); }

 private:
  std::string labels_;
  std::string name_;
  std::string text_;
};

void add_times(Text& text, const Summary& summary, const RunFacts& facts,
               const std::optional<std::string>& last_success) {
  const auto duration =
      std::chrono::duration_cast<std::chrono::system_clock::duration>(std::chrono::duration<double>(summary.seconds));
  const std::string ended = epoch_text(facts.started + duration);
  const bool is_success = facts.exit_code == ExitCode::kLoaded || facts.exit_code == ExitCode::kLoadedWithRejects;
  text.begin("chatload_last_run_start_timestamp_seconds", "When the last run began.");
  text.add(epoch_text(facts.started));
  text.begin("chatload_last_run_end_timestamp_seconds", "When the last run ended.");
  text.add(ended);
  if (is_success || last_success) {
    text.begin(kLastSuccess, "When the last run with exit code 0 or 1 ended.");
    text.add(is_success ? ended : *last_success);
  }
  text.begin("chatload_last_run_exit_code", "The exit code of the last run.");
  text.add(static_cast<std::uint64_t>(facts.exit_code));
  text.begin("chatload_last_run_duration_seconds", "How long the last run took.");
  text.add_seconds(summary.seconds);
  const auto phase_seconds = facts.trace.timeline.phase_seconds();
  text.begin("chatload_last_run_stage_seconds", "How long the stages of the last run took.");
  for (const std::string_view stage : {"compare", "sort", "write", "indexes"}) {
    double seconds = 0;
    for (std::size_t phase = 0; phase < kPhaseCount; ++phase) {
      if (stage_of(static_cast<Phase>(phase)) == stage) seconds += phase_seconds[phase];
    }
    text.add_seconds("stage", stage, seconds);
  }
  const auto wait_seconds = facts.trace.timeline.wait_seconds();
  text.begin("chatload_last_run_wait_seconds", "What bounded the last run, and for how long.");
  for (std::size_t wait = 0; wait < kWaitCount; ++wait) {
    const std::string_view label = label_of(static_cast<WaitedFor>(wait));
    if (!label.empty()) text.add_seconds("for", label, wait_seconds[wait]);
  }
}

void add_counts(Text& text, const Summary& summary) {
  const RunCounts& counts = summary.this_run;
  text.begin("chatload_last_run_lines", "Lines of the last run by what became of them.");
  text.add("outcome", "inserted", counts.inserted);
  text.add("outcome", "updated", counts.updated);
  text.add("outcome", "duplicate", counts.duplicate);
  text.add("outcome", "filtered", counts.parsed.filtered);
  text.add("outcome", "rejected", counts.parsed.rejected());
  text.add("outcome", "blank", counts.parsed.blank);
  text.begin("chatload_last_run_rejects", "Rejected lines of the last run by reason.");
  for (std::size_t reason = 0; reason < parse::kRejectReasonCount; ++reason) {
    text.add("reason", to_string(static_cast<parse::RejectReason>(reason)), counts.parsed.rejected_by_reason[reason]);
  }
  text.begin("chatload_last_run_bytes", "Bytes that the last run read.");
  text.add("kind", "compressed", counts.bytes_compressed);
  text.add("kind", "decompressed", counts.bytes_decompressed);
  std::array<std::uint64_t, 6> inputs{};
  for (const InputEnd& input : summary.inputs) ++inputs.at(static_cast<std::size_t>(input.status));
  text.begin("chatload_last_run_inputs", "Inputs of the last run by what became of them.");
  for (std::size_t status = 0; status < inputs.size(); ++status) {
    text.add("status", to_string(static_cast<InputStatus>(status)), inputs[status]);
  }
}

}  // namespace

std::string to_prometheus(const Summary& summary, const RunFacts& facts,
                          const std::optional<std::string>& last_success) {
  Text text(common_labels(facts));
  add_times(text, summary, facts, last_success);
  add_counts(text, summary);
  text.begin("chatload_last_run_retries", "Transactions that the last run had to repeat.");
  text.add(facts.trace.timeline.retries());
  text.begin("chatload_last_run_peak_memory_bytes", "The peak resident memory of the last run.");
  text.add(facts.peak_memory_bytes);
  text.begin("chatload_last_run_info", "Always 1. The versions of chatload and of the server.");
  text.add_versions(CHATLOAD_VERSION, facts.trace.server);
  return std::move(text).str();
}

std::optional<std::string> last_success_in(std::string_view text, const RunFacts& facts) {
  const std::string beginning = fmt::format("\n{}{{{}", kLastSuccess, label("table", facts.table));
  const std::string end_of_labels = source_label(facts) + "} ";
  const std::size_t begin = text.find(beginning);
  if (begin == std::string_view::npos) return std::nullopt;
  std::string_view rest = behind_file_label(text.substr(begin + beginning.size()));
  if (!rest.starts_with(end_of_labels)) return std::nullopt;
  rest.remove_prefix(end_of_labels.size());
  const std::string_view value = rest.substr(0, rest.find('\n'));
  double seconds = 0;
  const auto [end, error] = std::from_chars(value.begin(), value.end(), seconds, std::chars_format::fixed);
  if (error != std::errc() || end != value.end()) return std::nullopt;
  return std::string(value);
}

void write_metrics(const Summary& summary, const RunFacts& facts, const fs::path& path) {
  std::string before;
  std::error_code error;
  if (fs::is_regular_file(path, error) && fs::file_size(path, error) <= kReadBytesMax) {
    std::ifstream file(path, std::ios::binary);
    before.assign(std::istreambuf_iterator<char>(file), {});
  }
  PlacedFile file("The metrics cannot be written to", path, Placing::kWhenWhole);
  file.write(to_prometheus(summary, facts, last_success_in(before, facts)));
  file.close();
}

}  // namespace chatload::report
