// The settings are compared as text: each has one canonical form, so that a plan read back from its record compares
// equal to the plan that was recorded, and two ways of asking for the same (4M, 4096K) are no difference.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/quantity.h"
#include "base/toml_text.h"
#include "cli/config_file.h"
#include "cli/flags.h"
#include "cli/plan.h"

namespace chatload::cli {
namespace {

struct Setting {
  std::string_view key;  // the flag without its dashes
  std::string toml;      // empty: it restricts nothing, and is not recorded
  std::string for_people;
};

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

// Of the columns that neither --type nor --site compares.
std::vector<std::string> other_conditions(const parse::RowFilter& filter) {
  std::vector<std::string> texts;
  for (const mapping::Condition& condition : filter.only) {
    if (condition.column == kTypeColumn || condition.column == kSiteColumn) continue;
    for (const std::string& value : condition.values) texts.push_back(condition.column + '=' + value);
  }
  return texts;
}

std::vector<std::string> to_vector(std::span<const std::string> texts) { return {texts.begin(), texts.end()}; }

// Its outline. The built-in mapping is not recorded, as there was no other once.
Setting mapping_setting(const mapping::Mapping& mapping) {
  const std::vector<std::string> outline = outline_of(mapping);
  if (outline == outline_of(mapping::chat_mapping())) return {"mapping", "", "chat"};
  std::string toml;
  for (const std::string& line : outline) toml += (toml.empty() ? "[" : ",\n  ") + toml_string(line);
  return {"mapping", toml + ']', mapping.table};
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

// One that was not decided yet, and so restricts nothing, is empty.
template <typename Choice>
Setting choice_setting(std::string_view key, Choice choice) {
  Setting setting = text_setting(key, to_string(choice));
  if (choice == Choice::kAuto) setting.toml.clear();
  return setting;
}

// Of split::SplitLimits; no flag says it.
constexpr std::string_view kBytesARecord = "bytes-a-record";

// What decides the outcome, then (from kOutcomeSettings on) what does not.
constexpr std::size_t kOutcomeSettings = 9;
using Settings = std::array<Setting, kOutcomeSettings + 3>;

struct SharedPlan {
  OnDuplicate on_duplicate;
  RowOrder order;
  IndexMode indexes;
  ReadPlan read;
};

Settings settings_of(const SharedPlan& plan) {
  const std::size_t bytes_a_record = plan.read.split.bytes_a_record;
  return {text_setting("on-duplicate", to_string(plan.on_duplicate)),
          list_setting("type", to_vector(plan.read.filter.values_of(kTypeColumn))),
          list_setting("site", to_vector(plan.read.filter.values_of(kSiteColumn))),
          list_setting("only", other_conditions(plan.read.filter)),
          mapping_setting(*plan.read.mapping),
          instant_setting("since", plan.read.filter.since_seconds, INT64_MIN),
          instant_setting("until", plan.read.filter.until_seconds, INT64_MAX),
          size_setting("range-size", plan.read.split.range_bytes),
          size_setting("max-line", plan.read.split.line_bytes_max),
          choice_setting("order", plan.order),
          choice_setting("indexes", plan.indexes),
          {kBytesARecord, bytes_a_record == 0 ? "" : fmt::format("{}", bytes_a_record), ""}};
}

Settings settings_of(const LoadPlan& plan) {
  return settings_of({plan.write.on_duplicate, plan.write.order, plan.write.indexes, plan.read});
}

struct RecordedFlags : Flags {
  FlagText bytes_a_record;
  std::vector<std::string> outline = outline_of(mapping::chat_mapping());  // of the mapping
};

RecordedFlags recorded_flags(std::string_view recorded, std::uint64_t load_id, std::string_view anew_flag) {
  RecordedFlags flags;
  for (ConfigEntry& entry : parse_config(recorded, fmt::format("the plan of load {}", load_id))) {
    const auto is = [&](std::string_view key) { return entry.section.empty() && entry.key == key; };
    FlagText* const text = is("on-duplicate")  ? &flags.on_duplicate
                           : is("since")       ? &flags.since
                           : is("until")       ? &flags.until
                           : is("range-size")  ? &flags.range_size
                           : is("max-line")    ? &flags.max_line
                           : is("order")       ? &flags.order
                           : is("indexes")     ? &flags.indexes
                           : is(kBytesARecord) ? &flags.bytes_a_record
                                               : nullptr;
    std::vector<std::string>* const list = is("type")      ? &flags.types
                                           : is("site")    ? &flags.sites
                                           : is("only")    ? &flags.only
                                           : is("mapping") ? &flags.outline
                                                           : nullptr;
    if (list != nullptr) {
      *list = std::move(entry.values);
    } else if (text != nullptr && entry.values.size() == 1) {
      *text = std::move(entry.values.front());
    } else {
      throw LoadError(
          fmt::format("Load {} was recorded by a newer chatload, which knows a setting '{}' that this one does not; "
                      "use that one, or start over with {}.",
                      load_id, entry.key, anew_flag));
    }
  }
  for (const auto& [is_there, key] :
       {std::pair{flags.on_duplicate.has_value(), "on-duplicate"},
        std::pair{flags.range_size.has_value(), "range-size"}, std::pair{flags.max_line.has_value(), "max-line"}}) {
    if (!is_there) throw UsageError(fmt::format("it lacks {}", key));
  }
  // What a load did from before there was the setting.
  if (!flags.order) flags.order = to_string(RowOrder::kFile);
  if (!flags.indexes) flags.indexes = to_string(IndexMode::kKeep);
  return flags;
}

// That of the built-in mapping where the record cannot be read.
std::vector<std::string> recorded_outline(std::string_view recorded) {
  try {
    return recorded_flags(recorded, 0, "").outline;
  } catch (const Error&) {
    return outline_of(mapping::chat_mapping());
  }
}

// What the outline says of records.
std::string records_in(const std::vector<std::string>& outline) {
  for (const std::string_view line : outline) {
    if (line.starts_with(mapping::kRecordsOutline)) return std::string(line.substr(mapping::kRecordsOutline.size()));
  }
  return "lines";
}

// The lookup of its line, and the digest of its data.
std::pair<std::string_view, std::string_view> lookup_and_digest(std::string_view line) {
  const std::size_t end = std::min(line.size(), line.find(mapping::kDigestOutline));
  const std::string_view rest = line.substr(end);
  return {line.substr(0, end), rest.substr(std::min(rest.size(), mapping::kDigestOutline.size()))};
}

// `outline` without the digests of what is looked up.
std::vector<std::string> without_data(std::vector<std::string> outline) {
  for (std::string& line : outline) {
    if (line.starts_with(mapping::kLookupOutline)) line.resize(lookup_and_digest(line).first.size());
  }
  return outline;
}

// for_resume: also what it looks up.
void require_same_mapping(const mapping::Mapping& mapping, std::vector<std::string> recorded, std::uint64_t load_id,
                          std::string_view anew_flag, bool for_resume) {
  std::vector<std::string> wanted = outline_of(mapping);
  if (!for_resume) {
    wanted = without_data(std::move(wanted));
    recorded = without_data(std::move(recorded));
  }
  const auto [now, then] = std::mismatch(wanted.begin(), wanted.end(), recorded.begin(), recorded.end());
  if (now == wanted.end() && then == recorded.end()) return;
  if (records_in(wanted) != records_in(recorded)) {
    throw LoadError(fmt::format(
        "--records is now {}, but load {} of this source began with {}; give that one, or start over with {}.",
        records_in(wanted), load_id, records_in(recorded), anew_flag));
  }
  if (now != wanted.end() && then != recorded.end() && now->starts_with(mapping::kLookupOutline)) {
    const std::string_view lookup = lookup_and_digest(*now).first;
    if (lookup == lookup_and_digest(*then).first) {
      throw LoadError(
          fmt::format("The data of the {} is not what it was when load {} of this source began, and the ledger does "
                      "not have that; restore it, or start over with {}.",
                      lookup.substr(0, lookup.find(" key ")), load_id, anew_flag));
    }
  }
  throw LoadError(
      fmt::format("--mapping says now: {}; but load {} of this source began with: {}; use that mapping, or start over "
                  "with {}.",
                  now == wanted.end() ? "nothing more" : *now, load_id, then == recorded.end() ? "nothing more" : *then,
                  anew_flag));
}

// A record is the ledger's, not the user's: what is wrong with it is no wrong usage.
SharedPlan plan_of_record(const LoadPlan& plan, std::string_view text, std::uint64_t load_id,
                          std::string_view anew_flag, bool for_resume) {
  try {
    const RecordedFlags flags = recorded_flags(text, load_id, anew_flag);
    require_same_mapping(*plan.read.mapping, flags.outline, load_id, anew_flag, for_resume);
    SharedPlan recorded{make_duplicate_mode(flags), make_row_order(flags), make_index_mode(flags),
                        make_read_plan(flags, plan.read.mapping, parse::bounds_of(*plan.read.mapping))};
    // Its ranges end where they ended, whatever the mapping comes to today.
    recorded.read.split.bytes_a_record =
        flags.bytes_a_record ? static_cast<std::size_t>(parse_count(kBytesARecord, *flags.bytes_a_record, 1, kMiB)) : 0;
    return recorded;
  } catch (const UsageError& error) {
    throw LoadError(fmt::format(
        "The ledger is damaged: `plan` of load {} in chatload_loads cannot be read ({}). Restore that table "
        "from a backup, or start over with {}.",
        load_id, error.what(), anew_flag));
  }
}

// What a load does where it cannot do what was asked for: the same command goes on with that.
bool is_fallback(const Setting& kept) {
  return (kept.key == "order" && kept.for_people == to_string(RowOrder::kFile)) ||
         (kept.key == "indexes" && kept.for_people == to_string(IndexMode::kKeep));
}

// What the mapping says of it counts as a flag does, where there is none.
void require_same_duplicate_mode(const LoadPlan& plan, OnDuplicate recorded, std::uint64_t load_id,
                                 std::string_view anew_flag) {
  const bool is_given = std::find(plan.given.begin(), plan.given.end(), "on-duplicate") != plan.given.end();
  const std::optional<OnDuplicate> mode = plan.read.mapping->on_duplicate;
  if (is_given || !mode || *mode == recorded) return;
  throw UsageError(fmt::format(
      "The mapping says on_duplicate = \"{}\" now, but load {} of this source began with {}; change it back, "
      "or start over with {}.",
      to_string(*mode), load_id, to_string(recorded), anew_flag));
}

// Compares the first `count` settings.
SharedPlan recorded_settings(const LoadPlan& plan, std::string_view text, std::uint64_t load_id,
                             std::string_view anew_flag, std::size_t count) {
  const bool for_resume = count == Settings().size();
  SharedPlan recorded = plan_of_record(plan, text, load_id, anew_flag, for_resume);
  if (for_resume) require_same_duplicate_mode(plan, recorded.on_duplicate, load_id, anew_flag);
  const Settings wanted = settings_of(plan);
  const Settings kept = settings_of(recorded);
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_given = std::find(plan.given.begin(), plan.given.end(), wanted[i].key) != plan.given.end();
    if (!is_given || wanted[i].toml == kept[i].toml || is_fallback(kept[i])) continue;
    throw UsageError(fmt::format(
        "--{0} is now {1}, but load {2} of this source began with {3}; leave --{0} out to keep to that, or start "
        "over with {4}.",
        wanted[i].key, wanted[i].for_people, load_id, kept[i].for_people, anew_flag));
  }
  return recorded;
}

}  // namespace

std::string recorded_plan(const LoadPlan& plan) {
  std::string text;
  for (const Setting& setting : settings_of(plan)) {
    if (!setting.toml.empty()) text += fmt::format("{} = {}\n", setting.key, setting.toml);
  }
  return text;
}

LoadPlan resumed_plan(const LoadPlan& plan, std::string_view recorded, std::uint64_t load_id,
                      std::string_view anew_flag) {
  const SharedPlan settings = recorded_settings(plan, recorded, load_id, anew_flag, Settings().size());
  LoadPlan resumed = plan;
  resumed.write.on_duplicate = settings.on_duplicate;
  resumed.write.order = settings.order;
  resumed.write.indexes = settings.indexes;
  resumed.read.filter = settings.read.filter;
  resumed.read.split = settings.read.split;
  return resumed;
}

std::vector<std::string> recorded_reference_digests(std::string_view recorded, const mapping::Mapping& mapping) {
  const std::vector<std::string> then = recorded_outline(recorded);
  if (without_data(then) != without_data(outline_of(mapping))) return {};
  std::vector<std::string> digests;
  for (const std::string_view line : then) {
    if (!line.starts_with(mapping::kLookupOutline)) continue;
    digests.emplace_back(lookup_and_digest(line).second);
  }
  return digests;
}

std::string recorded_records(std::string_view recorded) { return records_in(recorded_outline(recorded)); }

bool has_recorded_key(std::string_view recorded) {
  const std::vector<std::string> outline = recorded_outline(recorded);
  return std::find(outline.begin(), outline.end(), mapping::kNoKeyOutline) == outline.end();
}

void require_same_outcome(const LoadPlan& plan, std::string_view recorded, std::uint64_t load_id,
                          std::string_view anew_flag) {
  static_cast<void>(recorded_settings(plan, recorded, load_id, anew_flag, kOutcomeSettings));
}

}  // namespace chatload::cli
