// Which valid lines are loaded; the others are counted as filtered.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chatload::parse {

// The user's filters; empty or absent means no restriction. A line passes if it passes each of them.
struct RowFilter {
  std::vector<std::string> types = {"message", "status"};  // any of these; empty: every type
  std::vector<std::string> sites;                          // any of these
  std::int64_t since_seconds = INT64_MIN;                  // inclusive, epoch seconds
  std::int64_t until_seconds = INT64_MAX;                  // exclusive, epoch seconds

  [[nodiscard]] bool passes_type(std::string_view type) const;
  [[nodiscard]] bool passes_rest(std::string_view site, std::int64_t time_seconds) const;
};

}  // namespace chatload::parse
