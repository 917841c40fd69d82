#include "base/number_text.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string_view>
#include <vector>

namespace chatload {
namespace {

TEST(NumberText, IsOrderedByValueWhateverItsForm) {
  const std::vector<std::vector<std::string_view>> ascending = {
      {"-1e400", "-10e399"},
      {"-18446744073709551616"},
      {"-1.5", "-15e-1", "-0001.500"},
      {"-1"},
      {"-1e-400"},
      {"0", "-0", "0.0", "0e5", "-0.000e-7"},
      {"1e-400", "0.1e-399"},
      {"0.05", "5e-2", "00.050"},
      {"0.5"},
      {"9.99"},
      {"10", "1e1", "1E+1", "0.1e2", "10.0"},
      {"10.000000000000000000000000000000000000001"},
      {"99"},
      {"100"},
      {"9223372036854775807"},
      {"9223372036854775808"},
      {"1e999999999999999999999999"},
  };
  for (std::size_t a = 0; a < ascending.size(); ++a) {
    for (std::size_t b = 0; b < ascending.size(); ++b) {
      for (const std::string_view left : ascending[a]) {
        for (const std::string_view right : ascending[b]) {
          const int order = compare_numbers(left, right);
          EXPECT_EQ(order < 0, a < b) << left << ' ' << right;
          EXPECT_EQ(order > 0, a > b) << left << ' ' << right;
        }
      }
    }
  }
}

}  // namespace
}  // namespace chatload
