#include "base/number_text.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

namespace chatload {
namespace {

// 0.DIGITS times ten to the scale; no digits: zero.
struct Decimal {
  bool is_negative = false;
  std::string digits;  // neither first nor last is 0
  std::int64_t scale = 0;
};

// Far beyond what a text in memory can shift.
constexpr std::int64_t kFarAway = std::int64_t{1} << 60;

std::int64_t exponent_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc{}) return text.starts_with('-') ? -kFarAway : kFarAway;
  return std::clamp(exponent, -kFarAway, kFarAway);
}

Decimal to_decimal(std::string_view text) {
  Decimal decimal;
  decimal.is_negative = text.starts_with('-');
  if (decimal.is_negative) text.remove_prefix(1);
  const std::size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, exponent_at);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::size_t first = mantissa.find_first_not_of("0.");
  if (first == std::string_view::npos) return {};
  for (const char c : mantissa.substr(first)) {
    if (c != '.') decimal.digits += c;
  }
  decimal.digits.erase(decimal.digits.find_last_not_of('0') + 1);
  const auto place = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first) + (first > point ? 1 : 0);
  decimal.scale = place + (exponent_at < text.size() ? exponent_of(text.substr(exponent_at + 1)) : 0);
  return decimal;
}

}  // namespace

int compare_numbers(std::string_view a, std::string_view b) {
  const Decimal left = to_decimal(a);
  const Decimal right = to_decimal(b);
  if (left.digits.empty() && right.digits.empty()) return 0;
  if (left.digits.empty()) return right.is_negative ? 1 : -1;
  if (right.digits.empty() || left.is_negative != right.is_negative) return left.is_negative ? -1 : 1;
  const int sign = left.is_negative ? -1 : 1;
  if (left.scale != right.scale) return left.scale < right.scale ? -sign : sign;
  const int order = left.digits.compare(right.digits);
  return order == 0 ? 0 : order < 0 ? -sign : sign;
}

}  // namespace chatload
