// Numbers as they are written, of any size.
#pragma once

#include <string_view>

namespace chatload {

// Negative, 0 or positive as a is less than, equal to or greater than b: "1e2" is 100, "-0.0" is 0. REQUIRES: both are
// numbers as JSON has them, leading zeros allowed.
[[nodiscard]] int compare_numbers(std::string_view a, std::string_view b);

}  // namespace chatload
