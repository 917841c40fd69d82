// Times as servers read and write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace chatload::mysql {

// Writes YYYY-MM-DD hh:mm:ss in UTC, without quotes, with six digits of a fraction where there is one, and returns the
// end. REQUIRES: a year of four digits, as the types of SQL have.
inline constexpr std::size_t kTimeBytesMax = 26;
[[nodiscard]] char* put_time(char* out, std::int64_t epoch_microseconds);

// How many bytes that writes.
[[nodiscard]] std::size_t time_bytes(std::int64_t epoch_microseconds);

[[nodiscard]] std::string time_text(std::int64_t epoch_microseconds);

}  // namespace chatload::mysql
