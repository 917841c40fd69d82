#include "report/long_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/quantity.h"
#include "base/utf8.h"

namespace chatload::report {

std::string to_text(const LongText& text, const mapping::Mapping& mapping) {
  const mapping::Column& column = mapping.columns.at(text.field);
  const bool are_characters = column.type.characters_max <= column.type.bytes_max;
  return fmt::format("{} lines are too_long in `{}`, which holds {} {}; the longest has {}", format_count(text.lines),
                     column.name, format_count(std::min(column.type.characters_max, column.type.bytes_max)),
                     are_characters ? "characters" : "bytes",
                     format_count(are_characters ? text.characters : text.bytes));
}

void LongTexts::add(std::string_view column, std::string_view line) {
  const std::optional<std::size_t> field = mapping_.column_of(column);
  if (!field) return;
  const std::string_view text = reader_.read(line, *field).value_or(line);
  LongText& longest = by_field_[*field];
  longest.field = *field;
  ++longest.lines;
  longest.characters = std::max<std::uint64_t>(longest.characters, count_characters(text));
  longest.bytes = std::max<std::uint64_t>(longest.bytes, text.size());
}

std::vector<LongText> LongTexts::many() const {
  std::vector<LongText> many;
  for (const auto& [field, longest] : by_field_) {
    if (longest.lines >= kLinesMin) many.push_back(longest);
  }
  return many;
}

}  // namespace chatload::report
