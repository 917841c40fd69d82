// What a reader makes of an input, to be compared with what another one makes of it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/units.h"
#include "unit/inflate/gzip_text.h"

namespace chatload::inflate {

inline constexpr std::size_t kAheadBytesPerThread = 8 * kMiB;

struct Outcome {
  std::string bytes;
  std::string error;
  std::uint64_t compressed_bytes = 0;  // without an error
  bool stopped = false;
  bool lacks_checksum = false;  // without an error

  bool operator==(const Outcome&) const = default;
};

inline Outcome read_all(DecodedStream& stream, std::size_t read_size) {
  ReadResult result = read_to_end(stream, read_size);
  const bool is_whole = result.error.empty();
  return {std::move(result.bytes), std::move(result.error), is_whole ? stream.compressed_bytes() : 0, stream.stopped(),
          is_whole && stream.lacks_checksum()};
}

// Says where the two differ first, and not all their bytes.
inline testing::AssertionResult are_equal(const Outcome& found, const Outcome& expected) {
  if (found == expected) return testing::AssertionSuccess();
  const auto differ =
      std::mismatch(found.bytes.begin(), found.bytes.end(), expected.bytes.begin(), expected.bytes.end());
  return testing::AssertionFailure() << "equal for " << differ.first - found.bytes.begin() << " of "
                                     << found.bytes.size() << " bytes, expected are " << expected.bytes.size()
                                     << "; compressed " << found.compressed_bytes << ", " << expected.compressed_bytes
                                     << "; error \"" << found.error << "\", \"" << expected.error << '"';
}

}  // namespace chatload::inflate
