#include "report/load_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

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

Line line_of(const write::LoadEntry& load) {
  const write::LineCounts& counts = load.counts;
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

std::string number_or_null(const std::optional<std::uint64_t>& number) {
  return number ? fmt::format("{}", *number) : "null";
}

std::string object_of(const write::LoadEntry& load) {
  const write::LineCounts& counts = load.counts;
  return fmt::format(
      R"({{"load":{},"state":{},"source":{},"target_table":{},"attempt":{},"started_at":{},"finished_at":{},)"
      R"("done_share":{},"lines":{},"inserted":{},"updated":{},"duplicate":{},"filtered":{},"rejected":{},"blank":{},)"
      R"("exit_code":{},"superseded_by":{},"runner":{}}})",
      load.load, json_string(load.state), json_string(load.source), json_string(load.target_table), load.attempt,
      json_string(load.started_at), load.finished_at ? json_string(*load.finished_at) : "null",
      load.done_share ? fmt::format("{:.4f}", *load.done_share) : "null", counts.lines, counts.inserted, counts.updated,
      counts.duplicate, counts.filtered, counts.rejected, counts.blank, number_or_null(load.exit_code),
      number_or_null(load.superseded_by), json_string(load.runner));
}

}  // namespace

std::string to_table(const std::vector<write::LoadEntry>& loads) {
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

std::string to_json(const std::vector<write::LoadEntry>& loads) {
  std::string text = "[";
  for (const write::LoadEntry& load : loads) text += (text.size() == 1 ? "\n" : ",\n") + object_of(load);
  return text + (loads.empty() ? "]\n" : "\n]\n");
}

}  // namespace chatload::report
