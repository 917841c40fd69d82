#include "inflate/buffered_input.h"

#include <gtest/gtest.h>

#include <string_view>

#include "unit/source/string_source.h"

namespace chatload::inflate {
namespace {

BufferedInput input_of(std::string bytes, std::vector<std::size_t> read_sizes) {
  return BufferedInput(std::make_unique<source::StringSource>(std::move(bytes), std::move(read_sizes)));
}

std::string_view text(std::span<const char> bytes) { return {bytes.data(), bytes.size()}; }

TEST(BufferedInputTest, StepsBackOverBytesOfEarlierReads) {
  BufferedInput input = input_of("0123456789abcdef", {1});
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(input.next());
  input.unread(8);
  EXPECT_EQ(input.offset(), 4U);
  EXPECT_EQ(text(input.available()), "456789ab");
  ASSERT_TRUE(input.fill());
  EXPECT_EQ(text(input.available()), "456789abc");
}

TEST(BufferedInputTest, PeekGathersSmallReadsAndConsumesNothing) {
  BufferedInput input = input_of("0123456789", {2, 1});
  EXPECT_EQ(text(input.peek(4)).substr(0, 4), "0123");
  EXPECT_EQ(input.offset(), 0U);
  EXPECT_EQ(text(input.peek(100)), "0123456789");
}

TEST(BufferedInputTest, NeverReadsPastTheEnd) {
  BufferedInput input = input_of("x", {});
  EXPECT_EQ(input.next(), 'x');
  EXPECT_FALSE(input.next());
  EXPECT_FALSE(input.next());
  EXPECT_FALSE(input.fill());
  char byte = 0;
  EXPECT_EQ(input.read({&byte, 1}), 0U);
  EXPECT_EQ(input.offset(), 1U);
}

}  // namespace
}  // namespace chatload::inflate
