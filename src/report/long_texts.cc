#include "report/long_texts.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/quantity.h"
#include "parse/cell_reader.h"

namespace chatload::report {

std::string to_text(const LongText& text, const parse::Mapping& mapping) {
  const parse::FieldMapping& field = mapping.fields.at(text.field);
  const bool are_characters = field.limits.characters_max <= field.limits.bytes_max;
  return fmt::format("{} lines are too_long in `{}`, which holds {} {}; the longest has {}", format_count(text.lines),
                     field.column, format_count(std::min(field.limits.characters_max, field.limits.bytes_max)),
                     are_characters ? "characters" : "bytes",
                     format_count(are_characters ? text.characters : text.bytes));
}

void LongTexts::add(std::string_view column, std::string_view line) {
  const auto field = std::find_if(mapping_.fields.begin(), mapping_.fields.end(),
                                  [&](const parse::FieldMapping& one) { return one.column == column; });
  if (field == mapping_.fields.end()) return;
  const auto index = static_cast<std::size_t>(field - mapping_.fields.begin());
  const std::string_view text = reader_.read(line, index).value_or(line);
  LongText& longest = by_field_[index];
  longest.field = index;
  ++longest.lines;
  longest.characters = std::max(longest.characters, parse::count_characters(text));
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
