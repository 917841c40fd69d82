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
constexpr std::array<Column, 13> kLoadColumns = {{{"LOAD", true},
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
                                                  {"SOURCES", true},
                                                  {"SOURCE", false}}};
constexpr std::array<Column, 8> kSourceColumns = {{{"SOURCE", true},
                                                   {"STATE", false},
                                                   {"LINES", true},
                                                   {"VALID", true},
                                                   {"FILTERED", true},
                                                   {"REJECTED", true},
                                                   {"BLANK", true},
                                                   {"NAME", false}}};
template <std::size_t columns>
using Line = std::array<std::string, columns>;

// Rounded down, so that 100% is the whole.
std::string percent(const std::optional<double>& share) {
  return share ? fmt::format("{}%", static_cast<int>(*share * 100)) : "?";
}

Line<kLoadColumns.size()> line_of(const ledger::LoadEntry& load) {
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
          load.sources_failed > 0
              ? fmt::format("{}, {} failed", format_count(load.sources), format_count(load.sources_failed))
              : format_count(load.sources),
          terminal_text(load.source, kSourceBytesMax)};
}

Line<kSourceColumns.size()> line_of(const ledger::SourceRecord& source) {
  const auto figure = [&](std::uint64_t ledger::SourceLines::*member) {
    return source.lines ? format_count(*source.lines.*member) : "?";
  };
  return {fmt::format("{}", source.source.value()),
          source.is_superseded ? "superseded" : std::string(to_string(source.state)),
          figure(&ledger::SourceLines::lines),
          figure(&ledger::SourceLines::valid),
          figure(&ledger::SourceLines::filtered),
          figure(&ledger::SourceLines::rejected),
          figure(&ledger::SourceLines::blank),
          terminal_text(source.name, kSourceBytesMax)};
}

std::string object_of(const ledger::LoadEntry& load) {
  const ledger::LineCounts& counts = load.counts;
  JsonObject object;
  object.add("load", load.load);
  object.add("state", load.state);
  object.add("source", load.source);
  object.add("target_table", load.target_table);
  object.add("attempt", load.attempt);
  object.add("sources", load.sources);
  object.add("sources_failed", load.sources_failed);
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

std::string object_of(const ledger::SourceRecord& source) {
  JsonObject object;
  object.add("source", source.source.value());
  object.add("input", source.name);
  object.add("state", to_string(source.state));
  object.add_json("superseded", source.is_superseded ? "true" : "false");
  object.add("attempt", source.attempt);
  object.add("why", source.why.empty() ? std::nullopt : std::optional(source.why));
  const auto add = [&](std::string_view name, std::optional<std::uint64_t> figure) { object.add(name, figure); };
  const std::optional<ledger::SourceLines>& lines = source.lines;
  add("lines", lines ? std::optional(lines->lines) : std::nullopt);
  add("valid", lines ? std::optional(lines->valid) : std::nullopt);
  add("filtered", lines ? std::optional(lines->filtered) : std::nullopt);
  add("rejected", lines ? std::optional(lines->rejected) : std::nullopt);
  add("blank", lines ? std::optional(lines->blank) : std::nullopt);
  add("inserted", lines ? lines->inserted : std::nullopt);
  add("updated", lines ? lines->updated : std::nullopt);
  add("duplicate", lines ? lines->duplicate : std::nullopt);
  return std::move(object).str();
}

template <typename Entry, std::size_t columns>
std::string table_of(const std::vector<Entry>& entries, const std::array<Column, columns>& titles) {
  std::vector<Line<columns>> lines(1);
  for (std::size_t i = 0; i < columns; ++i) lines[0][i] = titles[i].title;
  for (const Entry& entry : entries) lines.push_back(line_of(entry));

  std::string text;
  std::array<std::size_t, columns> widths{};
  for (const Line<columns>& line : lines) {
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const Line<columns>& line : lines) {
    for (std::size_t i = 0; i + 1 < columns; ++i) {
      text += titles[i].is_number ? fmt::format("{:>{}}  ", line[i], widths[i])
                                  : fmt::format("{:<{}}  ", line[i], widths[i]);
    }
    text += line.back() + '\n';
  }
  return text;
}

template <typename Entry>
std::string array_of(const std::vector<Entry>& entries) {
  std::string text = "[";
  for (const Entry& entry : entries) text += (text.size() == 1 ? "\n" : ",\n") + object_of(entry);
  return text + (entries.empty() ? "]\n" : "\n]\n");
}

}  // namespace

std::string to_table(const std::vector<ledger::LoadEntry>& loads) { return table_of(loads, kLoadColumns); }
std::string to_json(const std::vector<ledger::LoadEntry>& loads) { return array_of(loads); }

std::string to_table(const std::vector<ledger::SourceRecord>& sources) { return table_of(sources, kSourceColumns); }
std::string to_json(const std::vector<ledger::SourceRecord>& sources) { return array_of(sources); }

}  // namespace chatload::report
