#include "report/load_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/json_text.h"
#include "base/quantity.h"
#include "base/terminal_text.h"

namespace chatload::report {
namespace {

constexpr std::size_t kSourceBytesMax = 200;

struct Column {
  std::string_view title;
  bool is_number;
};
// The source stands last, since it may be long, and its characters wide.
constexpr std::array<Column, 12> kColumns = {{{"LOAD", true},
                                              {"STATE", false},
                                              {"STARTED", false},
                                              {"DONE", true},
                                              {"LINES", true},
                                              {"INSERTED", true},
                                              {"UPDATED", true},
                                              {"DUPLICATE", true},
                                              {"FILTERED", true},
                                              {"REJECTED", true},
                                              {"BLANK", true},
                                              {"SOURCE", false}}};
using Line = std::array<std::string, kColumns.size()>;

// Rounded down, so that 100% is the whole.
std::string percent(const std::optional<double>& share) {
  return share ? fmt::format("{}%", static_cast<int>(*share * 100)) : "?";
}

Line line_of(const ledger::LoadEntry& load) {
  const ledger::LineCounts& counts = load.counts;
  return {fmt::format("{}", load.load),
          load.superseded_by ? "superseded" : load.state,
          load.started_at.substr(0, load.started_at.find('.')) + 'Z',
          percent(load.done_share),
          format_count(counts.lines),
          format_count(counts.inserted),
          format_count(counts.updated),
          format_count(counts.duplicate),
          format_count(counts.filtered),
          format_count(counts.rejected),
          format_count(counts.blank),
          terminal_text(load.source, kSourceBytesMax)};
}

std::string object_of(const ledger::LoadEntry& load) {
  const ledger::LineCounts& counts = load.counts;
  JsonObject object;
  object.add("load", load.load);
  object.add("state", load.state);
  object.add("source", load.source);
  object.add("target_table", load.target_table);
  object.add("attempt", load.attempt);
  object.add("started_at", load.started_at);
  object.add("finished_at", load.finished_at);
  object.add_json("done_share", load.done_share ? fmt::format("{:.4f}", *load.done_share) : "null");
  object.add("lines", counts.lines);
  object.add("inserted", counts.inserted);
  object.add("updated", counts.updated);
  object.add("duplicate", counts.duplicate);
  object.add("filtered", counts.filtered);
  object.add("rejected", counts.rejected);
  object.add("blank", counts.blank);
  object.add("exit_code", load.exit_code);
  object.add("superseded_by", load.superseded_by);
  object.add("runner", load.runner);
  return std::move(object).str();
}

}  // namespace

std::string to_table(const std::vector<ledger::LoadEntry>& loads) {
  std::vector<Line> lines(1);
  for (std::size_t i = 0; i < kColumns.size(); ++i) lines[0][i] = kColumns[i].title;
  std::transform(loads.begin(), loads.end(), std::back_inserter(lines), line_of);

  std::string text;
  std::array<std::size_t, kColumns.size()> widths{};
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const Line& line : lines) {
    for (std::size_t i = 0; i + 1 < line.size(); ++i) {
      text += kColumns[i].is_number ? fmt::format("{:>{}}  ", line[i], widths[i])
                                    : fmt::format("{:<{}}  ", line[i], widths[i]);
    }
    text += line.back() + '\n';
  }
  return text;
}

std::string to_json(const std::vector<ledger::LoadEntry>& loads) {
  std::string text = "[";
  for (const ledger::LoadEntry& load : loads) text += (text.size() == 1 ? "\n" : ",\n") + object_of(load);
  return text + (loads.empty() ? "]\n" : "\n]\n");
}

}  // namespace chatload::report
