#include "report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json_text.h"
#include "base/placed_file.h"
#include "base/quantity.h"

namespace chatload::report {
namespace {

namespace fs = std::filesystem;

using Figure = std::pair<std::string_view, std::uint64_t>;

// The outcomes that sum to the lines, in the order in which they are shown.
std::vector<Figure> outcomes(RunKind kind, const RunCounts& counts) {
  std::vector<Figure> figures;
  if (kind == RunKind::kLoad) {
    figures = {{"inserted", counts.inserted}, {"updated", counts.updated}, {"duplicate", counts.duplicate}};
  } else {
    figures = {{"valid", counts.parsed.valid}};
  }
  figures.emplace_back("filtered", counts.parsed.filtered);
  figures.emplace_back("rejected", counts.parsed.rejected());
  figures.emplace_back("blank", counts.parsed.blank);
  return figures;
}

std::vector<Figure> reasons(const RunCounts& counts) {
  std::vector<Figure> figures;
  for (std::size_t reason = 0; reason < parse::kRejectReasonCount; ++reason) {
    figures.emplace_back(to_string(static_cast<parse::RejectReason>(reason)), counts.parsed.rejected_by_reason[reason]);
  }
  return figures;
}

std::string_view sentence_part(RunStatus status) {
  switch (status) {
    case RunStatus::kDone: return "done";
    case RunStatus::kAlreadyLoaded: return "done before, nothing to do";
    case RunStatus::kFailed: return "failed";
    case RunStatus::kInterrupted: return "interrupted";
    case RunStatus::kBudgetExceeded: return "stopped: too many rejected lines";
  }
  return "";
}

std::string_view command(RunKind kind) {
  switch (kind) {
    case RunKind::kLoad: return "load";
    case RunKind::kCheck: return "check";
    case RunKind::kCopy: return "copy";
  }
  return "";
}

// "10.3 MiB written to 3 files, "; nothing of what writes none.
std::string written_text(const RunCounts& counts) {
  if (counts.files_written == 0) return "";
  const std::string files = counts.files_written == 1 ? "" : fmt::format(" to {} files", counts.files_written);
  return fmt::format("{} written{}, ", format_size(counts.bytes_written), files);
}

void add_figures(JsonObject& json, const std::vector<Figure>& figures) {
  for (const auto& [name, count] : figures) json.add(name, count);
}

void add_counts(JsonObject& json, RunKind kind, const RunCounts& counts) {
  json.add("lines", counts.parsed.lines);
  add_figures(json, outcomes(kind, counts));
}

std::string object_of(const InputEnd& input) {
  JsonObject json;
  json.add("input", input.name);
  json.add("status", to_string(input.status));
  if (input.load) json.add("load", *input.load);
  if (!input.same_as.empty()) json.add("same_as", input.same_as);
  if (!input.why.empty()) json.add("why", input.why);
  if (!input.counts) return std::move(json).str();
  const ledger::SourceLines& counts = *input.counts;
  add_figures(json, {{"lines", counts.lines},
                     {"valid", counts.valid},
                     {"filtered", counts.filtered},
                     {"rejected", counts.rejected},
                     {"blank", counts.blank}});
  if (counts.inserted) json.add("inserted", *counts.inserted);
  if (counts.updated) json.add("updated", *counts.updated);
  if (counts.duplicate) json.add("duplicate", *counts.duplicate);
  return std::move(json).str();
}

// A few by their names.
std::string names_of(const std::vector<InputEnd>& inputs) {
  constexpr std::size_t kNamedMax = 3;
  std::string names;
  for (std::size_t i = 0; i < std::min(inputs.size(), kNamedMax); ++i) {
    names += (names.empty() ? "" : ", ") + inputs[i].name;
  }
  if (inputs.size() > kNamedMax) names += fmt::format(" and {} more", format_count(inputs.size() - kNamedMax));
  return names;
}

// "  20,000 inputs: 19,990 done, 8 done before, 2 failed", and a line for each that failed; nothing of one input.
std::string inputs_text(const std::vector<InputEnd>& inputs) {
  if (inputs.size() < 2) return "";
  std::string text = fmt::format("  {} inputs:", format_count(inputs.size()));
  std::string_view separator = " ";
  for (const auto& [status, name] :
       {std::pair{InputStatus::kDone, "done"}, std::pair{InputStatus::kAlreadyLoaded, "done before"},
        std::pair{InputStatus::kSame, "the same as others"}, std::pair{InputStatus::kInAnotherRun, "in other runs"},
        std::pair{InputStatus::kFailed, "failed"}, std::pair{InputStatus::kNotReached, "not reached"}}) {
    const auto has_status = [status = status](const InputEnd& input) { return input.status == status; };
    const auto count = static_cast<std::uint64_t>(std::count_if(inputs.begin(), inputs.end(), has_status));
    if (count == 0) continue;
    text += fmt::format("{}{} {}", std::exchange(separator, ", "), format_count(count), name);
  }
  text += '\n';
  for (const InputEnd& input : inputs) {
    if (input.status == InputStatus::kFailed) text += fmt::format("    failed: {}\n", input.name);
  }
  return text;
}

}  // namespace

std::string_view to_string(InputStatus status) {
  switch (status) {
    case InputStatus::kNotReached: return "not_reached";
    case InputStatus::kDone: return "done";
    case InputStatus::kAlreadyLoaded: return "already_loaded";
    case InputStatus::kSame: return "same_as_another";
    case InputStatus::kInAnotherRun: return "in_another_run";
    case InputStatus::kFailed: return "failed";
  }
  return "";
}

std::string_view to_string(RunStatus status) {
  switch (status) {
    case RunStatus::kDone: return "done";
    case RunStatus::kAlreadyLoaded: return "already_loaded";
    case RunStatus::kFailed: return "failed";
    case RunStatus::kInterrupted: return "interrupted";
    case RunStatus::kBudgetExceeded: return "budget_exceeded";
  }
  return "";
}

std::uint64_t Summary::rows() const {
  return kind == RunKind::kLoad ? this_run.inserted + this_run.updated + this_run.duplicate : this_run.parsed.valid;
}

double Summary::rows_per_second() const { return seconds > 0 ? static_cast<double>(rows()) / seconds : 0; }

// load done: chat.json.gz
//       1,990,000  inserted
//               …
//           1,000  rejected
//                      900  invalid_json
//                      100  too_long
//               0  blank
//   -------------
//       2,000,000  lines
//   108.2 MiB compressed, 478.1 MiB decompressed, 12.345 s, 161,604 rows/s
std::string to_text(const Summary& summary) {
  const RunCounts& counts = summary.counts;
  const std::string lines = format_count(counts.parsed.lines);
  const std::vector<Figure> figures = outcomes(summary.kind, counts);
  std::size_t width = lines.size();
  for (const auto& [name, count] : figures) width = std::max(width, format_count(count).size());

  std::string text =
      fmt::format("{} {}: {}\n", command(summary.kind), sentence_part(summary.status), names_of(summary.inputs));
  for (const auto& [name, count] : figures) {
    text += fmt::format("  {:>{}}  {}\n", format_count(count), width, name);
    if (name != "rejected") continue;
    for (const auto& [reason, rejected] : reasons(counts)) {
      if (rejected > 0) text += fmt::format("  {:{}}  {:>{}}  {}\n", "", width, format_count(rejected), width, reason);
    }
  }
  text += fmt::format("  {:->{}}\n  {:>{}}  lines\n", "", width, lines, width);
  if (summary.this_run.parsed.lines != counts.parsed.lines) {
    text += fmt::format("  {} of them by this run, the others before\n", format_count(summary.this_run.parsed.lines));
  }
  if (summary.duplicates) {
    text += fmt::format("  {} of the valid lines have the key of an earlier one, {} of them with other values\n",
                        format_count(summary.duplicates->duplicate), format_count(summary.duplicates->differing));
  }
  text += inputs_text(summary.inputs);
  text += fmt::format("  {} compressed, {} decompressed, {}{:.3f} s, {} rows/s\n", format_size(counts.bytes_compressed),
                      format_size(summary.this_run.bytes_decompressed), written_text(counts), summary.seconds,
                      format_count(static_cast<std::uint64_t>(summary.rows_per_second())));
  return text;
}

std::string to_json(const Summary& summary) {
  const RunCounts& counts = summary.counts;
  std::string inputs;
  for (const InputEnd& input : summary.inputs) inputs += (inputs.empty() ? "" : ",") + object_of(input);
  JsonObject json;
  json.add("status", to_string(summary.status));
  json.add("command", command(summary.kind));
  json.add_json("inputs", '[' + inputs + ']');
  add_counts(json, summary.kind, counts);
  if (summary.duplicates) {
    add_figures(json, {{"duplicate", summary.duplicates->duplicate}, {"differing", summary.duplicates->differing}});
  }
  JsonObject rejects;
  add_figures(rejects, reasons(counts));
  json.add_json("rejects_by_reason", std::move(rejects).str());
  json.add("bytes_compressed", counts.bytes_compressed);
  json.add("bytes_decompressed", counts.bytes_decompressed);
  if (summary.kind == RunKind::kCopy) {
    json.add("files_written", counts.files_written);
    json.add("bytes_written", counts.bytes_written);
  }
  if (summary.kind == RunKind::kLoad) {
    JsonObject this_run;
    add_counts(this_run, summary.kind, summary.this_run);
    this_run.add("bytes_decompressed", summary.this_run.bytes_decompressed);
    json.add_json("this_run", std::move(this_run).str());
  }
  json.add_json("seconds", fmt::format("{:.3f}", summary.seconds));
  json.add("rows_per_second", static_cast<std::uint64_t>(summary.rows_per_second()));
  return std::move(json).str();
}

void write_json(const Summary& summary, const fs::path& path) {
  PlacedFile file("The summary cannot be written to", path, Placing::kWhenWhole);
  file.write(to_json(summary) + '\n');
  file.close();
}

void remove_earlier(const fs::path& path) noexcept {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return;
  fs::is_symlink(path, error) ? fs::resize_file(path, 0, error) : static_cast<void>(fs::remove(path, error));
}

}  // namespace chatload::report
