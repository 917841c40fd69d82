#include "cli/mapping_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/quantity.h"
#include "base/utf8.h"
#include "cli/plan.h"
#include "mapping/path_text.h"
#include "mapping/syntax_error.h"
#include "parse/cell_reader.h"

namespace chatload::cli {
namespace {

// --only COLUMN=VALUE, and what is short for it, by column.
std::map<std::string, std::vector<std::string>> values_by_column(const Flags& flags, const mapping::Mapping& mapping) {
  std::map<std::string, std::vector<std::string>> values;
  const auto add = [&](std::string_view flag, std::string_view column, std::string_view value) {
    if (!is_utf8(value)) {
      throw UsageError(fmt::format("{} takes text in UTF-8, as every line that is loaded is.", flag));
    }
    const std::optional<std::size_t> index = mapping.column_of(column);
    if (!index) throw UsageError(fmt::format("{}: the mapping has no column '{}'.", flag, column));
    const mapping::SqlType& type = mapping.columns[*index].type;
    if (!type.is_comparable()) {
      throw UsageError(
          fmt::format("{} compares texts and numbers, and the column '{}' is {}.", flag, column, type_text(type)));
    }
    const std::optional<std::string> compared = compared_value(mapping.columns[*index], value);
    if (!compared) {
      throw UsageError(
          fmt::format("{}: the column '{}' is never '{}'; it is {}.", flag, column, value, possible_values(type)));
    }
    values[std::string(column)].push_back(*compared);
  };
  for (const std::string& type : flags.types) add("--type", kTypeColumn, type);
  for (const std::string& site : flags.sites) add("--site", kSiteColumn, site);
  for (const std::string& only : flags.only) {
    const std::size_t equals = only.find('=');
    if (equals == std::string::npos) {
      throw UsageError(fmt::format("--only takes COLUMN=VALUE, such as type=message, not '{}'.", only));
    }
    add("--only", std::string_view(only).substr(0, equals), std::string_view(only).substr(equals + 1));
  }
  return values;
}

std::optional<RecordForm> records_given(const Flags& flags) {
  if (!flags.records) return std::nullopt;
  try {
    return mapping::parse_records(*flags.records);
  } catch (const mapping::SyntaxError& error) {
    throw UsageError(fmt::format("--records {}: {}.", *flags.records, error.what()));
  }
}

void require_fits(const std::string& file, const mapping::Column& column, std::string_view what,
                  const std::optional<std::string>& text) {
  if (!text || parse::holds_text(column, *text)) return;
  throw UsageError(fmt::format("{}: the column '{}' is {}, which does not hold its {} '{}'.", file, column.name,
                               type_text(column.type), what, *text));
}

}  // namespace

std::shared_ptr<const mapping::Mapping> make_mapping(const Flags& flags, const mapping::DeclaredTypes& types) {
  const std::optional<RecordForm> records = records_given(flags);
  if (!flags.mapping || *flags.mapping == kChatMapping) {
    auto chat = std::make_shared<mapping::Mapping>(mapping::chat_mapping());
    if (records) chat->records = *records;
    return chat;
  }
  auto mapping = std::make_shared<mapping::Mapping>(mapping::read_mapping(*flags.mapping, records, types));
  for (const mapping::Column& column : mapping->columns) {
    require_fits(*flags.mapping, column, "DEFAULT", column.type.default_text);
    if (column.origin != mapping::Origin::kConstant) continue;
    require_fits(*flags.mapping, column, "value", column.constant);
  }
  return mapping;
}

parse::RowFilter make_filter(const Flags& flags, const mapping::Mapping& mapping, parse::RowFilter base) {
  parse::RowFilter filter = std::move(base);
  for (auto& [column, values] : values_by_column(flags, mapping)) filter.set_values(column, std::move(values));
  if ((flags.since || flags.until) && !mapping.time) {
    throw UsageError(fmt::format("{} needs `time` in the mapping, the column that it compares.",
                                 flags.since ? "--since" : "--until"));
  }
  if (flags.since) filter.since_seconds = parse_instant("--since", *flags.since);
  if (flags.until) filter.until_seconds = parse_instant("--until", *flags.until);
  if (flags.since && flags.until && filter.since_seconds >= filter.until_seconds) {
    throw UsageError(fmt::format("--since {} is not earlier than --until {}, so that no line could pass.", *flags.since,
                                 *flags.until));
  }
  return filter;
}

bool has_only(const Flags& flags, std::string_view column) {
  return std::any_of(flags.only.begin(), flags.only.end(), [&](std::string_view only) {
    const std::string_view name = only.substr(0, only.find('='));
    return column.empty() ? name != kTypeColumn && name != kSiteColumn : name == column;
  });
}

}  // namespace chatload::cli
