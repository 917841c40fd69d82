// Units are told apart by size: as seconds, milliseconds of 1973 and later lie in the year 5138 and after, so no log
// has both.
#include "report/timestamp_look.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace chatload::report {
namespace {

bool are_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char byte) { return std::isdigit(byte) != 0; });
}

// "2016-11-22T12:00:00" or with a space in the middle.
bool begins_with_date_and_time(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-dd dd:dd:dd";
  if (text.size() < kShape.size()) return false;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool is_digit = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
    if (kShape[i] == 'd' && !is_digit) return false;
    if (kShape[i] == ' ' && text[i] != 'T' && text[i] != ' ') return false;
    if ((kShape[i] == '-' || kShape[i] == ':') && text[i] != kShape[i]) return false;
  }
  return true;
}

// What is in seconds already stays.
std::string seconds_of(const std::string& unit) {
  return "if tonumber > 99999999999 then tonumber / " + unit + " | floor else . end";
}

// Digits of whole units, of which seconds have ten.
std::optional<TimestampLook> look_of_digits(std::size_t digits) {
  if (digits >= 12 && digits <= 14) return TimestampLook{"milliseconds", seconds_of("1000")};
  if (digits >= 15 && digits <= 17) return TimestampLook{"microseconds", seconds_of("1000000")};
  if (digits >= 18 && digits <= 20) return TimestampLook{"nanoseconds", seconds_of("1000000000")};
  return std::nullopt;
}

}  // namespace

std::optional<TimestampLook> timestamp_look(std::string_view json) {
  std::string_view text = json;
  if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
  if (begins_with_date_and_time(text)) {
    if (text.ends_with('Z') && text[10] == 'T') {
      return TimestampLook{"dates in RFC 3339", R"(sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601)"};
    }
    return TimestampLook{"dates and times", ""};
  }
  const std::size_t point = text.find('.');
  if (!are_digits(text.substr(0, point))) return std::nullopt;
  if (point == std::string_view::npos) return look_of_digits(text.size());
  if (!are_digits(text.substr(point + 1)) || point > 11) return std::nullopt;
  return TimestampLook{"seconds with a fraction", "tonumber | floor"};
}

}  // namespace chatload::report
