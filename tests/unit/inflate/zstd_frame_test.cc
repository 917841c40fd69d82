#include "inflate/zstd_frame.h"

#include <gtest/gtest.h>

#include <string>

#include "unit/inflate/zstd_text.h"

namespace chatload::inflate {
namespace {

TEST(ZstdFrameTest, TheHeaderTellsWindowTextSizeAndChecksum) {
  const std::string text = sample_lines(3000);
  const auto known = zstd_frame(zstd_frame_of(text));
  ASSERT_TRUE(known);
  EXPECT_EQ(known->text_bytes, text.size());
  EXPECT_TRUE(known->has_checksum);
  EXPECT_EQ(known->kept_bytes(), text.size());
  const auto unknown = zstd_frame(zstd_frame_of(text, {.has_checksum = false, .has_text_size = false}));
  ASSERT_TRUE(unknown);
  EXPECT_FALSE(unknown->text_bytes);
  EXPECT_FALSE(unknown->has_checksum);
  EXPECT_EQ(unknown->kept_bytes(), 2 * kMiB);
}

TEST(ZstdFrameTest, TextSizesOfEachWidthAreRead) {
  for (const std::size_t bytes : {0U, 1U, 255U, 256U, 257U, 65'791U, 65'792U, 1'000'000U}) {
    const auto frame = zstd_frame(zstd_frame_of(std::string(bytes, 'x')));
    ASSERT_TRUE(frame) << bytes;
    EXPECT_EQ(frame->text_bytes, bytes);
  }
}

// From RFC 8878 §3.1.1.1.2: 10 is the least exponent, and M eighths are added.
TEST(ZstdFrameTest, WindowsAreWhatTheDescriptorSays) {
  using namespace std::string_literals;
  const auto window_of = [](char descriptor) { return zstd_frame("\x28\xb5\x2f\xfd\0"s + descriptor)->window_bytes; };
  EXPECT_EQ(window_of('\0'), kKiB);
  EXPECT_EQ(window_of('\x01'), kKiB + kKiB / 8);
  EXPECT_EQ(window_of('\x58'), 2 * kMiB);
  EXPECT_EQ(window_of(static_cast<char>(21 << 3)), 2 * kGiB);
  EXPECT_EQ(window_of('\xff'), (std::uint64_t{1} << 41) / 8 * 15);
}

TEST(ZstdFrameTest, ADictionaryIsNamed) {
  using namespace std::string_literals;
  EXPECT_EQ(zstd_frame("\x28\xb5\x2f\xfd\x03\x58\x04\x03\x02\x01"s)->dictionary, 0x01020304U);
}

TEST(ZstdFrameTest, AHeaderThatIsCutIsNone) {
  for (const std::string& frame : {zstd_frame_of(std::string(100'000, 'x')), skippable_frame("x")}) {
    const std::size_t header_bytes = zstd_frame(frame)->header_bytes;
    for (std::size_t size = 0; size < header_bytes; ++size) {
      EXPECT_FALSE(zstd_frame(std::string_view(frame).substr(0, size))) << size;
      EXPECT_TRUE(may_begin_zstd(std::string_view(frame).substr(0, size))) << size;
    }
    EXPECT_EQ(zstd_frame(std::string_view(frame).substr(0, header_bytes))->header_bytes, header_bytes);
  }
}

TEST(ZstdFrameTest, OtherBytesAreNone) {
  for (const std::string& other : {std::string("x"), std::string(20, '\0'), compress("x"),
                                   std::string("\x28\xb5\x2f"
                                               "abcdefgh"),
                                   std::string("\x60\x2a\x4d\x18 and more")}) {
    EXPECT_FALSE(may_begin_zstd(other));
    EXPECT_FALSE(zstd_frame(other));
  }
}

}  // namespace
}  // namespace chatload::inflate
