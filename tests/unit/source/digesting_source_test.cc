#include "source/digesting_source.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "unit/inflate/gzip_text.h"
#include "unit/source/string_source.h"

namespace chatload::source {
namespace {

std::string of(std::string_view bytes) {
  ContentDigest digest(DigestForm::kChunks);
  digest.update(bytes);
  return digest.hex();
}

TEST(DigestingSource, HasTheDigestOfWhatPassed) {
  DigestingSource source(std::make_unique<StringSource>("some text", std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(source.digest_hex(), of(""));
  std::array<char, 100> buffer{};
  EXPECT_EQ(source.read(buffer), 1U);
  EXPECT_EQ(source.digest_hex(), of("s"));
  while (source.read(buffer) > 0) {
  }
  EXPECT_EQ(source.digest_hex(), of("some text"));
}

TEST(DigestingSource, IsElseTheSourceThatItOwns) {
  auto owned = std::make_unique<StringSource>("some text", std::vector<std::size_t>{}, "log.json");
  owned->stop_at(4);
  DigestingSource source(std::move(owned));
  EXPECT_EQ(source.size_bytes(), 9U);
  EXPECT_EQ(source.name(), "log.json");
  std::array<char, 100> buffer{};
  EXPECT_EQ(source.read(buffer), 4U);
  EXPECT_EQ(std::string(buffer.data(), 4), "some");
  EXPECT_FALSE(source.stopped());
  EXPECT_EQ(source.read(buffer), 0U);
  EXPECT_TRUE(source.stopped());
}

// A reader that left the last bytes of its input unread would give two files one digest.
TEST(DigestingSource, EveryByteOfAnInputPassesWhenItIsDecodedToItsEnd) {
  using inflate::compress;
  const std::string lines = inflate::sample_lines(5000);
  const std::array inputs = {compress(lines), compress(lines) + compress("") + compress(lines), lines};
  for (const std::string& input : inputs) {
    for (const inflate::Inflater inflater : {inflate::Inflater::kIsal, inflate::Inflater::kZlib}) {
      for (const std::size_t read_size : {std::size_t{7}, std::size_t{1} << 20}) {
        auto owned = std::make_unique<DigestingSource>(
            std::make_unique<StringSource>(input, std::vector<std::size_t>{read_size}));
        const DigestingSource& source = *owned;
        const auto stream = inflate::open_decoded(std::move(owned), inflater);
        EXPECT_EQ(inflate::read_to_end(*stream).error, "");
        EXPECT_EQ(source.digest_hex(), of(input));
      }
    }
  }
}

}  // namespace
}  // namespace chatload::source
