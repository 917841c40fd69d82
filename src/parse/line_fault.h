// What is wrong with a line that is not JSON text, and at which byte: the detail of invalid_json and invalid_utf8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chatload::parse {

enum class LineFaultKind : std::uint8_t {
  kNone,
  kNotUtf8,
  kByteOrderMark,
  kNul,
  kControlCharacter,  // any other below U+0020 that is not white space between tokens
  kBadEscape,
  kLoneSurrogate,
  kBadNumber,
  kBadWord,  // where a value is expected: neither true, false nor null
  kNoValue,  // where a value is expected: punctuation
  kNoKey,    // where a key is expected: anything but a string
  kNoColon,
  kNoCommaInObject,
  kNoCommaInArray,
  kTooDeep,  // this container is number kDepthMax + 1
  kMoreAfterObject,
  kMoreAfterArray,
  kMoreAfterValue,
  kUnknownField,  // of a record that is good JSON: no column takes it
  kEndsInString,  // this and the next two: at the line's end
  kEndsInObject,
  kEndsInArray,
};

struct LineFault {
  LineFaultKind kind = LineFaultKind::kNone;
  std::uint32_t at_bytes = 0;  // how many bytes of the line are in front of it

  bool operator==(const LineFault&) const = default;
};

// The first byte that is no part of UTF-8. kNone if the line is UTF-8.
[[nodiscard]] LineFault find_utf8_fault(std::string_view line);

// The first fault by RFC 8259 and the row contract (kDepthMax, surrogates). kNone exactly if LineWalker takes the line.
// Slower than the walker, and as slow for any line: a few ns a byte, with a bit of memory a container. REQUIRES: the
// line is UTF-8, shorter than 4 GiB, and not blank.
[[nodiscard]] LineFault find_json_fault(std::string_view line);

// "more behind the object at column 118"; columns are bytes, from 1. Empty for kNone.
[[nodiscard]] std::string to_string(LineFault fault);

}  // namespace chatload::parse
