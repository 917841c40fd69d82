#include "report/reject_survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/quantity.h"
#include "base/shell_word.h"
#include "base/terminal_text.h"
#include "parse/line_members.h"
#include "report/timestamp_look.h"

namespace chatload::report {
namespace {

using parse::RejectReason;

// Of a first line, to see its keys.
constexpr std::size_t kRawBytesMax = std::size_t{64} * 1024;
constexpr std::size_t kKindsShownMax = 3;
constexpr std::size_t kKeysShownMax = 12;
constexpr std::size_t kKeyBytesShownMax = 40;

// "data.message or data.status"
std::string keys_of(const mapping::Column& column) {
  std::string text;
  for (const mapping::Path& path : column.paths) {
    if (!text.empty()) text += " or ";
    text += fmt::format("`{}`", to_string(path).substr(2));
  }
  return text;
}

std::string shown_value(std::string_view value) { return terminal_text(value, kKeyBytesShownMax); }

std::string keys_advice(const std::string& raw, const mapping::Column& column) {
  if (column.paths.empty()) return "";
  std::string keys;
  const std::vector<parse::LineMember> members = parse::line_members(raw, kKeysShownMax);
  for (const parse::LineMember& member : members) {
    keys += fmt::format("{}`{}`", keys.empty() ? "" : ", ", terminal_text(member.key, kKeyBytesShownMax));
  }
  if (keys.empty()) return "";
  return fmt::format(" chatload reads {}; the keys of that line are {}{}.", keys_of(column), keys,
                     members.size() < kKeysShownMax ? "" : ", …");
}

// Something that can be read again.
bool is_file(std::string_view input) {
  return input != "-" && input != "standard input" && !input.starts_with("/dev/");
}

// "log.json.gz" → "log.seconds.json.gz", beside it.
std::string converted_name(std::string_view input) {
  if (!is_file(input)) input = "lines";
  for (const std::string_view suffix : {".gz", ".zst", ".json"}) {
    if (input.ends_with(suffix)) input.remove_suffix(suffix.size());
  }
  return std::string(input) + ".seconds.json.gz";
}

// A time in whole seconds, by a key of the record itself: what the jq below can make of another.
bool is_epoch_key(const mapping::Column& column) {
  return column.times.size() == 1 && to_string(column.times.front()) == "epoch_s" && column.paths.size() == 1 &&
         column.paths.front().steps.size() == 1 &&
         std::holds_alternative<std::string>(column.paths.front().steps.front());
}

std::string time_advice(const std::string& raw, const mapping::Column& column, std::string_view input) {
  if (!column.type.is_time()) return "";
  if (!is_epoch_key(column)) {
    std::vector<std::string> formats;
    for (const mapping::TimeFormat& format : column.times) formats.push_back(to_string(format));
    return fmt::format(" The mapping takes {} there.", fmt::join(formats, " or "));
  }
  const auto& key = std::get<std::string>(column.paths.front().steps.front());
  const auto members = parse::line_members(raw, raw.size());
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.key == key; });
  if (found == members.end()) return "";
  const std::optional<TimestampLook> look = timestamp_look(found->value);
  if (!look) {
    return fmt::format(" `{}` must be whole seconds since 1970, from 1 to 2147483647, and is {}.", key,
                       shown_value(found->value));
  }
  std::string text = fmt::format(" The timestamps look like {} ({}); chatload takes whole seconds since 1970.",
                                 look->name, shown_value(found->value));
  if (!look->filter.empty()) {
    // Lines that the filter does not fit stay as they are, so that none is lost on the way.
    const std::string target = shell_word(converted_name(input));
    text += fmt::format(
        " Convert them with `gzip -dcf -- {} | jq -Rr '. as $line | try (fromjson | .{} |= ({}) | tojson) catch $line'"
        " | gzip > {}`, and load {}.",
        is_file(input) ? shell_word(input) : "FILE", key, look->filter, target, target);
  }
  return text;
}

}  // namespace

void RejectSurvey::add(const RejectRecord& record) {
  auto kind = std::find_if(kinds_.begin(), kinds_.end(),
                           [&](const Kind& one) { return one.reason == record.reason && one.field == record.field; });
  if (kind == kinds_.end()) {
    kinds_.push_back({.reason = record.reason,
                      .field = std::string(record.field),
                      .first_line = record.line,
                      .first_detail = std::string(record.detail),
                      .first_raw = std::string(record.raw.substr(0, kRawBytesMax))});
    kind = kinds_.end() - 1;
  }
  ++kind->lines;
  if (record.reason == RejectReason::kTooLong) long_texts_.add(record.field, record.raw);
}

std::string RejectSurvey::to_text(std::string_view input) const {
  if (kinds_.empty()) return "";
  std::vector<Kind> kinds = kinds_;
  std::stable_sort(kinds.begin(), kinds.end(), [](const Kind& a, const Kind& b) { return a.lines > b.lines; });
  kinds.resize(std::min(kinds.size(), kKindsShownMax));
  std::string text;
  for (const Kind& kind : kinds) {
    text += fmt::format("{}{} {} {}{} (the first is line {}{})", text.empty() ? "" : ", ", format_count(kind.lines),
                        kind.lines == 1 ? "is" : "are", to_string(kind.reason),
                        kind.field.empty() ? "" : fmt::format(" in `{}`", kind.field), kind.first_line.value(),
                        kind.first_detail.empty() ? "" : ": " + terminal_text(kind.first_detail, kRawBytesMax));
  }
  return text + "." + advice(kinds.front(), input);
}

std::string RejectSurvey::advice(const Kind& kind, std::string_view input) const {
  if (kind.reason == RejectReason::kNotAnObject) return " Each line must be one JSON object.";
  if (kind.reason == RejectReason::kInvalidUtf8) {
    return " Each line must be UTF-8: convert the file with iconv, such as `iconv -f latin1 -t utf-8`.";
  }
  const std::optional<std::size_t> index = mapping_.column_of(kind.field);
  if (!index) return "";
  const mapping::Column& column = mapping_.columns[*index];
  switch (kind.reason) {
    case RejectReason::kMissingField:
    case RejectReason::kNullField:
    case RejectReason::kEmptyId: return keys_advice(kind.first_raw, column);
    case RejectReason::kTooLong:
      return fmt::format(" The column `{}` is too short for them: widen it with ALTER TABLE first.", column.name);
    case RejectReason::kWrongType:
    case RejectReason::kBadTimestamp:
    case RejectReason::kTimestampOutOfRange: return time_advice(kind.first_raw, column, input);
    default: return "";
  }
}

}  // namespace chatload::report
