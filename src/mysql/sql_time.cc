#include "mysql/sql_time.h"

#include <array>
#include <chrono>
#include <cstring>

namespace chatload::mysql {
namespace {

// "00", "01", … "99"
constexpr auto kTwoDigits = [] {
  std::array<char, 200> digits{};
  for (std::size_t value = 0; value < 100; ++value) {
    digits[2 * value] = static_cast<char>('0' + value / 10);
    digits[2 * value + 1] = static_cast<char>('0' + value % 10);
  }
  return digits;
}();

constexpr std::uint64_t kMicrosecondsPerSecond = 1'000'000;
constexpr std::size_t kSecondsBytes = 19;  // of a time without a fraction

void put_two_digits(char* at, unsigned value) { std::memcpy(at, &kTwoDigits[std::size_t{2} * value], 2); }

}  // namespace

char* put_time(char* out, std::int64_t epoch_microseconds) {
  const std::chrono::sys_time<std::chrono::microseconds> instant{std::chrono::microseconds(epoch_microseconds)};
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const auto microsecond = static_cast<std::uint64_t>((instant - day).count());
  const auto second = static_cast<unsigned>(microsecond / kMicrosecondsPerSecond);
  const auto fraction = static_cast<unsigned>(microsecond % kMicrosecondsPerSecond);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  std::memcpy(out, "YYYY-MM-DD hh:mm:ss.", kSecondsBytes + 1);
  put_two_digits(out, year / 100);
  put_two_digits(out + 2, year % 100);
  put_two_digits(out + 5, static_cast<unsigned>(date.month()));
  put_two_digits(out + 8, static_cast<unsigned>(date.day()));
  put_two_digits(out + 11, second / 3600);
  put_two_digits(out + 14, second / 60 % 60);
  put_two_digits(out + 17, second % 60);
  if (fraction == 0) return out + kSecondsBytes;
  put_two_digits(out + 20, fraction / 10'000);
  put_two_digits(out + 22, fraction / 100 % 100);
  put_two_digits(out + 24, fraction % 100);
  return out + kTimeBytesMax;
}

std::size_t time_bytes(std::int64_t epoch_microseconds) {
  const bool is_whole = epoch_microseconds % static_cast<std::int64_t>(kMicrosecondsPerSecond) == 0;
  return is_whole ? kSecondsBytes : kTimeBytesMax;
}

std::string time_text(std::int64_t epoch_microseconds) {
  std::string text(kTimeBytesMax, '\0');
  text.resize(static_cast<std::size_t>(put_time(text.data(), epoch_microseconds) - text.data()));
  return text;
}

}  // namespace chatload::mysql
