// What the fuzzers of compressed input share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "../unit/source/string_source.h"
#include "base/errors.h"
#include "inflate/buffered_input.h"
#include "inflate/decoded_stream.h"
#include "unit/inflate/gzip_text.h"

namespace chatload::inflate {

// A bomb's further bytes are left alone.
constexpr std::size_t kFuzzTextBytesMax = std::size_t{1} << 18;

inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

inline ReadResult read_up_to_max(DecodedStream& stream) {
  ReadResult result;
  std::string buffer(5'000, '\0');
  try {
    while (result.bytes.size() < kFuzzTextBytesMax) {
      const std::size_t size = stream.read(buffer);
      if (size == 0) return result;
      result.bytes.append(buffer, 0, size);
    }
    result.bytes.resize(kFuzzTextBytesMax);
    result.error = "a bomb";
  } catch (const CorruptInputError& error) {
    result.error = error.what();
  }
  return result;
}

// All of it at once.
inline BufferedInput input_of(const std::string& file) {
  return BufferedInput(std::make_unique<source::StringSource>(file, std::vector<std::size_t>{}, "input"));
}

// control: four bytes. The byte before each of the last three changes the byte at so many 256ths of the file; 0: none.
inline void change_bytes(std::string& file, const std::uint8_t* control) {
  for (std::size_t i = 1; i <= 3; ++i) {
    char& byte = file[file.size() * control[i] / 256];
    byte = static_cast<char>(byte ^ (control[i] == 0 ? 0 : control[i - 1]));
  }
}

}  // namespace chatload::inflate
