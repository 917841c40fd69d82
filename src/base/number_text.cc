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
  const std::optional<DigitPlaces> places = digit_places(text);
  if (!places) return {};
  Decimal decimal{.is_negative = text.starts_with('-'), .digits = {}, .scale = places->first};
  const std::string_view mantissa = text.substr(0, text.find_first_of("eE"));
  for (const char c : mantissa.substr(mantissa.find_first_not_of("-0."))) {
    if (c != '.') decimal.digits += c;
  }
  decimal.digits.erase(decimal.digits.find_last_not_of('0') + 1);
  return decimal;
}

}  // namespace

std::optional<DigitPlaces> digit_places(std::string_view number) {
  if (number.starts_with('-')) number.remove_prefix(1);
  const std::size_t exponent_at = std::min(number.find_first_of("eE"), number.size());
  const std::int64_t exponent = exponent_at < number.size() ? exponent_of(number.substr(exponent_at + 1)) : 0;
  const std::string_view mantissa = number.substr(0, exponent_at);
  const std::size_t first = mantissa.find_first_not_of("0.");
  if (first == std::string_view::npos) return std::nullopt;
  const auto point = static_cast<std::int64_t>(std::min(mantissa.find('.'), mantissa.size()));
  const auto place = [&](std::size_t at) {
    const auto offset = static_cast<std::int64_t>(at);
    return (offset < point ? point - offset : point - offset + 1) + exponent;
  };
  return DigitPlaces{.first = place(first), .last = place(mantissa.find_last_not_of("0."))};
}

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
