// Which fields had texts that their columns do not hold, how many, and how long they were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping.h"
#include "parse/text_reader.h"

namespace chatload::report {

struct LongText {
  std::size_t field = 0;  // index into Mapping::columns
  std::uint64_t lines = 0;
  // Of the longest one. Of a line that is too long to be read again, the line's length, which is more.
  std::uint64_t characters = 0;
  std::uint64_t bytes = 0;
};

// A sentence without its full stop: "300 lines are too_long in `data`, which holds 255 characters; the longest has
// 412".
[[nodiscard]] std::string to_text(const LongText& text, const mapping::Mapping& mapping);

// Single-threaded; borrows the mapping.
class LongTexts {
 public:
  explicit LongTexts(const mapping::Mapping& mapping) : mapping_(mapping), reader_(mapping) {}

  // A line was rejected as too_long because of the column's field.
  void add(std::string_view column, std::string_view line);

  // Those worth a sentence at the end: fewer than kLinesMin are seen well enough in the warnings about each.
  static constexpr std::uint64_t kLinesMin = 10;
  [[nodiscard]] std::vector<LongText> many() const;

 private:
  const mapping::Mapping& mapping_;
  parse::TextReader reader_;
  std::map<std::size_t, LongText> by_field_;
};

}  // namespace chatload::report
