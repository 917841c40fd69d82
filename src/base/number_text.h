// Numbers as they are written, of any size.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chatload {

// Negative, 0 or positive as a is less than, equal to or greater than b: "1e2" is 100, "-0.0" is 0. REQUIRES: both are
// numbers as JSON has them, leading zeros allowed.
[[nodiscard]] int compare_numbers(std::string_view a, std::string_view b);

// Where a number's first and last digit stand that are not 0: 1 is the place just in front of the point, 0 the first
// behind it. 012.50 has 2 and 0, 1e3 has 4 and 4.
struct DigitPlaces {
  std::int64_t first;
  std::int64_t last;
};

// Nothing: the number is zero. REQUIRES: as compare_numbers().
[[nodiscard]] std::optional<DigitPlaces> digit_places(std::string_view number);

}  // namespace chatload
