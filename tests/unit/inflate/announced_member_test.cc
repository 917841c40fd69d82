#include "inflate/announced_member.h"

#include <gtest/gtest.h>

#include <string>

#include "unit/inflate/gzip_text.h"

namespace chatload::inflate {
namespace {

constexpr std::size_t kTrailerBytes = 8;

std::string subfield(const std::string& name, const std::string& content) {
  return name + little_endian(static_cast<std::uint32_t>(content.size()), 2) + content;
}

// Behind the flags' bits for it; `fields` follow FEXTRA.
std::string header(const std::string& extra, std::uint8_t flags = 0x04, const std::string& fields = "") {
  std::string text("\x1f\x8b\x08", 3);
  text += static_cast<char>(flags);
  text += std::string("\0\0\0\0\0\xff", 6) + little_endian(static_cast<std::uint32_t>(extra.size()), 2);
  return text + extra + fields;
}

const std::string kOther = subfield("RA", "twelve bytes");
const std::string kFields("name\0and a comment\0\x12\x34", 21);

TEST(AnnouncedMember, OfBgzfIsOneMoreThanItsField) {
  const std::string text = header(subfield("BC", little_endian(0xffff, 2)));
  EXPECT_EQ(announced_member(text), (AnnouncedMember{.bytes = 65536, .header_bytes = 18}));
}

TEST(AnnouncedMember, OfPgzipIsItsField) {
  const std::string text = header(subfield("IG", little_endian(100'000'000)), 0x0c, std::string("log\0", 4));
  EXPECT_EQ(announced_member(text), (AnnouncedMember{.bytes = 100'000'000, .header_bytes = 24}));
}

TEST(AnnouncedMember, OfMigzIsItsFieldAndWhatSurroundsTheData) {
  const std::string extra = subfield("MZ", little_endian(0xffffffff));
  EXPECT_EQ(announced_member(header(extra)),
            (AnnouncedMember{.bytes = 20 + std::uint64_t{0xffffffff} + kTrailerBytes, .header_bytes = 20}));
  EXPECT_EQ(announced_member(header(extra, 0x1e, kFields)),
            (AnnouncedMember{
                .bytes = 41 + std::uint64_t{0xffffffff} + kTrailerBytes, .header_bytes = 41, .has_header_crc = true}));
}

TEST(AnnouncedMember, OtherSubfieldsMayStandInFront) {
  for (const std::string& other :
       {kOther, kOther + kOther, subfield("BC", "four"), subfield("MZ", "12"), subfield("XX", "")}) {
    const auto member = announced_member(header(other + subfield("BC", little_endian(99, 2)) + kOther));
    ASSERT_TRUE(member);
    EXPECT_EQ(member->bytes, 100U);
    EXPECT_EQ(member->header_bytes, 12 + other.size() + 6 + kOther.size());
  }
}

TEST(AnnouncedMember, OfACutHeaderIsNothing) {
  const std::string text = header(kOther + subfield("IG", little_endian(1000)), 0x1e, kFields);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(announced_member(std::string_view(text).substr(0, size))) << size;
  }
  const auto member = announced_member(text);
  ASSERT_TRUE(member);
  EXPECT_EQ(announced_member(text + std::string(5000, 'x')), member);
}

TEST(AnnouncedMember, OfAnythingElseIsNothing) {
  const std::string extra = subfield("IG", little_endian(1000));
  ASSERT_TRUE(announced_member(header(extra)));
  EXPECT_FALSE(announced_member(compress("a line\n")));
  EXPECT_FALSE(announced_member(header("")));
  EXPECT_FALSE(announced_member(header(kOther)));
  EXPECT_FALSE(announced_member(header(extra, 0x00)));
  EXPECT_FALSE(announced_member(header(extra, 0x24)));  // a reserved flag
  EXPECT_FALSE(announced_member(header(extra.substr(0, 3))));
  EXPECT_FALSE(announced_member(header(std::string("RA\xff\xff", 4) + extra)));  // longer than FEXTRA
  std::string other_method = header(extra);
  other_method[2] = 7;
  EXPECT_FALSE(announced_member(other_method));
}

TEST(AnnouncedMember, IsNoShorterThanTheLeastOfDataAndTrailerTake) {
  EXPECT_FALSE(announced_member(header(subfield("BC", little_endian(18 + 2 + kTrailerBytes - 2, 2)))));
  EXPECT_TRUE(announced_member(header(subfield("BC", little_endian(18 + 2 + kTrailerBytes - 1, 2)))));
  EXPECT_FALSE(announced_member(header(subfield("IG", little_endian(0)))));
  EXPECT_FALSE(announced_member(header(subfield("MZ", little_endian(1)))));
}

}  // namespace
}  // namespace chatload::inflate
