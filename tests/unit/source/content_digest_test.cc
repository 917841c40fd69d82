#include "source/content_digest.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/digest.h"

namespace chatload::source {
namespace {

std::string text_of(std::size_t bytes) {
  std::string text(bytes, 'x');
  for (std::size_t i = 0; i < bytes; i += 1000) text[i] = static_cast<char>('a' + i / 1000 % 26);
  return text;
}

std::string digest_of(std::string_view text, DigestForm form, std::size_t piece_bytes) {
  ContentDigest digest(form);
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), piece_bytes)))
    digest.update(text.substr(0, piece_bytes));
  return digest.hex();
}

TEST(ContentDigest, IsOfTheDigestsOfItsChunks) {
  const std::string text = text_of(2 * kDigestChunkBytes + 17);
  const std::string_view view = text;
  const std::string digests = digest_hex(view.substr(0, kDigestChunkBytes)) +
                              digest_hex(view.substr(kDigestChunkBytes, kDigestChunkBytes)) +
                              digest_hex(view.substr(2 * kDigestChunkBytes));
  EXPECT_EQ(digest_of(text, DigestForm::kChunks, text.size()), "4M:" + digest_hex(digests));
}

TEST(ContentDigest, DoesNotDependOnThePieces) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, kDigestChunkBytes, kDigestChunkBytes + 1}) {
    const std::string text = text_of(bytes);
    const std::string whole = digest_of(text, DigestForm::kChunks, bytes + 1);
    for (const std::size_t piece : {std::size_t{100'003}, kDigestChunkBytes - 1, kDigestChunkBytes}) {
      EXPECT_EQ(digest_of(text, DigestForm::kChunks, piece), whole) << bytes << " in pieces of " << piece;
    }
  }
}

TEST(ContentDigest, IsTheSameWhereItsBeginningWasTakenLast) {
  const std::string text = text_of(3 * kDigestChunkBytes + 17);
  const std::string_view view = text;
  for (const std::size_t chunks : {0U, 1U, 3U}) {
    ContentDigest front(DigestForm::kChunks);
    front.update(view.substr(0, chunks * kDigestChunkBytes));
    ContentDigest digest(DigestForm::kChunks);
    digest.update(view.substr(chunks * kDigestChunkBytes));
    digest.put_in_front(front);
    EXPECT_EQ(digest.hex(), digest_of(text, DigestForm::kChunks, text.size())) << chunks;
  }
}

TEST(ContentDigest, OfTheWholeIsWhatOlderLedgersKeep) {
  EXPECT_EQ(digest_of("some text", DigestForm::kWhole, 4), digest_hex("some text"));
}

TEST(ContentDigest, TellsItsForm) {
  EXPECT_EQ(form_of(digest_of("a", DigestForm::kChunks, 1)), DigestForm::kChunks);
  EXPECT_EQ(form_of(digest_of("a", DigestForm::kWhole, 1)), DigestForm::kWhole);
}

TEST(ContentDigest, MoreBytesMayFollowAfterItWasAskedFor) {
  ContentDigest digest(DigestForm::kChunks);
  digest.update("some ");
  EXPECT_NE(digest.hex(), digest_of("some text", DigestForm::kChunks, 9));
  digest.update("text");
  EXPECT_EQ(digest.hex(), digest_of("some text", DigestForm::kChunks, 9));
}

}  // namespace
}  // namespace chatload::source
