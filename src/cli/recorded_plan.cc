// The settings are compared as text: each has one canonical form, so that a plan read back from its record compares
// equal to the plan that was recorded, and two ways of asking for the same (4M, 4096K) are no difference.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/quantity.h"
#include "cli/config_file.h"
#include "cli/flags.h"
#include "cli/plan.h"

namespace chatload::cli {
namespace {

constexpr std::string_view kAuto = "\"auto\"";

struct Setting {
  std::string_view key;  // the flag without its dashes
  std::string toml;      // empty: it restricts nothing, and is not recorded
  std::string for_people;
};

// A TOML 1.0 basic string.
std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '"' || byte == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += fmt::format("\\u{:04X}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

Setting text_setting(std::string_view key, std::string_view text) {
  return {key, toml_string(text), std::string(text)};
}

// No texts restrict nothing.
Setting list_setting(std::string_view key, std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  if (texts.empty()) return {key, "", "no restriction"};
  std::string toml;
  for (const std::string& text : texts) toml += (toml.empty() ? "[" : ", ") + toml_string(text);
  return {key, toml + ']', fmt::format("{}", fmt::join(texts, ", "))};
}

Setting size_setting(std::string_view key, std::uint64_t bytes) {
  return {key, fmt::format("{}", bytes), format_size(bytes)};
}

Setting instant_setting(std::string_view key, std::int64_t seconds, std::int64_t no_restriction) {
  constexpr std::int64_t kYear10000Seconds = 253'402'300'800;
  if (seconds == no_restriction) return {key, "", "no restriction"};
  std::string text = fmt::format("{}", seconds);
  if (seconds < 0 || seconds >= kYear10000Seconds) return {key, text, text};
  return {key, text, fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)))};
}

// The order that a load was in before there was another is not recorded.
Setting order_setting(write::RowOrder order) {
  const std::string_view name = to_string(order);
  return {"order", order == write::RowOrder::kFile ? "" : toml_string(name), std::string(name)};
}

std::array<Setting, 8> decisive_settings(write::OnDuplicate on_duplicate, write::RowOrder order, const ReadPlan& read) {
  return {text_setting("on-duplicate", to_string(on_duplicate)),
          order_setting(order),
          list_setting("type", read.filter.types),
          list_setting("site", read.filter.sites),
          instant_setting("since", read.filter.since_seconds, INT64_MIN),
          instant_setting("until", read.filter.until_seconds, INT64_MAX),
          size_setting("range-size", read.split.range_bytes),
          size_setting("max-line", read.split.line_bytes_max)};
}

Flags recorded_flags(std::string_view recorded, std::uint64_t load_id, std::string_view anew_flag) {
  Flags flags;
  for (ConfigEntry& entry : parse_config(recorded, fmt::format("the plan of load {}", load_id))) {
    const auto is = [&](std::string_view key) { return entry.section.empty() && entry.key == key; };
    FlagText* const text = is("on-duplicate") ? &flags.on_duplicate
                           : is("order")      ? &flags.order
                           : is("since")      ? &flags.since
                           : is("until")      ? &flags.until
                           : is("range-size") ? &flags.range_size
                           : is("max-line")   ? &flags.max_line
                                              : nullptr;
    std::vector<std::string>* const list = is("type") ? &flags.types : is("site") ? &flags.sites : nullptr;
    if (list != nullptr) {
      *list = std::move(entry.values);
    } else if (text != nullptr && entry.values.size() == 1) {
      *text = std::move(entry.values.front());
    } else {
      throw UsageError(
          fmt::format("Load {} was recorded by a newer chatload, which knows a setting '{}' that this one does not; "
                      "use that one, or start anew with {}.",
                      load_id, entry.key, anew_flag));
    }
  }
  return flags;
}

}  // namespace

std::string recorded_plan(const LoadPlan& plan) {
  std::string text;
  for (const Setting& setting : decisive_settings(plan.write.on_duplicate, plan.write.order, plan.read)) {
    if (!setting.toml.empty()) text += fmt::format("{} = {}\n", setting.key, setting.toml);
  }
  return text;
}

LoadPlan resumed_plan(const LoadPlan& plan, std::string_view recorded, std::uint64_t load_id,
                      std::string_view anew_flag) {
  const Flags flags = recorded_flags(recorded, load_id, anew_flag);
  const ReadPlan recorded_read = make_read_plan(flags);
  const write::OnDuplicate recorded_mode = make_duplicate_mode(flags);
  const write::RowOrder recorded_order = flags.order ? make_row_order(flags) : write::RowOrder::kFile;
  const auto wanted = decisive_settings(plan.write.on_duplicate, plan.write.order, plan.read);
  const auto kept = decisive_settings(recorded_mode, recorded_order, recorded_read);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool is_given = std::find(plan.given.begin(), plan.given.end(), wanted[i].key) != plan.given.end();
    if (!is_given || wanted[i].toml == kept[i].toml || wanted[i].toml == kAuto) continue;
    throw UsageError(fmt::format(
        "--{0} is now {1}, but load {2} of this source began with {3}; leave --{0} out to keep to that, or start "
        "anew with {4}.",
        wanted[i].key, wanted[i].for_people, load_id, kept[i].for_people, anew_flag));
  }
  LoadPlan resumed = plan;
  resumed.write.on_duplicate = recorded_mode;
  resumed.write.order = recorded_order;
  resumed.read.filter = recorded_read.filter;
  resumed.read.split = recorded_read.split;
  return resumed;
}

}  // namespace chatload::cli
