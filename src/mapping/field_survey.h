// What values were seen in some records, field by field: what a mapping is guessed from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace chatload::mapping {

// A time format's bit is its place in guessed_times().
using TimeMask = std::uint8_t;

// The values of one field. Counts are of records; one that lacks the field counts nowhere.
struct FieldValues {
  std::uint64_t nulls = 0;
  std::uint64_t strings = 0;
  std::uint64_t integers = 0;
  std::uint64_t numbers = 0;  // with a fraction or an exponent
  std::uint64_t booleans = 0;
  std::uint64_t containers = 0;  // arrays, and objects whose members are no fields of their own

  // Of strings.
  std::size_t characters_max = 0;
  std::size_t bytes_max = 0;
  bool has_empty = false;
  TimeMask times = 0xff;           // formats that every string has
  unsigned second_digits_max = 0;  // of the fraction of seconds, where they are RFC 3339
  // Of integers and other numbers.
  std::int64_t least = INT64_MAX;
  std::int64_t most = INT64_MIN;
  bool is_beyond_64_bits = false;    // some integer is; the two above leave it out
  unsigned whole_digits_max = 0;     // in front of the point
  unsigned fraction_digits_max = 0;  // behind it
  bool has_exponent = false;
  bool is_beyond_double = false;   // some number is not what its double is in its shortest form
  bool has_huge_inside = false;    // some container has an integer beyond 64 bits
  std::size_t text_bytes_max = 0;  // of numbers, as they are written

  bool is_unique = true;  // no two of its strings and integers are equal
  std::string example;    // the first value that is not null, as it is written, cut

  [[nodiscard]] std::uint64_t seen() const { return nulls + strings + integers + numbers + booleans + containers; }
};

struct Field {
  std::vector<std::string> keys;  // from the record's root
  FieldValues values;
};

struct FieldSurvey {
  std::uint64_t records = 0;
  std::uint64_t others = 0;    // lines that are no JSON object, or longer than --max-line, and not blank
  std::vector<Field> fields;   // in the order in which they were first seen
  bool is_whole = true;        // all of the input was read
  bool has_all_fields = true;  // there are no more than a table has columns
};

// The formats of strptime and others that are tried: their names, as a mapping has them.
[[nodiscard]] const std::vector<std::string>& guessed_times();

}  // namespace chatload::mapping
