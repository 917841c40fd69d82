// In the order in which somebody asks at seven: did it finish, what is there to do, do the counts add up, is it a night
// as the others, what was rejected, where did the time go, which files, which settings. A section about which nothing
// is known is not there.
//
// Every text goes through text() into the page. Should one ever not: the policy in the head lets a browser run no
// script and fetch nothing.
#include "report/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "base/placed_file.h"
#include "base/quantity.h"
#include "report/html_text.h"
#include "report/svg_plot.h"
#include "report_css.h"

namespace chatload::report {
namespace {

constexpr std::size_t kTextBytesMax = 600;  // of a sentence
constexpr std::size_t kCommandBytesMax = 4000;
constexpr std::size_t kShownRawBytesMax = 300;

std::string text(std::string_view of, std::size_t bytes_max = kTextBytesMax) { return html_text(of, bytes_max); }

std::string section(std::string_view title, const std::string& body) {
  return body.empty() ? "" : fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", title, body);
}

// "12.3 s", "4 min 05 s", "1 h 02 min"
std::string duration_text(double seconds) {
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  return whole < 3600 ? fmt::format("{} min {:02} s", whole / 60, whole % 60)
                      : fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string count_text(double count) { return format_count(static_cast<std::uint64_t>(std::llround(count))); }

struct Verdict {
  std::string_view word;
  std::string_view colour;  // a class
};

Verdict verdict_of(const ReportFacts& facts) {
  if (!facts.exit_code) return facts.state == "running" ? Verdict{"Running", "warn"} : Verdict{"Interrupted", "warn"};
  switch (*facts.exit_code) {
    case ExitCode::kLoaded: return {"Loaded", "good"};
    case ExitCode::kLoadedWithRejects: return {"Loaded", "warn"};
    case ExitCode::kBudgetExceeded: return {"Stopped", "bad"};
    case ExitCode::kFailed: return {"Failed", "bad"};
    case ExitCode::kInterrupted: return {"Interrupted", "warn"};
    case ExitCode::kUsage: return {"Refused", "bad"};
  }
  return {"Failed", "bad"};
}

std::string loads_text(const std::vector<std::uint64_t>& loads) {
  constexpr std::size_t kLoadsMax = 10;
  if (loads.empty()) return "";
  if (loads.size() > kLoadsMax) return fmt::format("{} loads, up to {}", format_count(loads.size()), loads.back());
  return fmt::format("{} {}", loads.size() == 1 ? "load" : "loads", fmt::join(loads, ", "));
}

// "1,990,000 rows inserted, 0 updated, 5,000 duplicate; 1,000 lines rejected; in 12.3 s"
std::string line_of(const ReportFacts& facts) {
  if (!facts.failure.empty()) return text(facts.failure);
  const RunCounts& counts = facts.counts;
  std::string line = facts.state == "already_loaded" ? "Everything was loaded before. " : "";
  line += fmt::format("{} rows inserted, {} updated, {} duplicate; {} of {} lines rejected",
                      format_count(counts.inserted), format_count(counts.updated), format_count(counts.duplicate),
                      format_count(counts.parsed.rejected()), format_count(counts.parsed.lines));
  if (facts.seconds) line += fmt::format("; in {}", duration_text(*facts.seconds));
  return line + '.';
}

std::string head(const ReportFacts& facts) {
  const Verdict verdict = verdict_of(facts);
  std::string times = facts.started.empty() ? "" : fmt::format("Began {}", text(facts.started));
  if (!facts.ended.empty()) times += fmt::format(", ended {}", text(facts.ended));
  if (facts.exit_code) {
    times += fmt::format("{}exit code {}", times.empty() ? "" : ", ", static_cast<int>(*facts.exit_code));
  }
  const std::string loads = loads_text(facts.loads);
  return fmt::format(
      "<header class=\"{}\">\n<p class=\"word\">{}</p>\n<h1>{}{}</h1>\n<p>{}</p>\n<p class=\"faint\">{}.</p>\n"
      "</header>\n",
      verdict.colour, verdict.word, text(facts.table), loads.empty() ? "" : ", " + loads, line_of(facts), times);
}

std::string next(const ReportFacts& facts) {
  std::string body;
  if (!facts.next_step.empty()) body += fmt::format("<p>{}</p>\n", text(facts.next_step));
  if (!facts.next_command.empty()) {
    body += fmt::format("<pre>{}</pre>\n", text(facts.next_command, kCommandBytesMax));
  }
  return section("What to do next", body);
}

std::string counts_section(const ReportFacts& facts) {
  using Of = std::uint64_t (*)(const RunCounts&);
  constexpr std::array<std::pair<std::string_view, Of>, 6> kOutcomes = {
      {{"inserted", [](const RunCounts& counts) { return counts.inserted; }},
       {"updated", [](const RunCounts& counts) { return counts.updated; }},
       {"duplicate", [](const RunCounts& counts) { return counts.duplicate; }},
       {"filtered", [](const RunCounts& counts) { return counts.parsed.filtered; }},
       {"rejected", [](const RunCounts& counts) { return counts.parsed.rejected(); }},
       {"blank", [](const RunCounts& counts) { return counts.parsed.blank; }}}};
  const bool has_earlier = facts.this_run && facts.this_run->parsed.lines != facts.counts.parsed.lines;
  const auto row = [&](std::string_view name, std::string_view its_class, Of of) {
    const std::string by_this_run =
        has_earlier ? fmt::format("<td class=\"n\">{}</td>", format_count(of(*facts.this_run))) : "";
    return fmt::format("<tr class=\"{}\"><td>{}</td><td class=\"n\">{}</td>{}</tr>\n", its_class, name,
                       format_count(of(facts.counts)), by_this_run);
  };
  std::string body = "<table class=\"counts\">\n";
  if (has_earlier) body += "<tr><th></th><th class=\"n\">by all runs</th><th class=\"n\">by this run</th></tr>\n";
  std::uint64_t sum = 0;
  for (const auto& [name, of] : kOutcomes) {
    body += row(name, "", of);
    sum += of(facts.counts);
  }
  body += row("all lines", "sum", [](const RunCounts& counts) { return counts.parsed.lines; }) + "</table>\n";
  if (sum == facts.counts.parsed.lines) {
    body += "<p class=\"faint\">The counts add up.</p>\n";
  } else {
    body += fmt::format("<p class=\"state-bad\">The counts do not add up: their sum is {}.</p>\n", format_count(sum));
  }
  if (facts.counts.bytes_compressed > 0) {
    body += fmt::format("<p class=\"faint\">{} compressed, {} of text.</p>\n",
                        format_size(facts.counts.bytes_compressed), format_size(facts.counts.bytes_decompressed));
  }
  return section("Lines", body);
}

template <typename Figure>
std::string spark_figure(const ReportFacts& facts, std::string_view title, Figure figure) {
  std::vector<double> values;
  for (const Night& night : facts.nights) {
    const auto value = figure(night);
    values.push_back(value ? static_cast<double>(*value) : std::numeric_limits<double>::quiet_NaN());
  }
  const std::string last = std::isnan(values.back()) ? "not known" : count_text(values.back());
  return fmt::format("<figure>{}<figcaption>{}: {}</figcaption></figure>\n",
                     sparkline(values, fmt::format("{} of the last {} loads", title, values.size())), title, last);
}

std::string nights_section(const ReportFacts& facts) {
  if (facts.nights.size() < 2) return "";
  std::string body = "<div class=\"sparks\">\n" +
                     spark_figure(facts, "rows", [](const Night& night) { return night.rows; }) +
                     spark_figure(facts, "rejected lines", [](const Night& night) { return night.rejected; }) +
                     spark_figure(facts, "seconds", [](const Night& night) { return night.seconds; }) + "</div>\n";
  body +=
      "<details><summary>As a table</summary>\n<div class=\"wide\"><table>\n<tr><th>load</th><th>began</th>"
      "<th>state</th><th class=\"n\">rows</th><th class=\"n\">rejected</th><th class=\"n\">time</th></tr>\n";
  const auto figure = [](const std::optional<std::uint64_t>& count) { return count ? format_count(*count) : "?"; };
  for (const Night& night : facts.nights) {
    body += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
        "</tr>\n",
        night.load, text(night.started), text(night.state), figure(night.rows), figure(night.rejected),
        night.seconds ? duration_text(*night.seconds) : "?");
  }
  return section(fmt::format("Against the last {} loads of this table", facts.nights.size()),
                 body + "</table></div></details>\n");
}

std::string example_text(const RejectExample& example) {
  std::string place = fmt::format("{}, line {}, byte {}", text(example.input), format_count(example.line),
                                  format_count(example.offset));
  if (!example.field.empty()) place += fmt::format(", field <code>{}</code>", text(example.field));
  if (!example.detail.empty()) place += fmt::format(": {}", text(example.detail));
  return fmt::format("<p class=\"faint\">{}</p>\n<pre>{}</pre>\n", place, text(example.raw, kShownRawBytesMax));
}

std::string rejects_section(const ReportFacts& facts) {
  std::string body;
  for (const RejectGroup& group : facts.rejects) {
    body += fmt::format("<details{}><summary>{}: {} {}</summary>\n", body.empty() ? " open" : "", text(group.reason),
                        format_count(group.lines), group.lines == 1 ? "line" : "lines");
    for (const RejectExample& example : group.examples) body += example_text(example);
    body += "</details>\n";
  }
  return section("Rejected lines", body);
}

std::string axis(double seconds) {
  return fmt::format("<div class=\"axis\"><span>0</span><span>{}</span><span>{}</span></div>\n",
                     duration_text(seconds / 2), duration_text(seconds));
}

std::string plots(const ReportFacts& facts) {
  if (facts.samples.empty()) return "";
  const double seconds = std::max(facts.seconds.value_or(0), facts.samples.back().end);
  std::string body;
  for (const auto& [name, figure, unit, decimals] :
       {std::tuple("rows a second", &TimelineSample::rows, 1.0, 0),
        std::tuple("MB of text a second", &TimelineSample::bytes, 1e6, 1)}) {
    const double peak = peak_per_second(facts.samples, figure) / unit;
    if (peak <= 0) continue;
    const std::string caption =
        fmt::format("{}, at most {}", name, decimals == 0 ? count_text(peak) : fmt::format("{:.{}f}", peak, decimals));
    body += fmt::format("<figure><figcaption>{}</figcaption>{}{}</figure>\n", caption,
                        speed_plot(facts.samples, figure, seconds, caption), axis(seconds));
  }
  body += fmt::format("<figure><figcaption>what it waited for</figcaption>{}{}",
                      wait_bands(facts.samples, seconds, "what it waited for"), axis(seconds));
  std::array<double, kWaitCount> waits{};
  double all = 0;
  for (const TimelineSample& sample : facts.samples) {
    for (std::size_t wait = 0; wait < kWaitCount; ++wait) waits[wait] += sample.waits[wait];
  }
  for (const double wait : waits) all += wait;
  body += "<ul class=\"legend\">";
  for (std::size_t i = 0; i < kWaitCount; ++i) {
    if (waits[i] <= 0) continue;
    const auto wait = static_cast<WaitedFor>(i);
    body +=
        fmt::format("<li><i class=\"{}\"></i>{}, {:.0f} %</li>", class_of(wait), legend_of(wait), 100 * waits[i] / all);
  }
  return body + "</ul></figure>\n";
}

std::string phases(const ReportFacts& facts) {
  if (facts.phases.empty()) return "";
  std::string body = "<table class=\"counts\">\n<tr><th>phase</th><th class=\"n\">time</th></tr>\n";
  double known = 0;
  for (const auto& [phase, seconds] : facts.phases) {
    body += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td></tr>\n", to_string(phase), duration_text(seconds));
    known += seconds;
  }
  if (facts.seconds) {
    body += fmt::format("<tr><td>logs in, looks up, closes</td><td class=\"n\">{}</td></tr>\n",
                        duration_text(std::max(0.0, *facts.seconds - known)));
  }
  return body + "</table>\n";
}

std::string slow_transactions(const ReportFacts& facts) {
  if (facts.slow.empty()) return "";
  std::string body =
      "<h3>Slowest transactions</h3>\n<div class=\"wide\"><table>\n<tr><th class=\"n\">time</th>"
      "<th class=\"n\">rows</th><th class=\"n\">lines</th><th>which</th></tr>\n";
  for (const write::SlowTransaction& slow : facts.slow) {
    const std::string which =
        slow.source.value() == 0
            ? fmt::format("stretch {} in key order", format_count(slow.first))
            : fmt::format("source {}, from line {}", slow.source.value(), format_count(slow.first));
    body +=
        fmt::format("<tr><td class=\"n\">{:.3f} s</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
                    slow.seconds, format_count(slow.rows), format_count(slow.lines), which);
  }
  return body + "</table></div>\n";
}

std::string_view shown(InputStatus status) {
  switch (status) {
    case InputStatus::kNotReached: return "not reached";
    case InputStatus::kDone: return "done";
    case InputStatus::kAlreadyLoaded: return "done before";
    case InputStatus::kSame: return "same as another";
    case InputStatus::kInAnotherRun: return "in another run";
    case InputStatus::kFailed: return "failed";
  }
  return "";
}

// Failed ones first, then those that are not there yet.
int rank_of(const InputEnd* input) {
  if (input->status == InputStatus::kFailed) return 0;
  return input->status == InputStatus::kNotReached ? 1 : 2;
}

std::string row_of(const InputEnd& input) {
  const std::string_view its_class = input.status == InputStatus::kFailed       ? "state-bad"
                                     : input.status == InputStatus::kNotReached ? "state-warn"
                                                                                : "";
  const std::string& why = input.status == InputStatus::kSame ? input.same_as : input.why;
  const auto figure = [&](std::uint64_t ledger::SourceLines::*of) {
    return input.counts ? format_count(*input.counts.*of) : std::string();
  };
  return fmt::format("<tr><td>{}{}</td><td class=\"k {}\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
                     text(input.name), why.empty() ? "" : fmt::format("<br><span class=\"faint\">{}</span>", text(why)),
                     its_class, shown(input.status), figure(&ledger::SourceLines::lines),
                     figure(&ledger::SourceLines::rejected));
}

std::string inputs_section(const ReportFacts& facts) {
  if (facts.inputs.empty()) return "";
  std::map<InputStatus, std::uint64_t> counts;
  std::vector<const InputEnd*> inputs;
  for (const InputEnd& input : facts.inputs) {
    ++counts[input.status];
    inputs.push_back(&input);
  }
  std::stable_sort(inputs.begin(), inputs.end(),
                   [](const InputEnd* a, const InputEnd* b) { return rank_of(a) < rank_of(b); });
  std::string body = "<p>";
  for (const auto& [status, count] : counts) {
    body += fmt::format("{}{} {}", body.size() > 3 ? ", " : "", format_count(count), shown(status));
  }
  const std::size_t listed = std::min(inputs.size(), kInputsShownMax);
  if (listed < inputs.size()) {
    body += fmt::format(". The first {} of them, those that failed in front", format_count(listed));
  }
  body += ".</p>\n";
  const bool is_open = listed <= 20 || rank_of(inputs.front()) < 2;
  body += fmt::format(
      "<details{}><summary>{} {}</summary>\n<div class=\"wide\"><table>\n<tr><th>input</th><th>state</th>"
      "<th class=\"n\">lines</th><th class=\"n\">rejected</th></tr>\n",
      is_open ? " open" : "", format_count(listed), listed == 1 ? "input" : "inputs");
  for (std::size_t i = 0; i < listed; ++i) body += row_of(*inputs[i]);
  return section("Inputs", body + "</table></div></details>\n");
}

std::string settings_section(const ReportFacts& facts) {
  if (facts.settings.empty()) return "";
  std::string body = "<table>\n";
  for (const Setting& setting : facts.settings) {
    const std::string why =
        setting.why.empty() ? "" : fmt::format("<br><span class=\"faint\">{}</span>", text(setting.why));
    body +=
        fmt::format("<tr><td class=\"k\">{}</td><td>{}{}</td></tr>\n", text(setting.name), text(setting.value), why);
  }
  return section("Settings and versions", body + "</table>\n");
}

std::string events(const std::vector<LogEvent>& log) {
  std::string body;
  for (const LogEvent& event : log) {
    const std::string_view its_class = event.level == LogLevel::kError     ? "state-bad"
                                       : event.level == LogLevel::kWarning ? "state-warn"
                                                                           : "";
    body += fmt::format("<p class=\"{}\"><span class=\"faint\">{}</span> {}</p>\n", its_class,
                        utc_text(event.time).substr(11), text(event.message));
  }
  return body;
}

std::string log_section(const ReportFacts& facts) {
  const std::string between = facts.log.between == 0 ? ""
                                                     : fmt::format("<p class=\"faint\">{} more messages here.</p>\n",
                                                                   format_count(facts.log.between));
  return section("What it said", events(facts.log.first) + between + events(facts.log.last));
}

std::string unknown_section(const ReportFacts& facts) {
  std::string body;
  for (const std::string& sentence : facts.unknown) body += fmt::format("<p>{}</p>\n", text(sentence));
  return section("Not in this report", body);
}

}  // namespace

std::string to_html(const ReportFacts& facts) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<title>{}: {}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n",
      text(facts.table), verdict_of(facts).word, kReportCss);
  html += head(facts) + next(facts) + counts_section(facts) + nights_section(facts) + rejects_section(facts);
  html += section("Where the time went", plots(facts) + phases(facts) + slow_transactions(facts));
  html += inputs_section(facts) + settings_section(facts) + log_section(facts) + unknown_section(facts);
  return html + "<p class=\"faint\">Written by chatload " CHATLOAD_VERSION ".</p>\n</main>\n</body>\n</html>\n";
}

void write_html(const ReportFacts& facts, const std::filesystem::path& path) {
  PlacedFile file("The report cannot be written to", path, Placing::kWhenWhole);
  file.write(to_html(facts));
  file.close();
}

}  // namespace chatload::report
