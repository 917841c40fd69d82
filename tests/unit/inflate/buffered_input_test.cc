#include "inflate/buffered_input.h"

#include <gtest/gtest.h>

#include <string_view>

#include "base/errors.h"
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

TEST(BufferedInputTest, WhatWasPutBackComesAgainFromItsOffsetOn) {
  BufferedInput input = input_of("0123456789", {4});
  std::string taken(6, '\0');
  ASSERT_EQ(input.read(taken), 4U);
  ASSERT_EQ(input.read({taken.data() + 4, 2}), 2U);
  EXPECT_EQ(text(input.peek(1)), "6789");
  input.put_back(taken.substr(1));
  EXPECT_EQ(input.offset(), 1U);
  EXPECT_EQ(input.next(), '1');
  input.put_back("01");
  EXPECT_EQ(input.offset(), 0U);
  EXPECT_EQ(text(input.peek(100)), "0123456789");
}

TEST(BufferedInputTest, IsNotStoppedBeforeWhatWasPutBackHasCome) {
  auto source = std::make_unique<source::StringSource>("0123456789");
  source->stop_at(3);
  BufferedInput input(std::move(source));
  std::string taken(3, '\0');
  ASSERT_EQ(input.read(taken), 3U);
  EXPECT_FALSE(input.fill());
  EXPECT_TRUE(input.stopped());
  input.put_back(taken);
  EXPECT_FALSE(input.stopped());
  EXPECT_EQ(text(input.peek(4)), "012");
  EXPECT_TRUE(input.stopped());
}

TEST(BufferedInputTest, AFailureComesAgainBehindWhatWasPutBack) {
  class FailingSource : public source::StringSource {
   public:
    using StringSource::StringSource;
    [[nodiscard]] std::size_t read(std::span<char> out) override {
      if (++reads_ == 2) throw SourceError("the disk is gone");
      return StringSource::read(out);
    }

   private:
    int reads_ = 0;
  };
  BufferedInput input(std::make_unique<FailingSource>("0123", std::vector<std::size_t>{2}));
  EXPECT_EQ(input.next(), '0');
  EXPECT_EQ(input.next(), '1');
  EXPECT_THROW(static_cast<void>(input.next()), SourceError);
  input.put_back("1");
  EXPECT_EQ(input.next(), '1');
  EXPECT_THROW(static_cast<void>(input.next()), SourceError);
}

}  // namespace
}  // namespace chatload::inflate
