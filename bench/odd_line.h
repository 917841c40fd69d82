// Lines that a loader must reject, and lines that it must not although they look as if.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "splitmix64.h"

namespace chatload::bench {

// The parts of a sound line, to be spoilt.
struct SoundLine {
  std::string_view id;
  std::uint32_t person;
  std::uint32_t site;
  std::int64_t timestamp_seconds;
};

// A line without its line end that is rejected: every reject reason that a file alone can show, in many forms.
void append_malformed(const SoundLine& line, SplitMix64& random, std::string& out);

// A line without its "\n" that is loaded: values at the limits, numbers of any length where they are ignored, a
// repeated key, white space, U+0000, another key order, "\r".
void append_odd(const SoundLine& line, SplitMix64& random, std::string& out);

// Nothing or white space.
void append_blank(SplitMix64& random, std::string& out);

}  // namespace chatload::bench
