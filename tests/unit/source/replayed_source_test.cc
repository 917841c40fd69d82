#include "source/replayed_source.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "unit/source/string_source.h"

namespace chatload::source {
namespace {

std::string read(ByteSource& source, std::size_t reads_max) {
  std::string text;
  std::array<char, 4> buffer{};
  for (std::size_t i = 0; i < reads_max; ++i) {
    const std::size_t bytes = source.read(buffer);
    if (bytes == 0) return text + '$';
    text.append(buffer.data(), bytes);
  }
  return text;
}

Recording record(const std::string& input, std::size_t reads, std::string& seen) {
  Recording recording{.source = std::make_unique<StringSource>(input, std::vector<std::size_t>{3}), .bytes = {}};
  RecordingSource source(recording, 100);
  seen = read(source, reads);
  return recording;
}

TEST(ReplayedSource, HandsOutEveryByteAfterHoweverManyReads) {
  for (std::size_t reads = 0; reads < 6; ++reads) {
    std::string seen;
    ReplayedSource replayed(record("0123456789", reads, seen));
    EXPECT_EQ(seen, std::string("0123456789$").substr(0, reads < 4 ? 3 * reads : reads == 4 ? 10 : 11)) << reads;
    EXPECT_EQ(read(replayed, 100), "0123456789$") << reads;
  }
}

TEST(ReplayedSource, RecordingThatIsFullReadsNothingMore) {
  Recording recording{.source = std::make_unique<StringSource>("0123456789", std::vector<std::size_t>{3}), .bytes = {}};
  RecordingSource source(recording, 5);
  EXPECT_EQ(read(source, 2), "012345");
  EXPECT_THROW(static_cast<void>(read(source, 1)), SourceError);
  ReplayedSource replayed(std::move(recording));
  EXPECT_EQ(read(replayed, 100), "0123456789$");
}

}  // namespace
}  // namespace chatload::source
