#include "base/digest.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

namespace chatload {
namespace {

// The bytes of xxHash's own sanity check (cli/xsum_sanity_check.c), whose digests its authors publish there.
std::string sanity_bytes(std::size_t length) {
  std::uint64_t generator = 2654435761U;
  std::string bytes;
  for (std::size_t index = 0; index < length; ++index) {
    bytes += static_cast<char>(generator >> 56);
    generator *= 11400714785074694797U;
  }
  return bytes;
}

TEST(Digest, HasThePublishedValues) {
  EXPECT_EQ(digest_hex(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(digest_hex(sanity_bytes(1)), "a6cd5e9392000f6ac44bdff4074eecdb");
  EXPECT_EQ(digest_hex(sanity_bytes(6)), "082afe0b8162d12a3e7039bdda43cfc6");
  EXPECT_EQ(digest_hex(sanity_bytes(222)), "337e09641b948717f1aebd597cec6b3a");
  EXPECT_EQ(digest_hex(sanity_bytes(2367)), "e89c0f6ff369b427cb37aeb9e5d361ed");
}

TEST(Checksum, HasThePublishedValues) {
  constexpr std::uint64_t kSeed = 11400714785074694797U;
  EXPECT_EQ(checksum("", 0), 0x2d06800538d394c2U);
  EXPECT_EQ(checksum("", kSeed), 0xa8a6b918b2f0364aU);
  EXPECT_EQ(checksum(sanity_bytes(1), 0), 0xc44bdff4074eecdbU);
  EXPECT_EQ(checksum(sanity_bytes(6), 0), 0x27b56a84cd2d7325U);
}

TEST(Digest, OfPiecesIsThatOfTheWholeWhereverItIsCut) {
  const std::string bytes = sanity_bytes(2367);
  for (const std::size_t cut : {0U, 1U, 255U, 256U, 257U, 1024U, 2366U, 2367U}) {
    Digest digest;
    digest.update(std::string_view(bytes).substr(0, cut));
    digest.update(std::string_view(bytes).substr(cut));
    EXPECT_EQ(digest.hex(), digest_hex(bytes)) << cut;
  }
}

TEST(Digest, GoesOnAfterItWasAsked) {
  const std::string bytes = sanity_bytes(2000);
  Digest digest;
  EXPECT_EQ(digest.hex(), digest_hex(""));
  for (std::size_t begin = 0; begin < bytes.size(); begin += 500) {
    digest.update(std::string_view(bytes).substr(begin, 500));
    EXPECT_EQ(digest.hex(), digest_hex(std::string_view(bytes).substr(0, begin + 500)));
  }
}

TEST(Digest, MovesWithWhatItHasSeen) {
  Digest first;
  first.update("half of ");
  Digest second = std::move(first);
  second.update("it");
  EXPECT_EQ(second.hex(), digest_hex("half of it"));
}

TEST(Digest, ALeadingZeroStays) { EXPECT_EQ(digest_hex(sanity_bytes(24)), "0ce966e4678d37611e7044d28b1b901d"); }

}  // namespace
}  // namespace chatload
