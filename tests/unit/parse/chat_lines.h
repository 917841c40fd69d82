// Lines that vary in one member, what they become, and cells by their column's name: for the tests of the parser.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "unit/parse/parse_text.h"

namespace chatload::parse {

enum Column : std::size_t { kId, kFrom, kType, kSiteId, kData, kTimestamp };

inline std::string repeat(std::string_view text, std::size_t times) {
  std::string repeated;
  for (std::size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

inline std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

inline std::string with_message(std::string_view json_text) {
  return LineParts{.data = "\"data\":{\"message\":" + std::string(json_text) + "}"}.text();
}

inline std::string with_time(std::string_view value) {
  return LineParts{.timestamp = "\"timestamp\":" + std::string(value)}.text();
}

inline std::string with_site(std::string_view value) {
  return LineParts{.site_id = "\"site_id\":" + std::string(value)}.text();
}

inline std::string cell(const ParsedRange& parsed, Column column, std::size_t row = 0) {
  return row < parsed.rows.rows() ? std::string(parsed.rows.row(row)[column].as_text()) : "no such row";
}

inline std::int64_t seconds(const ParsedRange& parsed) {
  return parsed.rows.rows() == 0 ? -1 : parsed.rows.row(0)[kTimestamp].as_microseconds() / 1'000'000;
}

struct LineCase {
  std::string line;
  std::string outcome;
};

inline void expect_outcomes(const std::vector<LineCase>& cases) {
  for (const LineCase& c : cases) EXPECT_EQ(outcome_of(c.line), c.outcome) << c.line.substr(0, 200);
}

}  // namespace chatload::parse
