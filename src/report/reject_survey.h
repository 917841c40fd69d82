// What the rejected lines of an input have in common, and what to do about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping.h"
#include "parse/outcome.h"
#include "report/long_texts.h"
#include "report/reject_writer.h"

namespace chatload::report {

// Single-threaded; borrows the mapping.
class RejectSurvey {
 public:
  explicit RejectSurvey(const mapping::Mapping& mapping) : mapping_(mapping), long_texts_(mapping) {}

  void add(const RejectRecord& record);

  [[nodiscard]] const LongTexts& long_texts() const { return long_texts_; }

  // Sentences for people: the most frequent reasons with their numbers, and what to do about the first of them. Empty
  // where no line was added. input: as the user wrote it, for a command to type.
  [[nodiscard]] std::string to_text(std::string_view input) const;

 private:
  // Lines of one reason and field.
  struct Kind {
    parse::RejectReason reason;
    std::string field;  // the column; empty where the reason concerns the whole line
    std::uint64_t lines = 0;
    LineNumber first_line;
    std::string first_detail;
    std::string first_raw;  // its first bytes
  };

  [[nodiscard]] std::string advice(const Kind& kind, std::string_view input) const;

  const mapping::Mapping& mapping_;
  LongTexts long_texts_;
  std::vector<Kind> kinds_;  // at most one a reason and field
};

}  // namespace chatload::report
